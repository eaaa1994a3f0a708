/** What came of the probes: figures and pictures of one target, or a table of many. */
import type { PassedLimit, PingFigures, PingResult, PingTargetFigures } from '../probe/events.ts';
import { clockRemark, dropsWarning, type Entry, entry, formatEntry, reasonText, sentence, verdictInk } from './entries.ts';
import { ENDED_PHRASES } from './phrases.ts';
import { histogram, sparkline } from './ping-pictures.ts';
import type { Style } from './style.ts';
import { type Column, table } from './table.ts';
import { formatPercent } from './units.ts';

export interface SummaryOptions {
  /** Draw the large histogram. */
  histogram: boolean;
  /** No number of probes was asked for: the end came as it was to come. */
  isEndless: boolean;
}

const SMALL_ROWS = 6;
const LARGE_ROWS = 24;
/** With fewer answers there is nothing to see in a histogram. */
const WORTH_DRAWING = 10;
const LABEL_WIDTH = 14;

/** The figures so far, or at the end. */
export function figuresText(targets: readonly PingTargetFigures[], options: SummaryOptions, style: Style): string {
  const [only] = targets;
  return targets.length === 1 && only !== undefined ? targetText(only, options, style) : tableText(targets, options, style);
}

/** What the figures do not say: why it ended, and what spoils them. */
export function endText(result: PingResult, { isEndless }: SummaryOptions, style: Style): string {
  const { ended, passedLimits, kernelDrops, error } = result;
  const ignored = Object.entries(result.ignored).map(([name, times]) => `${times} ${name}`);
  const entries: Entry[] = [];
  const remark = clockRemark(result.rttClock);
  if (result.targets.length > 1 && remark !== undefined) entries.push(entry('times', remark));
  if (ignored.length > 0) entries.push(entry('passed over', ...ignored));
  for (const limit of passedLimits) entries.push(limitEntry(limit, result.targets.length > 1, style));
  if (error !== undefined) entries.push(sentence('error', style.escapeText(error.message), 'bad'));
  if (ended !== undefined && !isEndless) entries.push({ ...entry('ended early', ENDED_PHRASES[ended]), ink: 'warning' });
  if (kernelDrops > 0) entries.push(dropsWarning(kernelDrops));
  const text = entries.map((line) => formatEntry(line, style)).join('');
  return result.targets.length > 1 && text !== '' ? `\n${text}` : text;
}

function targetText(target: PingTargetFigures, { histogram: isLarge }: SummaryOptions, style: Style): string {
  const { verdict, reason, rttUs, rttClock, received, lost, buckets, course, answers } = target;
  const { duration } = style;
  const kinds = Object.entries(answers);
  const entries: Entry[] = [{ ...entry('verdict', `${verdict}: ${reasonText(reason, style)}`), ink: verdictInk(verdict) }];
  if (kinds.length > 1)
    entries.push(entry('answers', ...kinds.map(([name, times]) => `${times} ${reasonText(name as PingFigures['reason'], style)}`)));
  entries.push(entry('probes', ...countTexts(target)));
  if (rttUs !== undefined) {
    const { min, mean, median, p95, p99, max, stddev, jitter } = rttUs;
    entries.push(entry('round trip', `min ${duration(min)}`, `mean ${duration(mean)}`, `median ${duration(median)}`));
    entries.push(entry('', `95 % within ${duration(p95)}`, `99 % within ${duration(p99)}`, `max ${duration(max)}`));
    entries.push(entry('', `standard deviation ${duration(stddev)}`, `jitter ${duration(jitter)}`, clockRemark(rttClock)));
  }
  let text = entries.map((line) => formatEntry(line, style)).join('');
  if (received + lost > 1 && received > 0) {
    const lines = sparkline(course, style, style.width - LABEL_WIDTH);
    text += lines.map((line, i) => `${style.paint('faint', (i === 0 ? '  in order' : '').padEnd(LABEL_WIDTH))}${line}\n`).join('');
  }
  if (received >= WORTH_DRAWING || (isLarge && received > 0)) text += `\n${histogram(buckets, isLarge ? LARGE_ROWS : SMALL_ROWS, style)}`;
  return text;
}

function countTexts(figures: PingFigures): string[] {
  const { sent, received, lost, pending, late, duplicates, retransmissions, outOfOrder, unsent, notClosed } = figures;
  const some = (count: number, text: string): string[] => (count === 0 ? [] : [`${count} ${text}`]);
  return [
    `${sent} sent`,
    `${received} answered`,
    `${lost} lost${lost === 0 ? '' : ` (${formatPercent(figures.lossPercent)})`}`,
    ...some(late, 'of them answered late'),
    ...some(pending, 'under way at the end'),
    ...some(outOfOrder, 'out of order'),
    ...some(duplicates, duplicates === 1 ? 'duplicate' : 'duplicates'),
    ...some(retransmissions, 'sent again by the peer'),
    ...some(unsent, 'not sent'),
    ...some(notClosed, 'not closed'),
  ];
}

function tableText(targets: readonly PingTargetFigures[], { histogram: isLarge }: SummaryOptions, style: Style): string {
  const time = (head: string, value: (figures: NonNullable<PingFigures['rttUs']>) => number, goes?: number): Column<PingTargetFigures> => ({
    head,
    cell: ({ rttUs }) => (rttUs === undefined ? '' : style.duration(value(rttUs))),
    isNumber: true,
    ...(goes === undefined ? {} : { goes }),
  });
  const columns: Column<PingTargetFigures>[] = [
    { head: 'target', cell: (target) => targetName(target, style), cut: 1 },
    { head: 'verdict', cell: ({ verdict }) => verdict, ink: ({ verdict }) => verdictInk(verdict) },
    { head: 'sent', cell: ({ sent }) => String(sent), isNumber: true, goes: 2 },
    {
      head: 'loss',
      cell: ({ lossPercent }) => formatPercent(lossPercent),
      isNumber: true,
      ink: ({ lost }) => (lost > 0 ? 'bad' : undefined),
    },
    time('min', ({ min }) => min, 4),
    time('median', ({ median }) => median),
    time('95 %', ({ p95 }) => p95, 1),
    time('max', ({ max }) => max, 3),
    time('jitter', ({ jitter }) => jitter, 5),
  ];
  const drawn = isLarge ? targets.filter(({ received }) => received > 0) : [];
  const pictures = drawn.map((target) => `\n  ${targetName(target, style)}\n${histogram(target.buckets, LARGE_ROWS, style)}`);
  return table(columns, targets, style) + pictures.join('');
}

const targetName = ({ host, port }: { host: string; port: number }, { escapeText }: Style): string => `${escapeText(host)}:${port}`;

function limitEntry({ limit, address, port, allowed, found }: PassedLimit, isOfMany: boolean, style: Style): Entry {
  const where = isOfMany ? `${style.escapeText(address)}:${port}: ` : '';
  const what =
    limit === 'loss'
      ? `${Number(found.toPrecision(3))} % lost, ${allowed} % allowed`
      : `95 % within ${style.duration(found)}, ${style.duration(allowed)} allowed`;
  return sentence('over limit', `${where}${what}`, 'bad');
}
