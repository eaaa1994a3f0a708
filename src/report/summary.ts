/** What came of it, after the ladder or in its place. */
import type { ConnectResult, ConversationResult, StartEvent } from '../probe/events.ts';
import { clockRemark, dropsWarning, type Entry, entry, formatEntry, outcomeLine, reasonText, sentence, verdictInk } from './entries.ts';
import { ENDED_PHRASES } from './phrases.ts';
import type { Style } from './style.ts';
import { count, formatBytes } from './units.ts';

type Result = ConnectResult | ConversationResult;

/**
 * Labels on the left, what is known on the right; what does not apply is left out.
 * @param notes the sentences of the run's notes, safe to show
 */
export function summary(result: Result, notes: readonly string[], style: Style): string {
  const { glyphs } = style;
  const { rttUs, iss, irs, states, retransmissions, ended, kernelDrops } = result;
  const ignored = Object.entries(result.ignored).map(([name, times]) => `${times} ${name}`);
  const entries: Entry[] = [{ ...entry('verdict', `${result.verdict}: ${basis(result, style)}`), ink: verdictInk(result.verdict) }];
  const captured = 'conversation' in result ? result : undefined;
  if (rttUs !== undefined) entries.push(roundTrip(result, rttUs, captured?.handshakeUs, style));
  if (iss !== undefined) entries.push(entry('our ISN', String(iss)));
  if (irs !== undefined) entries.push(entry('their ISN', String(irs)));
  if (result.peer !== undefined) entries.push(offer(result.peer));
  if (result.verdict === 'open') entries.push(data(result.data, style));
  if (captured !== undefined) entries.push(...ofCapture(captured, style));
  else if (retransmissions > 0) entries.push(entry('sent again', count(retransmissions, 'segment')));
  if (ignored.length > 0) entries.push(entry('ignored', ...ignored));
  if (result.verdict === 'open') entries.push(close(result, style));
  if (result.error !== undefined) entries.push(sentence('error', style.escapeText(result.error.message), 'bad'));
  if (ended !== undefined) entries.push({ ...entry('ended early', ENDED_PHRASES[ended]), ink: 'warning' });
  entries.push({ ...entry('states', ...states.map((state, i) => (i === 0 ? state : `${glyphs.arrowRight} ${state}`))), separator: ' ' });
  for (const note of notes) entries.push(sentence('note', note, 'warning'));
  if (kernelDrops > 0) entries.push(dropsWarning(kernelDrops));
  return entries.map((line) => formatEntry(line, style)).join('');
}

/** `'open  10.0.0.2:80  syn-ack  rtt 312 µs  closed active TIME-WAIT 812 µs'`. */
export function summaryLine(result: Result, start: StartEvent | undefined, style: Style): string {
  const { close } = result;
  const whose =
    'conversation' in result ? `${result.conversation}  ${style.escapeText(start?.sourceAddress ?? '')}:${start?.sourcePort}  ` : '';
  const took = !close.durationUs ? '' : ` ${style.duration(close.durationUs)}`;
  const leftOpen = leftOpenText(result);
  const closed =
    leftOpen !== undefined
      ? `${leftOpen}, ${close.finalState}`
      : `${close.completed ? 'closed' : 'not closed'} ${close.kind} ${close.finalState}${took}`;
  return whose + outcomeLine(result, start, result.verdict === 'open' ? [closed] : [], style);
}

/** What the verdict rests on. */
function basis({ reason, evidence }: Result, style: Style): string {
  const shown = reasonText(reason, style);
  if (reason !== 'syn-ack') return shown;
  if (evidence === 'data-acknowledged') return `${shown}, data acknowledged`;
  return evidence === 'fin-acknowledged' ? `${shown}, FIN acknowledged` : `${shown} alone`;
}

function offer({ mss, windowScale, sackPermitted, timestamps, window, ttl }: NonNullable<ConnectResult['peer']>): Entry {
  return entry(
    'they offer',
    mss === undefined ? undefined : `MSS ${mss}`,
    windowScale === undefined ? undefined : `window scale ${windowScale}`,
    sackPermitted ? 'SACK' : undefined,
    timestamps ? 'timestamps' : undefined,
    `window ${window}`,
    `TTL ${ttl}`,
  );
}

function data({ sentBytes, ackedBytes, receivedBytes, ackUs, firstByteUs }: ConnectResult['data'], { duration }: Style): Entry {
  const acked = sentBytes === 0 ? undefined : ackedBytes === sentBytes ? 'all acknowledged' : `${exactBytes(ackedBytes)} acknowledged`;
  // The network's time beside the application's, in the same words.
  const ackedFirst = ackUs === undefined ? acked : `${acked}, the first after ${duration(ackUs)}`;
  const first = firstByteUs === undefined ? undefined : `the first after ${duration(firstByteUs)}`;
  const sent = `sent ${exactBytes(sentBytes)}`;
  const received = `received ${exactBytes(receivedBytes)}`;
  return {
    ...entry('data', ackedFirst === undefined ? sent : `${sent}, ${ackedFirst}`, first === undefined ? received : `${received}, ${first}`),
    separator: '; ',
  };
}

/** `'18 B'`, `'104857600 B (105 MB)'`. */
const exactBytes = (bytes: number): string => (bytes < 1000 ? formatBytes(bytes) : `${bytes} B (${formatBytes(bytes)})`);

/** The second is a round trip wherever the capture was taken; the first is none where that was near the peer. */
const roundTrip = ({ rttClock }: Result, rttUs: number, handshakeUs: number | undefined, { duration }: Style): Entry =>
  handshakeUs === undefined
    ? entry('round trip', duration(rttUs), clockRemark(rttClock))
    : entry('round trip', `${duration(rttUs)} from SYN to SYN+ACK`, `${duration(handshakeUs)} to the ACK of it`);

/** What a run of our own does not have to say. */
function ofCapture(
  { segments, durationUs, retransmissions, peerRetransmissions, missingBytes }: ConversationResult,
  style: Style,
): Entry[] {
  const entries = [entry('segments', `${segments.sent} sent`, `${segments.received} received`, `in ${style.duration(durationUs)}`)];
  if (retransmissions + peerRetransmissions > 0) {
    entries.push(
      entry(
        'sent again',
        retransmissions > 0 ? `${count(retransmissions, 'segment')} of ours` : undefined,
        peerRetransmissions > 0 ? `${count(peerRetransmissions, 'segment')} of theirs` : undefined,
      ),
    );
  }
  if (missingBytes > 0) entries.push({ ...entry('missing', `${exactBytes(missingBytes)} that the capture does not have`), ink: 'warning' });
  return entries;
}

function close(result: Result, { duration }: Style): Entry {
  const { kind, initiator, completed, finalState, durationUs } = result.close;
  const began = initiator === undefined ? undefined : initiator === 'local' ? 'we began' : 'they began';
  const how = leftOpenText(result) ?? (completed ? 'completed' : 'not completed');
  return entry('close', kind, began, !durationUs ? how : `${how} in ${duration(durationUs)}`, `final state ${finalState}`);
}

/** Undefined where the connection was closed, be it in part. */
function leftOpenText(result: Result): string | undefined {
  const { kind, finalState } = result.close;
  if (kind !== 'none' || finalState === 'CLOSED') return undefined;
  return 'conversation' in result ? 'open where the capture ends' : 'left open as asked';
}
