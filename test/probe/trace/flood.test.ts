/** Arrivals that are about no probe, faster than they can be read and for ever: a trace ends at its time all the same. */
import { expect, it } from 'vitest';
import { MemoryWire, VirtualClock } from '../../../src/net/memory.ts';
import type { Network } from '../../../src/net/network.ts';
import { createContext } from '../../../src/probe/context.ts';
import type { TraceEvent } from '../../../src/probe/events.ts';
import { TRACE_DEFAULTS } from '../../../src/probe/trace/request.ts';
import { trace } from '../../../src/probe/trace/trace.ts';
import { ACK } from '../../../src/wire/flags.ts';
import { ICMP_TIME_EXCEEDED } from '../../../src/wire/icmp.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../../src/wire/ipv4.ts';
import { encodePacket } from '../../../src/wire/packet.ts';
import { tcpSegment } from '../../../src/wire/tcp.ts';

const US = 0x0a000001;
const PEER = 0x0a000002;
const ELSEWHERE = 0x0a000003;

/** Quotes another program's segment. */
const foreign = encodePacket({
  ip: ipv4Header({ source: PEER, destination: US, protocol: PROTOCOL_ICMP }),
  icmp: {
    type: ICMP_TIME_EXCEEDED,
    code: 0,
    rest: 0,
    body: encodePacket({
      ip: ipv4Header({ source: US, destination: ELSEWHERE }),
      tcp: tcpSegment({ sourcePort: 9, destinationPort: 9, flags: ACK }),
    }),
  },
});

const DEADLINE_MS = 1000;
const READING_US = 20;
/** Twice as many as can be read until the deadline. */
const MOST_READS = (2 * DEADLINE_MS * 1000) / READING_US;

it('ends at its deadline', async () => {
  const { network, clock } = flooded();
  const events: TraceEvent[] = [];
  const request = { ...TRACE_DEFAULTS, host: 'peer', address: PEER, port: 80, deadlineMs: DEADLINE_MS };
  for await (const event of trace(request, createContext(network, 1))) events.push(event);
  expect(events.at(-1)).toMatchObject({ type: 'result', ended: 'deadline' });
  expect(clock.nowUs()).toBeLessThan(1.1 * DEADLINE_MS * 1000);
});

/** A network whose port always has one more to read, which takes its time. */
function flooded(): { network: Network; clock: VirtualClock } {
  const clock = new VirtualClock();
  const host = new MemoryWire(clock).host(US);
  let reads = 0;
  const pass = () => {
    if (++reads > MOST_READS) throw new Error('it goes on and on');
    let isPassed = false;
    clock.setTimer(clock.nowUs() + READING_US, () => {
      isPassed = true;
    });
    while (!isPassed) clock.step();
  };
  const network: Network = {
    ...host,
    clock,
    clockSources: host.clockSources,
    openPort(request) {
      const port = host.openPort(request);
      return {
        ...port,
        queued: 1,
        next: async () => {
          pass();
          return { atUs: clock.nowUs(), stamped: false, wallSteps: 0, datagram: foreign };
        },
      };
    },
  };
  return { network, clock };
}
