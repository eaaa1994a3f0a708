/** The flows of a trace side by side, each a run of its own with a source port of its own: told as one. */
import type { NetError } from '../../net/errors.ts';
import { formatIpv4 } from '../../wire/address.ts';
import type { Outcome, RoundEvent, TraceEvent, TraceResult } from '../events.ts';
import type { Teller, Timeline } from '../teller.ts';
import { saysMore } from '../verdict.ts';
import { type FlowPath, multipath } from './multipath.ts';
import { Names } from './names.ts';
import type { Prober } from './prober.ts';
import type { TraceContext, TraceRequest } from './request.ts';
import { TraceRun } from './run.ts';

/** A run, and what it says of the port. */
export interface Flow {
  readonly run: TraceRun;
  readonly prober: Prober;
  readonly outcome: Outcome;
}

type Step = { flow: number; next: IteratorResult<TraceEvent, void> };

export class Flows {
  readonly flows: readonly Flow[];
  readonly #request: TraceRequest;
  /** Ends the runs where nobody wants their events any more. */
  readonly #stop = new AbortController();
  /** How many flows have told of the end of a round. */
  readonly #roundEnds = new Map<number, number>();

  /** @param probers one a flow */
  constructor(request: TraceRequest, context: TraceContext, timeline: Timeline, teller: Teller, probers: readonly Prober[]) {
    this.#request = request;
    const signals = context.signal === undefined ? [this.#stop.signal] : [this.#stop.signal, context.signal];
    const each = { ...context, signal: AbortSignal.any(signals) };
    // Several flows meet the same routers.
    const names = new Names(context.reverse);
    // What is sent a second is sent by all of them together.
    const share = { ...request, rate: request.rate / probers.length };
    this.flows = probers.map((prober) => {
      const run = new TraceRun(share, each, timeline, teller, prober, names);
      return {
        run,
        prober,
        get outcome() {
          return outcomeOf(run, prober);
        },
      };
    });
  }

  /** The one that says most of the port. */
  get best(): Flow {
    return this.flows.reduce((best, flow) => (saysMore(best.outcome, flow.outcome) === best.outcome ? best : flow));
  }

  get error(): NetError | undefined {
    return this.flows.find(({ run }) => run.error !== undefined)?.run.error;
  }

  /** What all of them have sent, heard and ignored. */
  get counts(): Pick<TraceResult, 'sent' | 'received' | 'rounds' | 'ignored' | 'kernelDrops'> {
    const runs = this.flows.map(({ run }) => run);
    const ignored: TraceResult['ignored'] = {};
    for (const run of runs) {
      for (const what of Object.keys(run.ignored) as (keyof typeof run.ignored)[])
        ignored[what] = (ignored[what] ?? 0) + (run.ignored[what] ?? 0);
    }
    return {
      sent: runs.reduce((sum, { sent }) => sum + sent, 0),
      received: runs.reduce((sum, { received }) => sum + received, 0),
      rounds: Math.max(...runs.map(({ rounds }) => rounds)),
      ignored,
      kernelDrops: Math.max(...this.flows.map(({ prober }) => prober.dropped)),
    };
  }

  /** When the last of them had learnt all that there was. */
  get settledAtUs(): number {
    return Math.max(...this.flows.map(({ run }) => run.settledAtUs));
  }

  get isDone(): boolean {
    return this.flows.every(({ run }) => run.isDone);
  }

  /** Undefined for one flow: there is nothing to put together. */
  get multipath(): TraceResult['multipath'] {
    return this.flows.length > 1 ? multipath(this.flows.map(pathOf), this.#request.firstTtl) : undefined;
  }

  /** What happens in all of them, until the last one is over. */
  async *events(): AsyncGenerator<TraceEvent, void> {
    const [first] = this.flows;
    const stories = this.flows.map(({ run }) => run.events());
    const steps = new Map<number, Promise<Step>>();
    const advance = (flow: number): void => {
      const story = stories[flow] as AsyncGenerator<TraceEvent, void>;
      steps.set(
        flow,
        story.next().then((next) => ({ flow, next })),
      );
    };
    advance(0);
    // All times begin with its first probe.
    await Promise.race([first?.run.begun, steps.get(0)]);
    for (let flow = 1; flow < stories.length; flow++) advance(flow);
    /** Of the other flows, until the first one has told the start; inside a connection that was told before. */
    let early: TraceEvent[] | undefined = this.#request.inside ? undefined : [];
    try {
      while (steps.size > 0) {
        const { flow, next } = await Promise.race(steps.values());
        steps.delete(flow);
        if (next.done === true) continue;
        const told = [...this.#told(flow, next.value)];
        if (next.value.type === 'start') {
          yield* [...told, ...(early ?? [])];
          early = undefined;
        } else if (early === undefined) yield* told;
        else early.push(...told);
        advance(flow);
      }
      yield* early ?? [];
    } finally {
      this.#stop.abort();
      this.wake();
      await Promise.allSettled(steps.values());
    }
  }

  wake(): void {
    for (const { run } of this.flows) run.wake();
  }

  *#told(flow: number, event: TraceEvent): Generator<TraceEvent, void> {
    if (this.flows.length === 1) yield event;
    else if (event.type === 'hop') yield { ...event, flow };
    else if (event.type !== 'round' || this.#isLastOf(event)) yield event;
  }

  /** A round is over when it is for every flow. */
  #isLastOf({ round }: RoundEvent): boolean {
    const ends = (this.#roundEnds.get(round) ?? 0) + 1;
    this.#roundEnds.set(round, ends);
    if (ends === this.flows.length) this.#roundEnds.delete(round);
    return ends === this.flows.length;
  }
}

/** What a flow has seen, up to the last that answered. */
function pathOf({ run: { path, names }, prober, outcome }: Flow): FlowPath {
  const hops = path.known.filter(({ ttl }) => ttl <= path.lastAnswered);
  return {
    sourcePort: prober.source.sourcePort,
    hops: hops.map(({ address }) => {
      const shown = address === undefined ? undefined : formatIpv4(address);
      return { address: shown, name: shown === undefined ? undefined : names.of(shown) };
    }),
    outcome,
  };
}

/** By the destination's answer, else by who says that it goes no further, else by silence. */
function outcomeOf(run: TraceRun, { silence }: Prober): Outcome {
  const { answer, refusal, stop } = run.path;
  if (answer !== undefined) return answer;
  if (refusal !== undefined) return { verdict: 'filtered', reason: `icmp-${refusal.icmp}` };
  if (!run.isDone && run.rounds === 0) return { verdict: 'filtered', reason: 'interrupted' };
  if (stop?.kind === 'loop' || stop?.kind === 'max-ttl') return { verdict: 'filtered', reason: 'icmp-ttl-exceeded' };
  return silence;
}
