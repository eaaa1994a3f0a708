/** `scan` as text: what was found, grouped by host, and what that rests on; or a line for each port when it is found. */
import type { PortEvent, ScanEvent, ScanProgressEvent, ScanResult, ScanStartEvent } from '../probe/events.ts';
import { verdictInk } from './entries.ts';
import { HostTally } from './scan-hosts.ts';
import { type PortRow, PortRows } from './scan-rows.ts';
import { type KnownOfScan, type ScanSummaryOptions, scanSummary } from './scan-summary.ts';
import { type ScanNames, scanTable } from './scan-table.ts';
import { createStyle, type Style, type StyleOptions } from './style.ts';
import { wrap } from './text.ts';
import { formatPercent, formatSpan, grouped } from './units.ts';

export interface ScanReporterOptions extends StyleOptions, ScanSummaryOptions {
  write: (text: string) => void;
  /** A line for each port when it is found, and nothing else. */
  quiet: boolean;
  /** Each port when it is found too, and how often it was tried. */
  verbose: boolean;
  names: ScanNames;
  /** Who is scanned, where that is one host: as it was asked for. */
  host: string | undefined;
  /** Which ports, where they are few. */
  portText: string;
  /** Which part of the whole; undefined: all of it. */
  shard: { index: number; count: number } | undefined;
  /** How many pairs of host and port earlier runs have settled. */
  settledBefore: number;
}

export interface ScanReporter {
  /** A port that an earlier run of the same scan has found. */
  recall(row: PortRow): void;
  event(event: ScanEvent): void;
}

/** Of ports that wait to be shown together; then they are shown, and others gathered. */
const MOST_ROWS = 1 << 16;

export function createScanReporter(options: ScanReporterOptions): ScanReporter {
  const { write, quiet, verbose, names } = options;
  const style = createStyle(options);
  const rows = new PortRows();
  const known: KnownOfScan = { start: undefined, hosts: undefined, unsent: undefined };
  let hasTable = false;
  /** Lines of ports were written since the last empty line. */
  let hasLines = false;

  const writeTable = (): void => {
    if (hasLines) write('\n');
    hasLines = false;
    const manyHosts = known.start?.hosts !== 1;
    const ownAddress = known.start?.sourceAddress;
    const rest = (address: string): readonly string[] => known.hosts?.restOf(address, style) ?? [];
    for (const text of scanTable(rows, { names, manyHosts, ownAddress, verbose, rest }, style)) write(text);
    rows.clear();
    hasTable = true;
  };
  const gather = (row: PortRow): void => {
    rows.add(row);
    if (rows.length >= MOST_ROWS) writeTable();
  };
  const end = (result: ScanResult): void => {
    if (rows.length > 0) writeTable();
    if (!hasTable) write(`  ${style.paint('faint', nothingText(options))}\n`);
    write(`\n${scanSummary(result, known, options, style)}`);
  };

  return {
    recall: (row) => (quiet ? write(portLine(row, options, style)) : gather(row)),
    event(event) {
      switch (event.type) {
        case 'start':
          known.start = event;
          if (!quiet) write(titleText(event, options, style));
          return;
        case 'port':
          if (quiet || verbose) write(portLine(event, options, style));
          hasLines = verbose;
          if (!quiet) gather(event);
          return;
        case 'host':
          known.hosts ??= new HostTally(options.shown);
          known.hosts.add(event);
          return;
        case 'unsent':
          known.unsent ??= event;
          if (!verbose || quiet) return;
          write(
            `  ${style.paint('bad', `not sent to ${style.escapeText(event.address)}:${event.port}: ${style.escapeText(event.message)}`)}\n`,
          );
          hasLines = true;
          return;
        case 'result':
          if (!quiet) end(event);
      }
    },
  };
}

function titleText(start: ScanStartEvent, { host, portText, shard, settledBefore, verbose }: ScanReporterOptions, style: Style): string {
  const parts = [`scan ${host === undefined ? `${grouped(start.hosts)} hosts` : style.escapeText(host)}, ${portText}`];
  if (start.hosts > 1 && start.ports > 1) parts[0] += ' of each';
  if (shard !== undefined) parts.push(`part ${shard.index} of ${shard.count}`);
  if (settledBefore > 0) parts.push(`${grouped(settledBefore)} of ${grouped(settledBefore + start.pairs)} done before`);
  const lines = wrap(parts.join(', '), style.width).map((line) => style.paint('strong', line));
  if (verbose) {
    const { version, startedAt, clock, seed, sourceAddress, sourcePort, sourcePorts } = start;
    const last = sourcePort + sourcePorts - 1;
    const ports = sourcePorts === 1 ? `${sourcePort}` : `${sourcePort}-${last}`;
    const details = `rawshake ${version}, ${startedAt}; from ${sourceAddress}:${ports}; seed ${seed}; times: sent by the ${clock.transmit} clock, received by the ${clock.receive} clock`;
    lines.push(...wrap(style.escapeText(details), style.width).map((line) => style.paint('faint', line)));
  }
  return `${lines.join('\n')}\n\n`;
}

const nothingText = ({ shown }: ScanSummaryOptions): string =>
  shown.has('open') ? 'no port is open' : `no port is ${[...shown].join(' or ')}`;

/** For scripts, as of the other commands: `open  10.0.0.2:80  syn-ack  rtt up to 312 µs`. */
function portLine(
  { verdict, address, port, reason, rttUs, proxied }: PortEvent | PortRow,
  { names }: ScanReporterOptions,
  { paint, escapeText, duration }: Style,
): string {
  const parts = [paint(verdictInk(verdict), verdict), `${escapeText(address)}:${port}`, escapeText(reason)];
  if (rttUs !== undefined) parts.push(`rtt up to ${duration(rttUs)}`);
  if (proxied) parts.push('proxied?');
  const service = names.service(port);
  if (service !== undefined) parts.push(escapeText(service));
  return `${parts.join('  ')}\n`;
}

/** For a line that changes. */
export function progressText(event: ScanProgressEvent): string {
  const { done, total, open, probesPerSecond, estimatedLossPercent, remainingMs } = event;
  const parts = [`${Math.floor((100 * done) / Math.max(1, total))} % of ${grouped(total)}`, `${grouped(open)} open`];
  parts.push(`${grouped(Math.round(probesPerSecond))}/s`);
  if (estimatedLossPercent !== undefined && estimatedLossPercent > 0) parts.push(`${formatPercent(estimatedLossPercent)} lost`);
  if (remainingMs !== undefined) parts.push(`${formatSpan(remainingMs)} left`);
  return parts.join(', ');
}
