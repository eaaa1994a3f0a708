/** What Wireshark's dissectors read in a capture. */
import { execFileSync } from 'node:child_process';

/** Each packet by itself, numbers as they stand in the headers, checksums judged. */
const OPTIONS = [
  'ip.defragment:FALSE',
  'ip.check_checksum:TRUE',
  'tcp.check_checksum:TRUE',
  'tcp.relative_sequence_numbers:FALSE',
  'tcp.analyze_sequence_numbers:FALSE',
  'tcp.desegment_tcp_streams:FALSE',
  'tcp.calculate_timestamps:FALSE',
].flatMap((option) => ['-o', option]);

/** A field's values in one packet, in order: a header and the one that an ICMP error quotes may both have it. */
export type Values = readonly string[];

/**
 * Reads fields of every packet that a display filter lets pass.
 * @returns for each packet the values by the field's name
 */
export function tshark<F extends string>(file: string, filter: string, fields: readonly F[]): Record<F, Values>[] {
  const format = ['-T', 'fields', '-E', 'separator=/t', '-E', 'occurrence=a', '-E', 'aggregator=|'];
  const argv = ['-n', '-r', file, '-Y', filter, ...OPTIONS, ...format];
  const output = execFileSync('tshark', [...argv, ...fields.flatMap((field) => ['-e', field])], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    // It warns of root, and of each option it does not need.
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const cells = line.split('\t');
      return Object.fromEntries(fields.map((field, i) => [field, cells[i] ? cells[i].split('|') : []])) as unknown as Record<F, Values>;
    });
}

/** Of a checksum field's status. */
export const CHECKSUM_STATUS: Readonly<Record<string, string>> = { 0: 'wrong', 1: 'correct', 2: 'unverified', 3: 'absent' };
