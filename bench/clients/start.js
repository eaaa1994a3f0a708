// Starts node and the command again and again, one after the other, and tells the middle of the times of each.
// Usage: node start.js PORT, in a namespace in which something listens on that port of loopback
import { spawnSync } from 'node:child_process';

const ROUNDS = 15;
/** Tells the peak memory in KiB when the process ends. */
const PEAK = `data:text/javascript,process.on('exit',()=>process.stderr.write('peak '+process.resourceUsage().maxRSS))`;

const bin = 'bin/rawshake.js';
const connect = [bin, 'connect', '127.0.0.1', process.argv[2], '--idle', '0', '--time-wait', '0'];
const cases = {
  node: ['-e', '0'],
  version: [bin, '--version'],
  help: [bin, '--help'],
  connect,
  nodePeak: ['--import', PEAK, '-e', '0'],
  connectPeak: ['--import', PEAK, ...connect],
};

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const outcomes = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, argv] of Object.entries(cases)) {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    const elapsedMs = performance.now() - startedAt;
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${status}: ${stderr}`);
    // The first round fills the caches.
    if (round > 0) outcomes[name].push(name.endsWith('Peak') ? Number(/peak (\d+)/.exec(stderr)[1]) : elapsedMs);
  }
}
process.stdout.write(`${JSON.stringify(Object.fromEntries(Object.entries(outcomes).map(([name, values]) => [name, median(values)])))}\n`);
