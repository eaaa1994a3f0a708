/** Where a crafted segment goes and comes from: a whole one, given as hex, says it itself. */
import type { SegmentSpec } from '../probe/segment-spec.ts';
import { get16 } from '../wire/bytes.ts';
import type { Args } from './args.ts';
import { type PathChoice, readPath } from './common.ts';
import { usageError } from './errors.ts';
import { readTarget, type Target } from './target.ts';

const HIGHEST_PORT = 0xffff;

/** @throws CliError as `readTarget`, and where the segment is for another port */
export function readSegmentTarget({ positionals }: Args, { bytes }: SegmentSpec): Target {
  if (bytes === undefined) return readTarget(positionals);
  const port = get16(bytes, 2);
  const [host = '', given] = positionals;
  if (given === undefined && !host.includes(':')) return { host, portText: String(port), port };
  const target = readTarget(positionals);
  if (target.port !== port)
    throw usageError(`PORT: ${target.portText}, but the segment of --hex is for port ${port}`, 'leave PORT out, or change the segment');
  return target;
}

/** Where it leaves. @throws CliError where the segment comes from another port than the one that was given */
export function readSegmentPath(args: Args, { bytes }: SegmentSpec): PathChoice {
  const path = readPath(args);
  if (bytes === undefined) return path;
  const { sourcePort: given } = path;
  const port = get16(bytes, 0);
  if (port === 0) throw usageError('--hex: its source port is 0, which no answer could come back to', 'give it one from 1 to 65535');
  if (given !== undefined && given !== port)
    throw usageError(`--source-port: ${given}, but the segment of --hex comes from port ${port}`, 'leave it out, or change the segment');
  return { ...path, sourcePort: port };
}

/** Whether each may have a port of its own, one behind the other from the one that was asked for. @throws CliError */
export function checkSourcePorts(first: number | undefined, count: number, each: 'segment' | 'flow'): void {
  if (first !== undefined && first + count - 1 > HIGHEST_PORT)
    throw usageError(
      `--source-port: ${first} is the first of ${count}, one for each ${each}, and they end at ${HIGHEST_PORT}`,
      'give a lower one',
    );
}
