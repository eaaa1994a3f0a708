/** Ports as CSV (RFC 4180): a record each, with a header, in the order in which they are found. */
import type { PortRow } from './scan-rows.ts';
import type { ScanNames } from './scan-table.ts';

const COLUMNS = [
  'address',
  'host',
  'port',
  'service',
  'verdict',
  'reason',
  'rtt_us',
  'ttl',
  'attempts',
  'from',
  'proxied',
  'proxied_reason',
] as const;

type Column = (typeof COLUMNS)[number];

export const CSV_HEADER = record(COLUMNS);

/** Its line break included. What is not known is empty. */
export function csvRecord(row: PortRow, names: ScanNames): string {
  const { address, port, verdict, reason, rttUs, ttl, attempts, from, proxied, proxiedReason } = row;
  const fields: Record<Column, string | number | undefined> = {
    address,
    host: names.host(address),
    port,
    service: names.service(port),
    verdict,
    reason,
    rtt_us: rttUs === undefined ? undefined : Math.round(rttUs * 1000) / 1000,
    ttl,
    attempts,
    from,
    proxied: String(proxied),
    proxied_reason: proxiedReason,
  };
  return record(COLUMNS.map((column) => String(fields[column] ?? '')));
}

function record(fields: readonly string[]): string {
  return `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\r\n`;
}
