/**
 * A path that is not there, traced before the real one: what runs for the first time runs slowly, and between two probes that
 * would be taken for the network's doing.
 */
import type { Departure } from '../../net/moment.ts';
import { seededRandom } from '../../net/random.ts';
import { ACK, SYN } from '../../wire/flags.ts';
import { ICMP_TIME_EXCEEDED } from '../../wire/icmp.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../wire/ipv4.ts';
import { encodePacket } from '../../wire/packet.ts';
import { seqAdd } from '../../wire/seq.ts';
import { tcpSegment } from '../../wire/tcp.ts';
import { hear } from '../arrival.ts';
import { Teller } from '../teller.ts';
import type { Finding, Probe, Prober } from './prober.ts';
import type { TraceContext, TraceRequest } from './request.ts';
import { TraceRun } from './run.ts';

/** Addresses for documentation (RFC 5737). */
const SOURCE = 0xc0000201;
const DESTINATION = 0xc0000202;
const ROUTER = 0xc0000203;
const PORT = 80;
const DISTANCE = 4;

/** Answers each probe at once, in memory. */
class Rehearsal implements Prober {
  readonly source: Prober['source'] = { sourceAddress: '192.0.2.1', sourcePort: PORT, interfaceName: undefined, guard: 'none' };
  readonly silence: Prober['silence'] = { verdict: 'filtered', reason: 'no-response' };
  readonly mtu = 1500;
  readonly dropped = 0;
  readonly #findings: Finding[] = [];
  readonly #atUs: number;
  #seq = 0;

  constructor(atUs: number) {
    this.#atUs = atUs;
  }

  get queued(): number {
    return this.#findings.length;
  }

  send(ttl: number): Probe {
    const atUs = this.#atUs;
    const seq = this.#seq++;
    const departure: Departure = { atUs, handedOverAtUs: atUs, stamped: true, pending: false, wallSteps: 0 };
    const tcp = tcpSegment({ sourcePort: PORT, destinationPort: PORT, seq, flags: SYN });
    const datagram = encodePacket({ ip: ipv4Header({ source: SOURCE, destination: DESTINATION, ttl: 1 }), tcp });
    const probe: Probe = { ttl, seq, datagram, departure };
    this.#findings.push(ttl < DISTANCE ? routerAnswers(probe) : destinationAnswers(probe));
    return probe;
  }

  async next(): Promise<Finding | undefined> {
    return this.#findings.shift();
  }

  giveUp(): void {}

  wake(): void {}

  async close(): Promise<void> {}
}

const ROUND = { us: 1, clock: 'kernel' } as const;

function routerAnswers(probe: Probe): Finding {
  const icmp = { type: ICMP_TIME_EXCEEDED, code: 0, rest: 0, body: probe.datagram };
  const ip = ipv4Header({ source: ROUTER + probe.ttl, destination: SOURCE, protocol: PROTOCOL_ICMP });
  const datagram = encodePacket({ ip, icmp });
  const heard = hear(datagram);
  if (heard.type !== 'icmp') throw new Error('an ICMP error that can not be read');
  return { type: 'icmp', probe, atUs: probe.departure.atUs, from: ip.source, round: ROUND, error: heard.error, ip, datagram };
}

function destinationAnswers(probe: Probe): Finding {
  const ip = ipv4Header({ source: DESTINATION, destination: SOURCE });
  const answer = tcpSegment({ sourcePort: PORT, destinationPort: PORT, flags: SYN | ACK, ack: seqAdd(probe.seq, 1) });
  const datagram = encodePacket({ ip, tcp: answer });
  const heard = hear(datagram);
  if (heard.type !== 'segment') throw new Error('a segment that can not be read');
  const outcome = { verdict: 'open', reason: 'syn-ack' } as const;
  return { type: 'answer', probe, atUs: probe.departure.atUs, outcome, round: ROUND, ip, tcp: heard.tcp, datagram };
}

/** Takes some milliseconds, and touches nothing. */
export async function rehearse(request: TraceRequest, context: TraceContext): Promise<void> {
  const atUs = context.network.clock.nowUs();
  const timeline = { begun: { atUs, clocks: context.network.clockSources } };
  const short = { ...request, firstTtl: 1, maxTtl: DISTANCE, watchMs: undefined, deadlineMs: Number.POSITIVE_INFINITY, rate: 1e6 };
  const apart = { ...context, random: seededRandom(0), reverse: undefined, signal: undefined };
  const run = new TraceRun(short, apart, timeline, new Teller(false, timeline), new Rehearsal(atUs));
  for await (const _event of run.events());
}
