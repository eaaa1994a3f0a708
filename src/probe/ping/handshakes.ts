/** Probes that are whole connections: handshake, data if any, close. */
import { NetError } from '../../net/errors.ts';
import { Inbox } from '../../net/inbox.ts';
import { type Departure, type FigureClock, usBetween } from '../../net/moment.ts';
import type { Clock } from '../../net/network.ts';
import { connect } from '../connect/connect.ts';
import { CONNECT_DEFAULTS, type ConnectRequest } from '../connect/request.ts';
import type { ProbeContext } from '../context.ts';
import type { ConnectEvent, ConnectResult, SegmentEvent, StartEvent } from '../events.ts';
import type { Timeline } from '../teller.ts';
import type { Finding, Probe, Prober } from './probe.ts';
import type { PingRequest } from './request.ts';
import type { Target } from './target.ts';

/** Each has a port, also while it is in TIME-WAIT. */
const MOST_CONNECTIONS = 2048;

export class HandshakeProber implements Prober {
  readonly keepsTime = true;
  readonly told: Prober['told'] = [];
  dropped = 0;
  readonly #request: PingRequest;
  readonly #context: ProbeContext;
  readonly #timeline: Timeline;
  readonly #begins: (probe: Probe) => void;
  readonly #findings: Inbox<Finding>;
  readonly #connections = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  /** @param begins called when the first segment of a probe has left, before anything is told of it */
  constructor(request: PingRequest, context: ProbeContext, timeline: Timeline, begins: (probe: Probe) => void) {
    this.#request = request;
    this.#context = context;
    this.#timeline = timeline;
    this.#begins = begins;
    this.#findings = new Inbox(context.network.clock);
  }

  get heard(): number {
    return this.#findings.length;
  }

  get hasRoom(): boolean {
    return this.#connections.size < MOST_CONNECTIONS;
  }

  send(target: Target, sequence: number): Probe {
    const atUs = this.#context.network.clock.nowUs();
    const probe: Probe = {
      target,
      sequence,
      source: { sourceAddress: '', sourcePort: 0, interfaceName: undefined, guard: 'socket' },
      silence: 'filtered',
      departure: departedAt(atUs),
      state: 'waiting',
      answeredAtUs: undefined,
      before: undefined,
      after: undefined,
    };
    const connection = this.#connect(probe);
    this.#connections.add(connection);
    void connection.then(() => this.#connections.delete(connection));
    return probe;
  }

  next(untilUs: number): Promise<Finding | undefined> {
    return this.#findings.next(untilUs);
  }

  /** Each connection tells of its own segments. */
  flush(): void {}

  wake(): void {
    this.#findings.wake();
  }

  /** What is not over yet is reset. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#connections);
  }

  async #connect(probe: Probe): Promise<void> {
    const { network } = this.#context;
    const watch = new ConnectionWatch(probe);
    const context = { ...this.#context, signal: this.#stop.signal };
    try {
      for await (const event of connect(this.#requestFor(probe), context)) {
        if (event.type === 'start') {
          probe.departure = departedAt(startOf(event, network.clock));
          probe.source = event;
          this.#timeline.begun ??= { atUs: probe.departure.atUs, clocks: event.clock };
          this.#begins(probe);
        }
        this.#tell(event, probe);
        if (event.type === 'result') this.dropped = Math.max(this.dropped, event.kernelDrops);
        const finding = watch.event(event, network.clock.nowUs());
        if (finding !== undefined) this.#findings.push(finding);
      }
    } catch (error) {
      if (error instanceof NetError) this.#findings.push({ type: 'unsent', probe, atUs: network.clock.nowUs(), error });
      else this.#findings.fail(error as Error);
    }
  }

  #requestFor({ target: { host, address, port } }: Probe): ConnectRequest {
    const { source, interfaceName, timeoutMs, full } = this.#request;
    return { ...CONNECT_DEFAULTS, ...full, host, address, port, source, interfaceName, timeoutMs };
  }

  #tell(event: ConnectEvent, { departure, sequence }: Probe): void {
    const beganUs = departure.atUs - (this.#timeline.begun?.atUs ?? departure.atUs);
    if (event.type === 'note' && event.code === 'clock-stepped') this.told.push({ ...event, atUs: beganUs + event.atUs });
    if (!this.#request.segments || (event.type !== 'segment' && event.type !== 'icmp')) return;
    this.told.push({ ...event, atUs: beganUs + event.atUs, variant: `probe ${sequence}` });
  }
}

/** When the first segment left, by our clock: the event tells it by the wall's alone, and comes a while later. */
function startOf({ startedAtNs }: StartEvent, clock: Clock): number {
  const nowUs = clock.nowUs();
  return nowUs - Number(clock.wallTimeNs(nowUs) - startedAtNs) / 1000;
}

const departedAt = (atUs: number): Departure => ({ atUs, handedOverAtUs: atUs, stamped: false, pending: false, wallSteps: 0 });

/** Reads off one connection what became of it. */
class ConnectionWatch {
  readonly #probe: Probe;
  /** What was heard last. */
  #heard: SegmentEvent | undefined;
  /** What our SYN was answered with. */
  #answer: SegmentEvent | undefined;
  #icmpFrom: string | undefined;
  #synSentAtUs = 0;
  #syns = 0;
  #clocks: StartEvent['clock'] = { transmit: 'user', receive: 'user' };
  #wasStepped = false;
  #isSettled = false;

  constructor(probe: Probe) {
    this.#probe = probe;
  }

  event(event: ConnectEvent, nowUs: number): Finding | undefined {
    if (event.type === 'start') this.#clocks = event.clock;
    if (event.type === 'note' && event.code === 'clock-stepped') this.#wasStepped = true;
    if (event.type === 'segment') this.#segment(event);
    if (event.type === 'icmp') this.#icmpFrom = event.from;
    // Whatever is odd about it, what has moved us on is the answer.
    if (event.type === 'state' && event.from === 'SYN-SENT') this.#answer = this.#heard;
    // What is left is to wait whether the peer's FIN comes again.
    if (event.type === 'state' && event.to === 'TIME-WAIT') return this.#open(true, event.atUs);
    return event.type === 'result' ? this.#result(event, nowUs) : undefined;
  }

  #segment(event: SegmentEvent): void {
    if (event.direction === 'received') this.#heard = event;
    else if (event.flags.includes('SYN')) {
      this.#syns++;
      this.#synSentAtUs = event.atUs;
    }
  }

  #clockOf({ clock }: SegmentEvent): FigureClock {
    if (this.#wasStepped) return 'stepped';
    return this.#clocks.transmit === 'kernel' && (clock ?? this.#clocks.receive) === 'kernel' ? 'kernel' : 'user';
  }

  #open(closed: boolean, atUs: number): Finding | undefined {
    return this.#settle({ verdict: 'open', reason: 'syn-ack' }, atUs, { closed, durationUs: atUs });
  }

  #result({ verdict, reason, close, ended, error, rttUs }: ConnectResult, nowUs: number): Finding | undefined {
    if (this.#isSettled || ended === 'interrupted') return undefined;
    const probe = this.#probe;
    const atUs = this.#answer?.atUs ?? rttUs ?? 0;
    if (verdict === 'open') return this.#open(close.completed, atUs + (close.durationUs ?? 0));
    if (error !== undefined) return { type: 'unsent', probe, atUs: nowUs, error };
    if (this.#answer !== undefined && verdict === 'closed') return this.#settle({ verdict, reason }, atUs, undefined);
    return { type: 'no-answer', probe, atUs: nowUs, outcome: { verdict, reason }, from: this.#icmpFrom };
  }

  #settle(
    outcome: Extract<Finding, { type: 'answer' }>['outcome'],
    atUs: number,
    connection: Extract<Finding, { type: 'answer' }>['connection'],
  ): Finding | undefined {
    const answer = this.#answer;
    if (this.#isSettled || answer === undefined) return undefined;
    this.#isSettled = true;
    return {
      type: 'answer',
      probe: this.#probe,
      atUs: this.#probe.departure.atUs + atUs,
      outcome,
      // Of more than one SYN there is no telling which it answers (Karn).
      round: this.#syns === 1 ? { us: usBetween(this.#synSentAtUs, answer.atUs), clock: this.#clockOf(answer) } : undefined,
      flags: answer.flags,
      ttl: answer.ttl,
      window: answer.window,
      connection,
    };
  }
}
