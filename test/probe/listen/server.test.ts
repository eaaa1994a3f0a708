import { expect, it } from 'vitest';
import type { Arrival } from '../../../src/net/network.ts';
import { createContext } from '../../../src/probe/context.ts';
import { Path } from '../../../src/probe/listen/path.ts';
import { LISTEN_DEFAULTS } from '../../../src/probe/listen/request.ts';
import { Server } from '../../../src/probe/listen/server.ts';
import { ACK, RST, SYN } from '../../../src/wire/flags.ts';
import { ipv4Header } from '../../../src/wire/ipv4.ts';
import { encodePacket } from '../../../src/wire/packet.ts';
import { type TcpSegment, tcpSegment } from '../../../src/wire/tcp.ts';
import { CLIENT, PORT, Scene, SERVER } from './scene.ts';

it('answers who calls in the moment that its count is reached as who calls after it, and tells nothing of them', () => {
  const { server: host, clock, packets } = new Scene();
  const request = { ...LISTEN_DEFAULTS, ports: [PORT], count: 1, iss: 1000, segments: true };
  const context = createContext(host, 1);
  const ports = host.openListener({ ports: [PORT], address: SERVER, dated: true });
  const server = new Server(request, context, ports, new Path(ports, request, clock, context.random), clock.nowUs());
  const from = (sourcePort: number, segment: Partial<TcpSegment>): Arrival => ({
    atUs: clock.nowUs(),
    stamped: false,
    wallSteps: 0,
    datagram: encodePacket({
      ip: ipv4Header({ source: CLIENT, destination: SERVER }),
      tcp: tcpSegment({ sourcePort, destinationPort: PORT, window: 1000, ...segment }),
    }),
  });
  server.take([from(5001, { flags: SYN, seq: 5 })]);
  server.take([from(5001, { flags: ACK, seq: 6, ack: 1001 }), from(5002, { flags: SYN, seq: 70 })]);

  expect(packets.find(({ tcp }) => tcp?.destinationPort === 5002)?.tcp).toMatchObject({ flags: RST | ACK, seq: 0, ack: 71 });
  expect(new Set([...server.events()].map((event) => 'conversation' in event && event.conversation))).toEqual(new Set([1]));
  expect(server.tally).toMatchObject({ connections: 1, halfOpen: 0, strays: 1 });
});
