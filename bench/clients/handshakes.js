// Makes connections one after the other, 64 at a time, closes each first, and tells how long that took.
// Usage: node handshakes.js rawshake|node ADDRESS PORT COUNT
import { connect as kernelConnect } from 'node:net';
import { CONNECT_DEFAULTS, connect, connectExitCode, createContext, openKernelNetwork, parseIpv4 } from '../../dist/index.js';

const AT_A_TIME = 64;
const WARM_UP = 1000;
/** Long enough for nginx's kernel to send a lost FIN again; the guards stay, beside the 64. */
const TIME_WAIT_MS = 1000;

const [who, host, port, count] = process.argv.slice(2);

const network = who === 'rawshake' ? openKernelNetwork() : undefined;
const context = createContext(network);
const request = { ...CONNECT_DEFAULTS, host, address: parseIpv4(host), port: Number(port), idleMs: 0, timeWaitMs: TIME_WAIT_MS };
const ending = [];
let failures = 0;
let resets = 0;
let retransmissions = 0;

/** Resolves once the close is over; the rest of TIME-WAIT goes on beside. */
function rawshakeOnce() {
  return new Promise((closed) => {
    const run = async () => {
      for await (const event of connect(request, context)) {
        if (event.type === 'state' && (event.to === 'TIME-WAIT' || event.to === 'CLOSED')) closed();
        if (event.type === 'segment' && event.flags.includes('RST')) resets++;
        if (event.type !== 'result') continue;
        if (connectExitCode(event) !== 0) failures++;
        retransmissions += event.retransmissions;
      }
    };
    ending.push(
      run().catch((error) => {
        failures++;
        process.stderr.write(`${error}\n`);
        closed();
      }),
    );
  });
}

function kernelOnce() {
  return new Promise((closed) => {
    const socket = kernelConnect(Number(port), host, () => socket.end());
    socket.resume();
    socket.on('error', () => failures++);
    socket.on('close', closed);
  });
}

const once = network ? rawshakeOnce : kernelOnce;

async function times(n) {
  let begun = 0;
  const worker = async () => {
    while (begun++ < n) await once();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

await times(WARM_UP);
await Promise.all(ending.splice(0));
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
await times(Number(count));
const seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
await Promise.all(ending);
network?.close();
process.stdout.write(
  `${JSON.stringify({ perSecond: count / seconds, cpuUs: (user + system) / count, failures, resets, retransmissions })}\n`,
);
