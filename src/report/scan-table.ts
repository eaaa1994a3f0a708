/** The ports that a scan lists, as one table, host by host. */
import type { ProxiedReason } from '../probe/events.ts';
import { reasonText, verdictInk } from './entries.ts';
import type { PortRow, PortRows } from './scan-rows.ts';
import type { Style } from './style.ts';
import { type Column, GAP, INDENT, type Layout, layOut } from './table.ts';
import { flow, truncate } from './text.ts';
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
  /** Who says that a host is unreachable for want of an ARP answer: our own kernel. */
  ownAddress: string | undefined;
  /** How often each was tried, and who sent an ICMP error; and hosts that answer from every port as long as they are. */
  verbose: boolean;
  /** Of a host of many: what else was found, in parts of a line. */
  rest(address: string): readonly string[];
}

/** A line of the table. */
interface Row {
  of: PortRow;
  /** Where it is the first one of a host. */
  host: string;
  /** That it stands for as many ports; undefined: for itself. */
  ports: number | undefined;
}

/** What is written at once. */
const CHUNK_LENGTH = 1 << 16;
/** From so many ports on, those of a host that answers from every port share a line. */
const MANY_PROXIED = 20;

/** In pieces of many lines each. */
export function* scanTable(rows: PortRows, options: ScanTableOptions, style: Style): Generator<string> {
  const counted = options.verbose ? new Map<string, number>() : rows.hostsWith('answers-all', MANY_PROXIED);
  const lines: Iterable<Row> = { [Symbol.iterator]: () => linesOf(rows, counted, options, style) };
  const layout = layOut(columnsOf(options, style), lines, style);
  const restOf = (address: string): string => (options.manyHosts ? restText(options.rest(address), layout, style) : '');
  let text = layout.head;
  let address: string | undefined;
  for (const row of lines) {
    if (address !== undefined && row.of.address !== address) text += restOf(address);
    ({ address } = row.of);
    text += layout.line(row);
    if (text.length < CHUNK_LENGTH) continue;
    yield text;
    text = '';
  }
  yield address === undefined ? text : text + restOf(address);
}

/** @param counted hosts whose ports that answer as every port does share a line, and how many they are */
function* linesOf(rows: PortRows, counted: ReadonlyMap<string, number>, options: ScanTableOptions, style: Style): Generator<Row> {
  let address: string | undefined;
  let hasCounted = false;
  for (const row of rows) {
    const isFirst = row.address !== address;
    if (isFirst) hasCounted = false;
    ({ address } = row);
    const ports = row.proxiedReason === 'answers-all' ? counted.get(address) : undefined;
    if (ports !== undefined && hasCounted) continue;
    hasCounted ||= ports !== undefined;
    yield { of: row, host: isFirst ? hostText(address, options, style) : '', ports };
  }
}

/** Under the rows of a host of many. */
function restText(parts: readonly string[], { widths }: Layout<Row>, { paint, width }: Style): string {
  const indent = ' '.repeat(INDENT.length + (widths[0] as number) + GAP.length);
  return flow(parts, ', ', width - indent.length)
    .map((line) => `${indent}${paint('faint', line)}\n`)
    .join('');
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

function columnsOf({ names, manyHosts, ownAddress, verbose }: ScanTableOptions, style: Style): Column<Row>[] {
  const { escapeText, duration } = style;
  const reason = ({ reason, from }: PortRow): string => {
    if (from === ownAddress && reason === 'icmp-host-unreachable') return 'no ARP answer';
    return reasonText(reason, style) + (verbose && from !== undefined ? ` from ${escapeText(from)}` : '');
  };
  const proxied = ({ proxiedReason }: PortRow): string => (proxiedReason === undefined ? '' : `, ${PROXIED_TEXTS[proxiedReason]}`);
  /** Of a line for many ports it would be that of one of them. */
  const own = (text: (row: PortRow) => string) => (row: Row) => (row.ports === undefined ? text(row.of) : '');
  const columns: Column<Row>[] = [
    { head: 'port', cell: ({ of, ports }) => (ports === undefined ? String(of.port) : `${grouped(ports)} ports`), isNumber: true },
    { head: 'service', cell: own(({ port }) => escapeText(names.service(port) ?? '')), goes: 2 },
    {
      head: 'verdict',
      cell: ({ of: { verdict, proxied } }) => (proxied ? `${verdict} (proxied?)` : verdict),
      ink: ({ of: { verdict, proxied } }) => (proxied ? 'warning' : verdictInk(verdict)),
      cut: 3,
    },
    { head: 'reason', cell: ({ of }) => reason(of) + proxied(of), goes: 1, cut: 2 },
    { head: 'rtt up to', cell: own(({ rttUs }) => (rttUs === undefined ? '' : duration(rttUs))), isNumber: true, goes: 3 },
    { head: 'ttl', cell: own(({ ttl }) => String(ttl ?? '')), isNumber: true, goes: 4 },
  ];
  if (manyHosts) columns.unshift({ head: 'host', cell: ({ host }) => host, cut: 1 });
  if (verbose) columns.push({ head: 'tries', cell: own(({ attempts }) => String(attempts)), isNumber: true, goes: 5 });
  return columns;
}
