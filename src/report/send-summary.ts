/** What came of a send. */
import type { SendResult, StartEvent } from '../probe/events.ts';
import { clockRemark, dropsWarning, type Entry, entry, formatEntry, outcomeLine, reasonText, sentence, verdictInk } from './entries.ts';
import { ENDED_PHRASES } from './phrases.ts';
import type { Style } from './style.ts';
import { count } from './units.ts';

/** Labels on the left, what is known on the right; what does not apply is left out. */
export function sendSummary(result: SendResult, style: Style): string {
  const { verdict, reason, rttUs, ended, error, kernelDrops } = result;
  const ignored = Object.entries(result.ignored).map(([name, times]) => `${times} ${name}`);
  const entries: Entry[] = [];
  // The segments of a sweep have each their own.
  if (result.sweep === undefined)
    entries.push({ ...entry('verdict', `${verdict}: ${reasonText(reason, style)}`), ink: verdictInk(verdict) });
  if (rttUs !== undefined && result.sweep === undefined)
    entries.push(entry('round trip', style.duration(rttUs), clockRemark(result.rttClock)));
  entries.push(entry('sent', sentText(result, style)));
  entries.push(entry('received', ...answerTexts(result, style)));
  if (ignored.length > 0) entries.push(entry('passed over', ...ignored));
  if (error !== undefined) entries.push(sentence('error', style.escapeText(error.message), 'bad'));
  if (ended !== undefined) entries.push({ ...entry('ended early', ENDED_PHRASES[ended]), ink: 'warning' });
  if (kernelDrops > 0) entries.push(dropsWarning(kernelDrops));
  return entries.map((line) => formatEntry(line, style)).join('');
}

function sentText({ sent, sendingUs }: SendResult, { duration }: Style): string {
  const segments = count(sent, 'segment');
  if (sent < 2 || sendingUs <= 0) return segments;
  const perSecond = ((sent - 1) * 1e6) / sendingUs;
  return `${segments} in ${duration(sendingUs)}${perSecond >= FAST ? ` (${Math.round(perSecond)}/s)` : ''}`;
}

/** A rate is worth a word from here on. */
const FAST = 1000;

/** By kind; `nothing` where there was no answer. */
function answerTexts({ answers, received }: SendResult, style: Style): string[] {
  if (received === 0) return ['nothing'];
  return Object.entries(answers).map(([reason, times]) => `${times} ${reasonText(reason as SendResult['reason'], style)}`);
}

/** `'open  10.0.0.2:80  syn-ack  rtt 55 µs'`; of more than one segment also how many, and what came. */
export function sendLine(result: SendResult, start: StartEvent | undefined, style: Style): string {
  const { sent, sweep } = result;
  const counts = [`${sent} sent`, ...answerTexts(result, style)];
  return outcomeLine(result, start, sent > 1 || sweep !== undefined ? counts : [], style);
}
