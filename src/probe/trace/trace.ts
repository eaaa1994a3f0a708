/** The path to a port: where it ends, and what it did to the segment. */
import type { Outcome, TraceEvent, TraceResult } from '../events.ts';
import { Teller, type Timeline } from '../teller.ts';
import { CraftedProber } from './crafted.ts';
import type { Prober } from './prober.ts';
import type { TraceContext, TraceRequest } from './request.ts';
import { TraceRun } from './run.ts';

/**
 * Probes every distance of the path and tells each hop. The last event is the result.
 * @throws NetError where this machine can't send the first probe; later errors are told
 * @throws EncodeError where the segment can't be put into bytes
 */
export async function* trace(request: TraceRequest, context: TraceContext): AsyncGenerator<TraceEvent, void> {
  const timeline: Timeline = { begun: undefined };
  const teller = new Teller(request.segments, timeline);
  const prober = new CraftedProber(request, context, teller);
  const run = new TraceRun(request, context, timeline, teller, prober);
  const wake = () => run.wake();
  context.signal?.addEventListener('abort', wake);
  try {
    yield* run.events();
  } finally {
    context.signal?.removeEventListener('abort', wake);
    await prober.close();
  }
  teller.flush();
  yield* teller.told.splice(0);
  yield resultOf(run, prober, timeline);
}

function resultOf(run: TraceRun, prober: Prober, { begun }: Timeline): TraceResult {
  const { path, sent, received, rounds, ignored, error } = run;
  const { stop, distance, answer } = path;
  return {
    type: 'result',
    ...outcomeOf(run, prober),
    reached: answer !== undefined,
    hops: distance ?? stop?.ttl ?? 0,
    stop,
    sent,
    received,
    rounds,
    durationMs: begun === undefined ? 0 : (run.settledAtUs - begun.atUs) / 1000,
    pathMtu: undefined,
    multipath: undefined,
    connection: undefined,
    ignored,
    ended: run.isInterrupted ? 'interrupted' : run.isDone || error !== undefined ? undefined : 'deadline',
    kernelDrops: prober.dropped,
    error,
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
