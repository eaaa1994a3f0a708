/** The path to a port: where it ends, and what it did to the segment. */
import { NetError } from '../../net/errors.ts';
import { formatIpv4 } from '../../wire/address.ts';
import type { PathMtu, TraceEvent, TraceResult } from '../events.ts';
import { startEvent } from '../start-event.ts';
import { Teller, type Timeline } from '../teller.ts';
import { CraftedProber } from './crafted.ts';
import { type Flow, Flows } from './flows.ts';
import { InsideProber } from './inside.ts';
import { findPathMtu } from './path-mtu.ts';
import type { Prober } from './prober.ts';
import { fullTtlOf, type TraceContext, type TraceRequest } from './request.ts';

/** What a run came to beside what its flows tell. */
interface End {
  pathMtu?: PathMtu | undefined;
  error?: NetError | undefined;
}

/**
 * Probes every distance of the path and tells each hop. The last event is the result.
 * @throws NetError where this machine can't send the first probe; later errors are told
 * @throws EncodeError where the segment can't be put into bytes
 */
export async function* trace(request: TraceRequest, context: TraceContext): AsyncGenerator<TraceEvent, void> {
  const timeline: Timeline = { begun: undefined };
  const teller = new Teller(request.segments, timeline);
  const probers: Prober[] = [];
  const wake = () => {
    for (const prober of probers) prober.wake();
  };
  context.signal?.addEventListener('abort', wake);
  try {
    const inside = request.inside ? new InsideProber(request, context, teller) : undefined;
    if (inside !== undefined) probers.push(inside);
    else
      for (let flow = 0; flow < request.flows; flow++)
        probers.push(new CraftedProber(request, context, teller, sourcePortOf(request, flow)));
    await inside?.connect(timeline);
    if (timeline.begun !== undefined)
      yield startEvent('trace', request, (probers[0] as Prober).source, timeline.begun, context.network.clock);
    const flows = new Flows(request, context, timeline, teller, probers);
    const end = inside === undefined || inside.state.established ? yield* run(flows, request, context, timeline) : {};
    // What is open is closed first, so that it is told; the peer's last FIN is waited for after the result.
    if (inside !== undefined) await inside.finish();
    else for (const prober of probers) await prober.close();
    teller.flush();
    yield* teller.told.splice(0);
    yield resultOf(flows, inside, timeline, { ...end, isInterrupted: context.signal?.aborted === true });
  } finally {
    context.signal?.removeEventListener('abort', wake);
    for (const prober of probers) await prober.close();
  }
}

/** One behind the other, where one was asked for. */
const sourcePortOf = ({ sourcePort }: TraceRequest, flow: number) => (sourcePort === undefined ? undefined : sourcePort + flow);

async function* run(flows: Flows, request: TraceRequest, context: TraceContext, timeline: Timeline): AsyncGenerator<TraceEvent, End> {
  yield* flows.events();
  if (!request.mtu || flows.error !== undefined || !flows.isDone) return { error: flows.error };
  try {
    return { pathMtu: await measure(flows.best, request, context, timeline) };
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    return { error };
  }
}

/** Of the path that the best flow took, by the same four-tuple. */
function measure({ run, prober }: Flow, request: TraceRequest, context: TraceContext, { begun }: Timeline): Promise<PathMtu | undefined> {
  const { clock } = context.network;
  const hops = run.path.known.filter(({ icmp, answer, hasAnswered }) => hasAnswered && icmp === undefined && answer === undefined);
  const longest = run.path.known.map(({ roundTrips }) => roundTrips.longestUs ?? 0);
  const known = {
    destination: formatIpv4(request.address),
    hops: hops.map(({ ttl, address }) => ({ ttl, address: formatIpv4(address as number) })),
    rttUs: Math.max(0, ...longest) || undefined,
  };
  const untilUs = (begun?.atUs ?? clock.nowUs()) + request.deadlineMs * 1000;
  return findPathMtu(prober, known, { clock, signal: context.signal, untilUs, inside: request.inside, fullTtl: fullTtlOf(request) });
}

function resultOf(
  flows: Flows,
  inside: InsideProber | undefined,
  { begun }: Timeline,
  { pathMtu, error, isInterrupted }: End & { isInterrupted: boolean },
): TraceResult {
  const { outcome, run } = flows.best;
  const { distance, answer } = run.path;
  // Where there is no connection, no probe has left.
  const isUnconnected = inside?.state.established === false;
  const stop = isUnconnected ? inside?.stop : run.path.stop;
  return {
    type: 'result',
    ...(inside?.silence ?? outcome),
    reached: isUnconnected ? stop === undefined : answer !== undefined,
    hops: distance ?? stop?.ttl ?? 0,
    stop,
    ...flows.counts,
    durationMs: begun === undefined ? 0 : (Math.max(flows.settledAtUs, inside?.connectedAtUs ?? 0) - begun.atUs) / 1000,
    pathMtu,
    multipath: flows.multipath,
    connection: inside?.state,
    ended: isInterrupted
      ? 'interrupted'
      : !inside?.isLate && (isUnconnected || flows.isDone || error !== undefined)
        ? undefined
        : 'deadline',
    error,
  };
}
