/** Segments put into bytes before anything is sent, to see whether that works. */
import { craft, datagramOf, piecesOf } from '../probe/segment-spec.ts';
import type { Variant } from '../probe/send/request.ts';
import { EncodeError } from '../wire/errors.ts';
import { usageError } from './errors.ts';

const HINTS: Readonly<Record<string, string>> = {
  'TCP options': 'leave some out; a SYN has those of Linux unless it is told --tcp-options none',
  'IPv4 options': 'leave some out',
  'IPv4 total length': 'a datagram has room for 65535 bytes, headers and all: send less',
  'IPv4 fragment offset': 'the last fragment begins 65528 bytes in at most: send less, or start earlier',
};

/** @throws CliError where one of them can't be put into bytes, or not be sent as it is */
export function checkSegments(variants: readonly Variant[]): void {
  const flow = { source: 0, sourcePort: 0, destination: 0, destinationPort: 0 };
  const numbers = { seq: 0, ack: 0, ipId: 1, timestamp: 0, mss: 0 };
  for (const { spec, label } of variants) {
    const at = label === undefined ? '' : `--sweep ${label}: `;
    try {
      const crafted = craft(spec, flow, numbers);
      piecesOf(datagramOf(crafted, 1), spec);
      if (spec.ipId === 0 && !crafted.ip.dontFragment)
        throw usageError(`${at}--ip-id: 0 without DF, and the kernel fills in an identification of its own there`, 'give another, or --df');
    } catch (error) {
      if (error instanceof EncodeError) throw usageError(`${at}${error.message}`, HINTS[error.field]);
      throw error;
    }
  }
}
