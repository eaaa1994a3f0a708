/** One figure of the benchmark: ours beside a peer's, or beside a goal of its own. */
export interface Row {
  what: string;
  ours: string;
  peer: string;
  /** Ours to the peer's where there is one. */
  ratio: string;
  goal: string;
  met: boolean;
}

const HEAD: Record<keyof Row, string> = { what: 'what', ours: 'rawshake', peer: 'peer', ratio: 'ratio', goal: 'goal', met: 'met' };

/** The rows as a Markdown table. */
export function table(rows: readonly Row[]): string {
  const keys = Object.keys(HEAD) as (keyof Row)[];
  const cells = [HEAD, ...rows.map((row) => ({ ...row, met: row.met ? 'yes' : 'no' }))].map((row) => keys.map((key) => String(row[key])));
  const widths = keys.map((_, i) => Math.max(...cells.map((line) => (line[i] as string).length)));
  const line = (values: readonly string[]) => `| ${values.map((value, i) => value.padEnd(widths[i] as number)).join(' | ')} |`;
  const [head = [], ...body] = cells;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

/** The middle one; of an even number the upper. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

export const grouped = (n: number): string => Math.round(n).toLocaleString('en-US');
