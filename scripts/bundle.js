// The command as a few files, each loaded when it is needed: to find and read hundreds of small modules takes longer than
// all that they do. CommonJS, here and in bin, since node starts that without its loader of ES modules, a tenth faster.
import { build } from 'rolldown';
import { licences } from './licences.js';

await build({
  input: { main: 'dist/cli/main.js', 'peer-server': 'dist/cli/peer-server.js' },
  platform: 'node',
  // yargs would look for its own configuration there, which is not asked of it.
  checks: { emptyImportMeta: false },
  external: ['raw-socket', 'koffi'],
  output: {
    dir: 'dist/bundle',
    format: 'cjs',
    cleanDir: true,
    chunkFileNames: '[name].js',
    // Of yargs and of ora: apart from ora's other parts, of which one takes 15 ms to load.
    codeSplitting: { groups: [{ name: 'layout', test: /node_modules\/(strip-ansi|ansi-regex|get-east-asian-width)\// }] },
  },
  plugins: [
    {
      name: 'commonjs-scope',
      generateBundle() {
        this.emitFile({ type: 'asset', fileName: 'package.json', source: '{ "type": "commonjs" }\n' });
      },
    },
    licences('LICENSES.txt'),
  ],
});
