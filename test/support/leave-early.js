/**
 * A program that leaves each of the library's runs before its end, in each way there is: `node leave-early.js HOST OPEN SILENT`.
 * Tells after each what is still open, as JSON Lines; then nothing may keep the process alive.
 */
import { readFileSync } from 'node:fs';
import { connect, listen, ping, resultOf, runPlan, scan, script, send, trace } from 'rawshake';

const [host, open, silent] = process.argv.slice(2);
const at = { host, port: Number(open) };
const PLAN = `tests:
  - name: is over at once
    connect: { host: ${host}, port: ${open}, close: reset }
  - name: waits \${n}
    matrix: { n: [1, 2, 3, 4, 5, 6] }
    connect: { host: ${host}, port: ${open}, close: passive, timeout: 60 }
`;

/** Each would take a minute or more. */
const RUNS = {
  connect: (options) => connect({ ...at, close: 'passive', timeoutMs: 60_000 }, options),
  send: (options) => send({ ...at, timeoutMs: 60_000 }, options),
  ping: (options) => ping({ ...at, intervalMs: 60_000 }, options),
  'ping of whole connections': (options) => ping({ ...at, intervalMs: 60_000, full: {} }, options),
  scan: (options) => scan({ targets: [host], ports: `${open},${silent}`, timeoutMs: 60_000, checkpointMs: 1 }, options),
  trace: (options) => trace({ host, port: Number(silent), maxTtl: 3, wait: { maxMs: 100, here: 3, near: 10 }, watchMs: 60_000 }, options),
  'trace inside': (options) => trace({ ...at, inside: true, watchMs: 60_000, wait: { maxMs: 300, here: 3, near: 10 } }, options),
  listen: (options) => listen({ ports: [7777] }, options),
  script: (options) => script({ ...at, text: '> S\n< S.\n> .\n< P.', deadlineMs: 60_000 }, options),
  runPlan: (options) => runPlan({ file: 'plan.yaml', text: PLAN }, { jobs: 2, ...options }),
};

/** How a run is left, and what it then has told last. */
const WAYS = {
  async 'the loop is left at the first event'(start) {
    for await (const { type } of start()) return type;
  },
  async 'the loop is left by an error'(start) {
    try {
      for await (const { type } of start()) if (type !== 'start') throw new Error('enough');
    } catch (error) {
      return error.message;
    }
  },
  async 'the signal comes'(start) {
    const controller = new AbortController();
    const events = start({ signal: controller.signal });
    await events.next();
    setTimeout(() => controller.abort(), 50);
    return (await resultOf(events)).ended;
  },
  async 'the signal has come before'(start) {
    return (await resultOf(start({ signal: AbortSignal.abort() }))).ended;
  },
};

const tell = (run, way, ended) =>
  console.log(
    JSON.stringify({
      run,
      way,
      ended,
      listening: readFileSync('/proc/net/tcp', 'utf8')
        .split('\n')
        .filter((line) => / 0A /.test(line)).length,
      raw: readFileSync('/proc/net/raw', 'utf8').trim().split('\n').length - 1,
    }),
  );

for (const [run, start] of Object.entries(RUNS)) for (const [way, leave] of Object.entries(WAYS)) tell(run, way, await leave(start));

function* failing(pieces) {
  for (let piece = 0; piece < pieces; piece++) yield Buffer.from('data');
  throw new Error('no more data');
}
for (const pieces of [0, 1]) {
  const failed = resultOf(connect({ ...at, data: failing(pieces) })).catch(({ message }) => message);
  tell('connect', `its data fail at piece ${pieces}`, await failed);
}
