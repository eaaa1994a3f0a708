/** The lines of a summary: a label on the left, what is known on the right. */
import type { FigureClock, Outcome, SendResult, StartEvent } from '../probe/events.ts';
import type { Ink, Style } from './style.ts';
import { flow, padEnd } from './text.ts';
import { count } from './units.ts';

const LABEL_WIDTH = 14;

/** A line of the summary: parts stay whole where a line is broken. */
export interface Entry {
  label: string;
  parts: string[];
  separator: string;
  ink?: Ink | undefined;
}

export const entry = (label: string, ...parts: (string | undefined)[]): Entry => ({
  label,
  parts: parts.filter((part) => part !== undefined),
  separator: ', ',
});

/** A line that may be broken at every space. */
export const sentence = (label: string, text: string, ink?: Ink): Entry => ({ label, parts: text.split(' '), separator: ' ', ink });

export function formatEntry({ label, parts, separator, ink }: Entry, { width, paint }: Style): string {
  const lines = flow(parts, separator, width - LABEL_WIDTH);
  return lines
    .map((line, i) => `${paint('faint', padEnd(i === 0 ? `  ${label}` : '', LABEL_WIDTH))}${ink === undefined ? line : paint(ink, line)}\n`)
    .join('');
}

const VERDICT_INKS: Readonly<Record<string, Ink>> = { open: 'good', unfiltered: 'good', closed: 'verdictBad' };

export const verdictInk = (verdict: string): Ink => VERDICT_INKS[verdict] ?? 'verdictUnsure';

/** The whole outcome in one line, not wrapped, for scripts and lists: `open  10.0.0.2:80  syn-ack  rtt 312 µs`. @param more parts at its end */
export function outcomeLine(
  { verdict, reason, rttUs, rttClock, kernelDrops }: Outcome & Pick<SendResult, 'rttUs' | 'rttClock' | 'kernelDrops'>,
  start: StartEvent | undefined,
  more: readonly string[],
  { paint, escapeText, duration }: Style,
): string {
  const parts = [paint(verdictInk(verdict), verdict)];
  if (start !== undefined) parts.push(`${escapeText(start.address)}:${start.port}`);
  parts.push(escapeText(reason));
  if (rttUs !== undefined) parts.push(rttClock === 'stepped' ? `rtt ${duration(rttUs)} (wall clock stepped)` : `rtt ${duration(rttUs)}`);
  if (kernelDrops > 0) parts.push(paint('bad', `${kernelDrops} dropped unread`));
  return `${[...parts, ...more].join('  ')}\n`;
}

/** What a verdict rests on, in words. */
export function reasonText(reason: Outcome['reason'], { escapeText }: Style): string {
  switch (reason) {
    case 'syn-ack':
      return 'SYN+ACK';
    case 'syn':
      return 'SYN';
    case 'rst':
      return 'RST';
    case 'ack':
      return 'ACK';
    case 'answer':
      return 'another segment';
    case 'no-response':
      return 'no answer';
    case 'interrupted':
      return 'interrupted before an answer';
    default:
      return `ICMP ${escapeText(reason.slice('icmp-'.length))}`;
  }
}

/** What is to be said of a duration that does not rest on two stamps of the kernel's. */
export const clockRemark = (clock: FigureClock | undefined): string | undefined => (clock === undefined ? undefined : CLOCK_REMARKS[clock]);

const CLOCK_REMARKS: Readonly<Record<FigureClock, string | undefined>> = {
  kernel: undefined,
  user: 'as this process saw it',
  stepped: 'the wall clock was stepped meanwhile',
};

export const dropsWarning = (kernelDrops: number): Entry =>
  sentence('warning', `the kernel dropped ${count(kernelDrops, 'datagram')} because we read too slowly: silence proves nothing`, 'bad');
