// SYNs from random sources that exist nowhere: `flood.js ADDRESS PORT COUNT`.
import rawSocket from 'raw-socket';
import { parseIpv4 } from '../../dist/wire/address.js';
import { SYN } from '../../dist/wire/flags.js';
import { ipv4Header } from '../../dist/wire/ipv4.js';
import { encodePacket } from '../../dist/wire/packet.js';
import { tcpSegment } from '../../dist/wire/tcp.js';

const IPPROTO_RAW = 255;
/** Between two looks at the event loop. */
const BURST = 200;
const [address, port, count] = process.argv.slice(2);
const socket = rawSocket.createSocket({ protocol: IPPROTO_RAW });
socket.pauseRecv();
const destination = parseIpv4(address);
const random = (below) => Math.floor(Math.random() * below);
let sent = 0;

function burst() {
  for (let i = 0; i < BURST && sent < Number(count); i++) {
    // 198.18.0.0/15 is for benchmarks (RFC 2544).
    const ip = ipv4Header({ source: parseIpv4('198.18.0.0') + random(2 ** 17), destination, id: 1 + random(0xffff) });
    const options = random(2) === 0 ? [] : [{ kind: 2, name: 'mss', mss: 1460 }];
    const tcp = tcpSegment({
      sourcePort: 1 + random(0xffff),
      destinationPort: Number(port),
      flags: SYN,
      seq: random(2 ** 32),
      window: 1024,
      options,
    });
    const datagram = Buffer.from(encodePacket({ ip, tcp }));
    try {
      socket.wrap.send(datagram, 0, datagram.length, address, () => undefined);
      sent++;
    } catch {
      break;
    }
  }
  if (sent < Number(count)) setImmediate(burst);
  else {
    process.stdout.write(`sent ${sent}\n`);
    socket.close();
  }
}
burst();
