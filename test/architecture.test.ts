/** The borders between the rooms, held by the linter: each wrong import below must fail, each right one pass. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const IMPORTS = 'lint/style/noRestrictedImports';
const GLOBALS = 'lint/style/noRestrictedGlobals';

const uses = (source: string) => `import { a } from '${source}';\na();\n`;

/** Where, what, and the rules it breaks. */
const CASES: [path: string, source: string, broken: string[]][] = [
  ['src/wire/own.ts', uses('./seq.ts'), []],
  ['src/wire/net.ts', uses('../net/network.ts'), [IMPORTS]],
  ['src/wire/hidden.ts', uses('./../net/network.ts'), [IMPORTS]],
  ['src/wire/node.ts', uses('node:fs'), [IMPORTS]],
  ['src/wire/package.ts', uses('koffi'), [IMPORTS]],
  ['src/tcp/wire.ts', uses('../wire/seq.ts'), []],
  ['src/tcp/net.ts', uses('../net/network.ts'), [IMPORTS]],
  ['src/tcp/type.ts', `import type { A } from '../net/network.ts';\nexport type B = A;\n`, [IMPORTS]],
  ['src/tcp/node.ts', uses('node:crypto'), [IMPORTS]],
  ['src/net/wire.ts', uses('../wire/seq.ts'), []],
  ['src/net/raw.ts', uses('raw-socket'), []],
  ['src/net/koffi.ts', uses('koffi'), []],
  ['src/net/node.ts', uses('node:fs/promises'), []],
  ['src/net/tcp.ts', uses('../tcp/state.ts'), [IMPORTS]],
  ['src/net/probe.ts', uses('../probe/events.ts'), [IMPORTS]],
  ['src/net/yargs.ts', uses('yargs'), [IMPORTS]],
  ['src/net/process.ts', `import { pid } from 'node:process';\nexport const own = pid;\n`, [IMPORTS]],
  ['src/net/global.ts', 'export const own = process.pid;\n', [GLOBALS]],
  ['src/net/console.ts', `console.error('printed');\n`, [GLOBALS]],
  ['src/probe/ping/connect.ts', uses('../connect/connect.ts'), []],
  ['src/probe/ping/net.ts', uses('../../net/network.ts'), []],
  ['src/probe/ping/send.ts', uses('../send/send.ts'), [IMPORTS]],
  ['src/probe/ping/cli.ts', uses('../../cli/main.ts'), [IMPORTS]],
  ['src/probe/net.ts', uses('../net/network.ts'), []],
  ['src/probe/tcp.ts', uses('../tcp/endpoint.ts'), []],
  ['src/probe/report.ts', uses('../report/ladder.ts'), [IMPORTS]],
  ['src/probe/cli.ts', uses('../cli/main.ts'), [IMPORTS]],
  ['src/probe/koffi.ts', uses('koffi'), [IMPORTS]],
  ['src/probe/dynamic.ts', `export const a = await import('koffi');\n`, [IMPORTS]],
  ['src/probe/again.ts', `export { a } from '../cli/main.ts';\n`, [IMPORTS]],
  ['src/options/probe.ts', uses('../probe/send/request.ts'), []],
  ['src/options/report.ts', uses('../report/ladder.ts'), [IMPORTS]],
  ['src/options/cli.ts', uses('../cli/io.ts'), [IMPORTS]],
  ['src/plan/options.ts', uses('../options/args.ts'), []],
  ['src/plan/yaml.ts', uses('yaml'), []],
  ['src/plan/cli.ts', uses('../cli/io.ts'), [IMPORTS]],
  ['src/plan/probe.ts', uses('../probe/events.ts'), []],
  ['src/plan/report.ts', uses('../report/ladder.ts'), [IMPORTS]],
  ['src/plan/expect/options.ts', uses('../../options/values.ts'), []],
  ['src/plan/expect/report.ts', uses('../../report/ladder.ts'), [IMPORTS]],
  ['src/report/wire.ts', uses('../wire/seq.ts'), []],
  ['src/report/util.ts', uses('node:util'), []],
  ['src/report/type.ts', `import type { A } from '../probe/events.ts';\nexport type B = A;\n`, []],
  ['src/report/value.ts', uses('../probe/events.ts'), ['plugin']],
  ['src/report/engine.ts', uses('../probe/connect.ts'), [IMPORTS]],
  ['src/report/file.ts', uses('node:fs'), [IMPORTS]],
  ['src/cli/all.ts', uses('../net/network.ts'), []],
  ['src/cli/yargs.ts', uses('yargs-parser'), []],
  ['src/cli/process.ts', 'export const arguments_ = process.argv;\n', []],
  ['src/cli/koffi.ts', uses('koffi'), [IMPORTS]],
  ['src/index.ts', `export { a } from './probe/connect.ts';\n`, []],
  ['src/face.ts', `export { a } from './cli/main.ts';\n`, [IMPORTS]],
  ['src/wire/default.ts', 'export default 1;\n', ['lint/style/noDefaultExport']],
  ['src/wire/enum.ts', 'export enum E {\n  A,\n}\n', ['lint/style/noEnum']],
  ['src/wire/unused.ts', `import { a } from './seq.ts';\n`, ['lint/correctness/noUnusedImports']],
  ['src/tcp/one.ts', `import { two } from './two.ts';\nexport const one: number = two;\n`, ['lint/suspicious/noImportCycles']],
  ['src/tcp/two.ts', `import { one } from './one.ts';\nexport const two: number = one;\n`, ['lint/suspicious/noImportCycles']],
  [
    'src/cli/floating.ts',
    'async function work(): Promise<void> {}\nexport function start(): void {\n  work();\n}\n',
    ['lint/nursery/noFloatingPromises'],
  ],
];

interface Report {
  diagnostics: { category: string; location: { path: string | { file: string } } }[];
}

describe('the linter holds the borders of the rooms', () => {
  const root = mkdtempSync(join(tmpdir(), 'rawshake-rooms-'));
  const broken = new Map<string, Set<string>>();

  beforeAll(() => {
    for (const file of ['biome.json', '.gitignore', 'scripts/report-types.grit', 'package.json']) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      copyFileSync(file, join(root, file));
    }
    for (const [path, source] of CASES) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), source);
    }
    let output: string;
    try {
      output = execFileSync(join(process.cwd(), 'node_modules/.bin/biome'), ['lint', '--reporter=json', '--max-diagnostics=none'], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    } catch (error) {
      output = (error as { stdout: string }).stdout;
    }
    for (const { category, location } of (JSON.parse(output) as Report).diagnostics) {
      const path = typeof location.path === 'string' ? location.path : location.path.file;
      const rules = broken.get(path) ?? new Set();
      broken.set(path, rules.add(category));
    }
  });

  afterAll(() => rmSync(root, { recursive: true }));

  it.each(CASES)('%s', (path, _source, rules) => {
    expect([...(broken.get(path) ?? [])].sort()).toEqual(rules);
  });
});
