/** Where the path ends, in words that help who asks why a port does not answer. */
import type { FigureClock, HopEvent, Multipath, PathMtu, StartEvent, Stop, TraceResult } from '../probe/events.ts';
import { clockRemark, dropsWarning, type Entry, entry, formatEntry, outcomeLine, reasonText, sentence, verdictInk } from './entries.ts';
import { ENDED_PHRASES, ICMP_PHRASES } from './phrases.ts';
import type { Style } from './style.ts';
import { count, formatPercent } from './units.ts';

/** What the hops told. */
export interface KnownOfPath {
  start: StartEvent | undefined;
  /** The destination's own, as it was last told. */
  destination: HopEvent | undefined;
  /** The least trustworthy that round trips rest on. */
  clock: FigureClock | undefined;
  /** Ctrl-C is the normal end. */
  isEndless: boolean;
}

export function traceSummary(result: TraceResult, known: KnownOfPath, style: Style): string {
  const { pathMtu, multipath, connection, ended, error, kernelDrops, durationMs, sent, received } = result;
  const ignored = Object.entries(result.ignored).map(([name, times]) => `${times} ${name}`);
  const entries: Entry[] = [sentence('verdict', `${result.verdict}: ${whereText(result, known, style)}`, verdictInk(result.verdict))];
  const meaning = meaningText(result);
  if (meaning !== undefined) entries.push(sentence('', meaning));
  if (pathMtu !== undefined) entries.push(mtuEntry(pathMtu, style));
  if (multipath !== undefined) entries.push(...flowEntries(multipath, style));
  if (connection !== undefined) entries.push(connectionEntry(connection, ended));
  entries.push(entry('probes', `${sent} sent`, `${received} answered`, `in ${style.duration(durationMs * 1000)}`));
  const remark = clockRemark(known.clock);
  if (remark !== undefined) entries.push(entry('times', remark));
  if (ignored.length > 0) entries.push(entry('passed over', ...ignored));
  if (error !== undefined) entries.push(sentence('error', style.escapeText(error.message), 'bad'));
  if (ended !== undefined && !(known.isEndless && ended === 'interrupted'))
    entries.push({ ...entry('ended early', ENDED_PHRASES[ended]), ink: 'warning' });
  if (kernelDrops > 0) entries.push(dropsWarning(kernelDrops));
  return entries.map((line) => formatEntry(line, style)).join('');
}

/** The verdict alone: `open  10.0.0.2:80  syn-ack  rtt 312 µs  12 hops`. */
export function traceLine(result: TraceResult, { start, destination }: KnownOfPath, style: Style): string {
  const { verdict, reason, kernelDrops, stop, hops } = result;
  const where =
    stop === undefined
      ? count(hops, 'hop')
      : stop.ttl === 0
        ? 'no hop seen'
        : `${STOPPED[stop.kind]} ${behind(stop.address, stop.ttl, style)}`;
  const rttUs = stop === undefined ? destination?.figures.rttUs?.median : undefined;
  return outcomeLine({ verdict, reason, kernelDrops, rttUs, rttClock: destination?.rttClock }, start, [where], style);
}

const STOPPED: Readonly<Record<Stop['kind'], string>> = {
  refused: 'refused at',
  silent: 'silent after',
  'max-ttl': 'not ended at',
  loop: 'loop at',
};

const behind = (address: string | undefined, ttl: number, { escapeText }: Style): string =>
  address === undefined ? `hop ${ttl}` : `hop ${ttl} (${escapeText(address)})`;

function whereText({ stop, reason, hops, connection }: TraceResult, { start, destination }: KnownOfPath, style: Style): string {
  const { escapeText, duration } = style;
  const isUnmade = connection?.established === false;
  if (stop === undefined) {
    const from = destination?.address ?? start?.address;
    const by = `${reasonText(reason, style)}${from === undefined ? '' : ` from ${escapeText(from)}`}`;
    if (isUnmade) return `${by} to our SYN`;
    const rttUs = destination?.figures.rttUs?.median;
    // Inside a connection probes are answered otherwise than its SYN was.
    const answer = destination?.answer === undefined || destination.answer === reason ? '' : `, ${reasonText(destination.answer, style)}`;
    return `${by}${answer}${rttUs === undefined ? '' : ` in ${duration(rttUs)}`}, ${count(hops, 'hop')}`;
  }
  const { kind, ttl, address, icmp } = stop;
  if (isUnmade)
    return kind === 'refused'
      ? `${escapeText(address ?? 'somebody')} answers ${escapeText(icmp ?? 'no')} to our SYN`
      : 'no answer to our SYN';
  switch (kind) {
    case 'refused':
      return `${escapeText(address ?? 'somebody')} (hop ${ttl}) answers ${escapeText(icmp ?? 'no')}`;
    case 'silent':
      return ttl === 0 ? 'silent from the first hop on' : `silent after ${behind(address, ttl, style)}`;
    case 'max-ttl':
      return ttl === 0
        ? `not reached in ${count(hops, 'hop')}, and no hop answers`
        : `not reached in ${count(hops, 'hop')}; the last that answers is ${behind(address, ttl, style)}`;
    case 'loop':
      return `it goes round in a loop from ${behind(address, ttl, style)} on`;
  }
}

/** What that says about the path; undefined where the verdict says it all. */
function meaningText({ stop, verdict, reason, connection }: TraceResult): string | undefined {
  if (connection?.established === false)
    return 'No connection was made, so that no probe could go inside one. Without --inside the trace shows how far the SYN gets.';
  if (reason === 'interrupted') return 'The trace was interrupted before the destination was reached, or given up.';
  if (stop === undefined) {
    return verdict === 'closed'
      ? 'The path is free as far as the destination, which refuses: no one listens at that port, or a firewall in front of it answers in its name.'
      : undefined;
  }
  switch (stop.kind) {
    case 'refused': {
      const phrase = Object.hasOwn(ICMP_PHRASES, stop.icmp ?? '') ? ICMP_PHRASES[stop.icmp as string] : undefined;
      return phrase === undefined ? undefined : `It ${phrase}.`;
    }
    case 'silent':
      return stop.ttl === 0
        ? 'Not even the first router answers. What is wrong is near: the link, the route, or a firewall on this machine.'
        : `Hop ${stop.ttl} is the last that we see. Behind it something drops the segment without a word: a firewall, or a host that is not there. Routers that never answer look the same; a trace to a port that is open tells them apart.`;
    case 'max-ttl':
      return 'The path is longer than we looked: --max-ttl looks further.';
    case 'loop':
      return 'Routers send it back and forth until its TTL is used up: their routes contradict each other.';
  }
}

const FOUND_TEXTS: Readonly<Record<PathMtu['found'], string>> = {
  whole: 'nothing was too large for any link',
  icmp: 'as routers say',
  halving: 'found by halving: what is larger is dropped without a word, a black hole',
  unfinished: 'or more: the time did not suffice',
};

function mtuEntry({ mtu, found, narrowings, by, towards }: PathMtu, style: Style): Entry {
  const { escapeText } = style;
  const steps = narrowings.map(({ ttl, address, mtu: left }) => {
    const router = address === undefined ? undefined : escapeText(address);
    const hop = ttl === undefined ? undefined : `hop ${ttl}`;
    const who = router === undefined ? (hop ?? 'somewhere') : hop === undefined ? router : `${router} (${hop})`;
    return `${left} from ${who} on`;
  });
  // The others are as good as each other.
  const reach =
    by === 'last-hop'
      ? [`as far as ${escapeText(towards)}, the last that answers`]
      : by === 'segment'
        ? ['by the segment itself filled up with data, since ACKs draw no answer']
        : [];
  return {
    ...sentence('path MTU', [`${mtu} bytes`, ...reach, FOUND_TEXTS[found], ...steps].join('; ')),
    ink: found === 'halving' || found === 'unfinished' ? 'warning' : undefined,
  };
}

/** How many ways there are, how sure it is that these are all, and where flows end otherwise than others. */
function flowEntries({ nodes, flows, outcomes, confidencePercent }: Multipath, style: Style): Entry[] {
  const wide = widest(nodes);
  const ways = wide === 1 ? `all ${flows} take the same way` : `${flows} tried, up to ${wide} routers at one distance`;
  const certainty =
    confidencePercent === 0
      ? 'too few came through some router to say whether it has more next hops (MDA): try more --flows'
      : `${formatPercent(confidencePercent)} sure, at each router, that none of its next hops is missing, if flows are balanced evenly (MDA)`;
  const entries = [sentence('flows', `${ways}; ${certainty}`)];
  if (outcomes.length > 1) {
    const each = outcomes.map(({ verdict, reason, sourcePorts }) => `${sourcePorts.length} ${verdict} (${reasonText(reason, style)})`);
    entries.push(
      sentence('', `They do not end alike: ${each.join(', ')}. The ways are not the same, or one of them is broken.`, 'warning'),
    );
  }
  return entries;
}

function widest(nodes: Multipath['nodes']): number {
  const perHop = new Map<number, number>();
  for (const { ttl } of nodes) perHop.set(ttl, (perHop.get(ttl) ?? 0) + 1);
  return Math.max(1, ...perHop.values());
}

function connectionEntry({ established, closed }: NonNullable<TraceResult['connection']>, ended: TraceResult['ended']): Entry {
  if (!established) return { ...entry('connection', 'not established'), ink: 'warning' };
  if (closed) return entry('connection', 'established, closed properly');
  return { ...entry('connection', 'established', ended === 'interrupted' ? 'reset at the end' : 'not closed'), ink: 'warning' };
}
