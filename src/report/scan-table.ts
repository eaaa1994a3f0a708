/** The ports that a scan lists, as one table, host by host. */
import type { ProxiedReason } from '../probe/events.ts';
import { reasonText, verdictInk } from './entries.ts';
import type { PortRow, PortRows } from './scan-rows.ts';
import type { Style } from './style.ts';
import { type Column, GAP, INDENT, type Layout, layOut } from './table.ts';
import { displayWidth, flow, padEnd, truncate } from './text.ts';
import { grouped } from './units.ts';

/** What people call them. */
export interface ScanNames {
  /** `undefined`: it has none. */
  service(port: number): string | undefined;
  /** As the host was asked for, where that was not by its address. */
  host(address: string): string | undefined;
}

export interface ScanTableOptions {
  names: ScanNames;
  /** A host of many: each is named. */
  manyHosts: boolean;
  /** How often each was tried, and who sent an ICMP error; and hosts that answer from every port as long as they are. */
  verbose: boolean;
  /** Of a host of many: what else was found, in parts of a line. */
  rest(address: string): readonly string[];
}

/** A row, and its host where it is the first one of it. */
type Row = PortRow & { host: string };

/** What is written at once. */
const CHUNK_LENGTH = 1 << 16;
/** From so many ports on, those of a host that answers from every port are only counted. */
const MANY_PROXIED = 20;

/** In pieces of many lines each. */
export function* scanTable(rows: PortRows, options: ScanTableOptions, style: Style): Generator<string> {
  const { manyHosts, rest } = options;
  const listed: Iterable<Row> = {
    *[Symbol.iterator]() {
      for (const host of rows.hosts()) yield* rowsOf(host, options, style);
    },
  };
  const layout = layOut(columnsOf(options, style), listed, style);
  let text = layout.head;
  for (const host of rows.hosts()) {
    const shown = rowsOf(host, options, style);
    for (const row of shown) text += layout.line(row);
    const [first] = host as [PortRow];
    const proxied = host.length - shown.length;
    const parts = proxied === 0 ? [] : [`${grouped(proxied)} open (proxied?): it answers SYN+ACK from every port`];
    if (manyHosts) parts.push(...rest(first.address));
    text += restLines(parts, manyHosts ? hostText(first.address, options, style) : undefined, shown.length > 0, layout, style);
    if (text.length < CHUNK_LENGTH) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

/** @param host of many. @param isNamed its name stands above */
function restLines(parts: readonly string[], host: string | undefined, isNamed: boolean, { widths }: Layout<Row>, style: Style): string {
  if (parts.length === 0) return '';
  const { paint, width } = style;
  const hostWidth = widths[0] as number;
  const head = host === undefined ? '' : padEnd(isNamed ? '' : host, hostWidth) + GAP;
  const indent = displayWidth(INDENT + head);
  const lines = flow(parts, ', ', width - indent);
  return lines.map((line, i) => `${INDENT}${i === 0 ? head : ' '.repeat(indent - INDENT.length)}${paint('faint', line)}\n`).join('');
}

/** The ports of a host that get a row each. */
function rowsOf(host: readonly PortRow[], options: ScanTableOptions, style: Style): Row[] {
  const isOfAll = ({ proxiedReason }: PortRow): boolean => proxiedReason === 'answers-all';
  const isLong = !options.verbose && host.filter(isOfAll).length >= MANY_PROXIED;
  const shown = isLong ? host.filter((row) => !isOfAll(row)) : host;
  return shown.map((row, i) => ({ ...row, host: i === 0 ? hostText(row.address, options, style) : '' }));
}

/** `'192.0.2.1'`, or `'192.0.2.1 example.com'`. */
function hostText(address: string, { names }: ScanTableOptions, { escapeText, width, glyphs }: Style): string {
  const name = names.host(address);
  if (name === undefined) return escapeText(address);
  return truncate(`${escapeText(address)} ${escapeText(name)}`, Math.floor(width / 3), glyphs.ellipsis);
}

/** What makes an open port look like a proxy's. */
const PROXIED_TEXTS: Readonly<Record<ProxiedReason, string>> = {
  'answers-all': 'as every port',
  'no-options': 'no options',
  'zero-window': 'window 0',
  'other-ttl': 'other TTL',
};

function columnsOf({ names, manyHosts, verbose }: ScanTableOptions, style: Style): Column<Row>[] {
  const { escapeText, duration } = style;
  const from = ({ from }: Row): string => (verbose && from !== undefined ? ` from ${escapeText(from)}` : '');
  const proxied = ({ proxiedReason }: Row): string => (proxiedReason === undefined ? '' : `, ${PROXIED_TEXTS[proxiedReason]}`);
  const columns: Column<Row>[] = [
    { head: 'port', cell: ({ port }) => String(port), isNumber: true },
    { head: 'service', cell: ({ port }) => escapeText(names.service(port) ?? ''), goes: 1 },
    {
      head: 'verdict',
      cell: ({ verdict, proxied }) => (proxied ? `${verdict} (proxied?)` : verdict),
      ink: ({ verdict, proxied }) => (proxied ? 'warning' : verdictInk(verdict)),
      cut: 3,
    },
    { head: 'reason', cell: (row) => reasonText(row.reason, style) + from(row) + proxied(row), cut: 2 },
    { head: 'rtt', cell: ({ rttUs }) => (rttUs === undefined ? '' : duration(rttUs)), isNumber: true, goes: 2 },
    { head: 'ttl', cell: ({ ttl }) => String(ttl ?? ''), isNumber: true, goes: 3 },
  ];
  if (manyHosts) columns.unshift({ head: 'host', cell: ({ host }) => host, cut: 1 });
  if (verbose) columns.push({ head: 'tries', cell: ({ attempts }) => String(attempts), isNumber: true, goes: 4 });
  return columns;
}
