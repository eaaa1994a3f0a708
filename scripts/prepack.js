// Readies raw-socket and its nan in node_modules for the tarball, which carries both: the nan that raw-socket asks for no
// longer compiles, and only the root of an installation may say which one it gets instead.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

const modules = new URL('../node_modules/', import.meta.url);

const edits = {
  // Without what was compiled here, for this Node.js: of a carried package npm leaves out what is not in its list of files.
  // Where it can't be compiled, npm would take it away again: it is to stay, and be compiled later.
  'raw-socket': { files: ['index.js', 'binding.gyp', 'src'], scripts: { install: 'node-gyp rebuild || exit 0' } },
  nan: { files: ['*.h', 'include_dirs.js'] },
};

for (const [name, edit] of Object.entries(edits)) {
  const file = new URL(`${name}/package.json`, modules);
  writeFileSync(file, `${JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...edit }, null, 2)}\n`);
}

// What npm remembers of these files, and would believe more than them.
rmSync(new URL('.package-lock.json', modules), { force: true });
