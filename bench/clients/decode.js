// Reads datagrams, a line of hex each on stdin, again and again, and tells how many that is in a second of one core.
// Usage: node decode.js < FILE
import { readFileSync } from 'node:fs';
import { readingLine } from '../../dist/report/json.js';
import { checksumsOf, readingOf } from '../../dist/report/reading.js';
import { fromHex } from '../../dist/wire/hex.js';
import { decodePacketLax } from '../../dist/wire/packet.js';

const ROUNDS = 7;
const ROUND_MS = 300;

const lines = readFileSync(0, 'latin1').split('\n');
let length = 0;

const cases = {
  'decode of mixed packets: hex to fields, checksums judged': (line) => {
    const bytes = fromHex(line);
    const packet = decodePacketLax(bytes);
    const { body } = checksumsOf(packet, bytes);
    length += (packet.tcp?.options?.length ?? 0) + (body === 'correct' ? 1 : 0);
  },
  'the same, and each as a line of JSON': (line) => {
    const bytes = fromHex(line);
    length += readingLine(readingOf(decodePacketLax(bytes), bytes)).length;
  },
};

/** Datagrams in a second of processor time: the median of some rounds, after one to warm up. */
function rate(once) {
  const rates = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = process.cpuUsage();
    let count = 0;
    let cpuUs = 0;
    while (cpuUs < ROUND_MS * 1000) {
      for (const line of lines) once(line);
      count += lines.length;
      const { user, system } = process.cpuUsage(start);
      cpuUs = user + system;
    }
    if (round > 0) rates.push((count * 1e6) / cpuUs);
  }
  return Math.round(rates.sort((a, b) => a - b)[ROUNDS >> 1]);
}

const rows = Object.entries(cases).map(([name, once]) => ({ name, perSecond: rate(once) }));
if (length === 0) throw new Error('nothing was read');
process.stdout.write(`${JSON.stringify(rows)}\n`);
