/** The path to a port: where it ends, and what it did to the segment. */
import { NetError } from '../../net/errors.ts';
import { formatIpv4 } from '../../wire/address.ts';
import type { PathMtu, TraceEvent, TraceResult } from '../events.ts';
import { Teller, type Timeline } from '../teller.ts';
import { CraftedProber } from './crafted.ts';
import { type Flow, Flows } from './flows.ts';
import { findPathMtu } from './path-mtu.ts';
import type { Prober } from './prober.ts';
import type { TraceContext, TraceRequest } from './request.ts';

/**
 * Probes every distance of the path and tells each hop. The last event is the result.
 * @throws NetError where this machine can't send the first probe; later errors are told
 * @throws EncodeError where the segment can't be put into bytes
 */
export async function* trace(request: TraceRequest, context: TraceContext): AsyncGenerator<TraceEvent, void> {
  const timeline: Timeline = { begun: undefined };
  const teller = new Teller(request.segments, timeline);
  const probers: Prober[] = [];
  let flows: Flows | undefined;
  let pathMtu: PathMtu | undefined;
  let error: NetError | undefined;
  const wake = () => flows?.wake();
  context.signal?.addEventListener('abort', wake);
  try {
    for (let flow = 0; flow < request.flows; flow++) probers.push(new CraftedProber(request, context, teller, portOf(request, flow)));
    flows = new Flows(request, context, timeline, teller, probers);
    yield* flows.events();
    error = flows.error;
    if (request.mtu && error === undefined && flows.isDone) pathMtu = await measure(flows.best, request, context, timeline);
  } catch (caught) {
    if (!(caught instanceof NetError) || flows?.isDone !== true) throw caught;
    error = caught;
  } finally {
    context.signal?.removeEventListener('abort', wake);
    for (const prober of probers) await prober.close();
  }
  teller.flush();
  yield* teller.told.splice(0);
  yield resultOf(flows as Flows, timeline, { pathMtu, error, isInterrupted: context.signal?.aborted === true });
}

/** One behind the other, where one was asked for. */
const portOf = ({ sourcePort }: TraceRequest, flow: number) => ({ sourcePort: sourcePort === undefined ? undefined : sourcePort + flow });

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
  return findPathMtu(prober, known, { clock, signal: context.signal, untilUs, inside: request.inside });
}

/** What the run came to beside what its flows tell. */
interface End {
  pathMtu: PathMtu | undefined;
  error: NetError | undefined;
  isInterrupted: boolean;
}

function resultOf(flows: Flows, { begun }: Timeline, { pathMtu, error, isInterrupted }: End): TraceResult {
  const { outcome, run } = flows.best;
  const { stop, distance, answer } = run.path;
  return {
    type: 'result',
    ...outcome,
    reached: answer !== undefined,
    hops: distance ?? stop?.ttl ?? 0,
    stop,
    ...flows.counts,
    durationMs: begun === undefined ? 0 : (flows.settledAtUs - begun.atUs) / 1000,
    pathMtu,
    multipath: flows.multipath,
    connection: undefined,
    ended: isInterrupted ? 'interrupted' : flows.isDone || error !== undefined ? undefined : 'deadline',
    error,
  };
}
