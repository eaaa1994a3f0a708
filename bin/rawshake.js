#!/usr/bin/env node
require('node:module').enableCompileCache?.();
require('../dist/bundle/main.js')
  .main(process.argv.slice(2))
  .then((exitCode) => {
    process.exitCode = exitCode;
  });
