// Encodes segments and decodes them again, and tells how many that is in a second of one core.
// Usage: node wire.js
import { ACK, SYN } from '../../dist/wire/flags.js';
import { ipv4Header } from '../../dist/wire/ipv4.js';
import { decodePacket, encodePacket, verifyTcpChecksum } from '../../dist/wire/packet.js';
import { tcpSegment } from '../../dist/wire/tcp.js';

const ROUNDS = 7;
const ROUND_MS = 100;

const ip = ipv4Header({ source: 0x7f000001, destination: 0x7f000002 });
const segment = (fields) => tcpSegment({ sourcePort: 40000, destinationPort: 80, ...fields });
const linuxOptions = [
  { kind: 2, name: 'mss', mss: 1460 },
  { kind: 4, name: 'sack-permitted' },
  { kind: 8, name: 'timestamps', value: 1, echoReply: 0 },
  { kind: 1, name: 'nop' },
  { kind: 3, name: 'window-scale', shift: 7 },
];
const cases = [
  { name: 'encode and decode, 40 bytes', tcp: segment({ flags: ACK }), goal: 500_000 },
  { name: 'encode and decode, SYN of 60 bytes', tcp: segment({ flags: SYN, options: linuxOptions }) },
  { name: 'encode, decode and verify, 1,500 bytes', tcp: segment({ flags: ACK, payload: new Uint8Array(1460).fill(0x41) }), verify: true },
];

/** Once there and back. Every segment is another one, so that nothing can be computed once for all. */
function roundTrip(tcp, seq, verify) {
  const bytes = encodePacket({ ip, tcp: { ...tcp, seq } });
  const back = decodePacket(bytes);
  if (back.tcp.seq !== seq || (verify && verifyTcpChecksum(back.ip, bytes) !== 'correct')) throw new Error('decoded something else');
}

/** Round trips in a second of processor time: the median of some rounds, after one to warm up. */
function rate({ tcp, verify = false }) {
  const rates = [];
  let seq = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const start = process.cpuUsage();
    let count = 0;
    let cpuUs = 0;
    while (cpuUs < ROUND_MS * 1000) {
      for (let i = 0; i < 1000; i++) roundTrip(tcp, seq++, verify);
      count += 1000;
      const { user, system } = process.cpuUsage(start);
      cpuUs = user + system;
    }
    if (round > 0) rates.push((count * 1e6) / cpuUs);
  }
  return Math.round(rates.sort((a, b) => a - b)[ROUNDS >> 1]);
}

const rows = cases.map((one) => ({ name: one.name, perSecond: rate(one), ...(one.goal && { goal: one.goal }) }));
process.stdout.write(`${JSON.stringify(rows)}\n`);
