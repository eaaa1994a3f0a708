#!/usr/bin/env node
// Without module.enableCompileCache: root would run what anybody may have put into /tmp, where that cache is.
require('../dist/bundle/main.js')
  .main(process.argv.slice(2))
  .then((exitCode) => {
    process.exitCode = exitCode;
  });
