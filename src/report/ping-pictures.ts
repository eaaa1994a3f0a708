/** Round trips drawn with characters: how they went, and how they are spread. */
import type { Bucket, Course } from '../probe/events.ts';
import type { Style } from './style.ts';
import { displayWidth, padEnd, padStart } from './text.ts';

const INDENT = '  ';
const MOST_BAR = 50;

/**
 * The round trips in one line, from the first probe to the last; a probe that was lost is a cross.
 * @param width columns at most
 * @returns the line, and a second one, or the end of the first where there is room, with what it spans
 */
export function sparkline({ cells, probesPerCell }: Course, style: Style, width: number): string[] {
  const { paint, duration } = style;
  const group = Math.max(1, Math.ceil(cells.length / width));
  const shown = Array.from({ length: Math.ceil(cells.length / group) }, (_, i) => merged(cells.slice(i * group, (i + 1) * group)));
  const { low, high, line } = sparks(shown, style);
  const probes = probesPerCell * group;
  const each = probes === 1 ? '' : `, each the mean of ${probes}`;
  const range = high > low ? `${duration(low)} to ${duration(high)}${each}` : duration(low);
  const isShort = line.length + 2 + displayWidth(range) <= width;
  return isShort ? [`${line.join('')}  ${paint('faint', range)}`] : [line.join(''), paint('faint', range)];
}

/** A character for each cell, on a scale from the shortest of them to the longest. */
export function sparks(cells: readonly Cell[], { glyphs, paint }: Style): { line: string[]; low: number; high: number } {
  const means = cells.flatMap(({ meanUs }) => (meanUs === undefined ? [] : [meanUs]));
  const low = Math.min(...means);
  const high = Math.max(...means);
  const line = cells.map(({ meanUs, lost }) => {
    if (meanUs === undefined) return lost > 0 ? paint('bad', glyphs.lost) : ' ';
    const level = high > low ? Math.round(((meanUs - low) / (high - low)) * (glyphs.levels.length - 1)) : 0;
    const glyph = glyphs.levels[level] as string;
    return lost > 0 ? paint('warning', glyph) : glyph;
  });
  return { line, low, high };
}

type Cell = Course['cells'][number];

function merged(cells: readonly Cell[]): Cell {
  const means = cells.flatMap(({ meanUs }) => (meanUs === undefined ? [] : [meanUs]));
  return {
    meanUs: means.length === 0 ? undefined : means.reduce((sum, mean) => sum + mean, 0) / means.length,
    lost: cells.reduce((sum, { lost }) => sum + lost, 0),
  };
}

/** How the round trips are spread: a bar for each of so many ranges of the same relative width. @param most rows */
export function histogram(buckets: readonly Bucket[], most: number, style: Style): string {
  const { paint, duration, width } = style;
  const rows = rowsOf(buckets, most);
  const labels = rows.map(({ fromUs }) => duration(fromUs));
  const labelWidth = Math.max(...labels.map(displayWidth));
  const highest = Math.max(...rows.map(({ count }) => count));
  const countWidth = String(highest).length;
  const room = Math.min(MOST_BAR, width - INDENT.length - labelWidth - countWidth - 4);
  return rows
    .map(({ count }, i) => {
      const label = paint('faint', padStart(labels[i] as string, labelWidth));
      const drawn = padEnd(bar(count / highest, room, style), room);
      return `${INDENT}${label} ${style.glyphs.life}${paint('received', drawn)} ${padStart(count === 0 ? '' : String(count), countWidth)}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join('');
}

/** No row is narrower than a bucket, or some would be empty for no reason. */
const LEAST_RATIO = 65 / 64;

function rowsOf(buckets: readonly Bucket[], most: number): Bucket[] {
  const low = (buckets[0] as Bucket).fromUs;
  const high = (buckets.at(-1) as Bucket).toUs;
  const count = Math.max(1, Math.min(most, Math.floor(Math.log(high / low) / Math.log(LEAST_RATIO))));
  const edge = (i: number): number => low * (high / low) ** (i / count);
  const rows = Array.from({ length: count }, (_, i) => ({ fromUs: edge(i), toUs: edge(i + 1), count: 0 }));
  for (const { fromUs, toUs, count: found } of buckets) {
    const middle = (fromUs + toUs) / 2;
    const row = rows[Math.min(count - 1, Math.floor((Math.log(middle / low) / Math.log(high / low)) * count))] as Bucket;
    row.count += found;
  }
  return rows;
}

/** What is there is seen, be it ever so little. @param share 0 to 1 */
function bar(share: number, width: number, { glyphs }: Style): string {
  if (share === 0) return '';
  const parts = glyphs.bar.length;
  const length = Math.max(1, Math.round(share * width * parts));
  const whole = Math.floor(length / parts);
  return (glyphs.bar[parts - 1] as string).repeat(whole) + (length % parts === 0 ? '' : (glyphs.bar[(length % parts) - 1] as string));
}
