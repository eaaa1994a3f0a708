/** Events as JSON Lines (`--json`). */
import type {
  ConversationResult,
  ErrorReport,
  ExpectationReport,
  ProbeEvent,
  ProbeResult,
  Reading,
  ReadingResult,
  ReplayResult,
} from '../probe/events.ts';
import { toHex } from '../wire/hex.ts';
import { escapeJson } from './escape.ts';

/** What is there to be drawn, and follows from the lines. */
const DRAWN: ReadonlySet<string> = new Set(['buckets', 'course']);

/** What a scan would go on from is for a file of its own. */
const NOT_PRINTED = { state: undefined };

/** Bytes as hex, numbers to the nanosecond of a value in µs; what is no number is left out. */
function jsonValue(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  if (DRAWN.has(key)) return undefined;
  // The value as it stands: a Buffer, as files are read into, has made something else of itself by now.
  const own = this[key];
  if (own instanceof Uint8Array) return toHex(own);
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value)) return undefined;
  return Number.isInteger(value) ? value : Math.round(value * 1000) / 1000;
}

const line = (record: object): string => `${escapeJson(JSON.stringify(record, jsonValue))}\n`;

/**
 * One line, its line feed included, for an event before the result; undefined for those that are not in the JSON.
 * A segment's payload is left out: `length` says how long it is.
 */
export function toJson(event: ProbeEvent): string | undefined {
  switch (event.type) {
    case 'data':
    case 'host':
    case 'checkpoint':
    case 'progress':
      return undefined;
    case 'start':
      return line({ ...event, startedAtNs: undefined });
    case 'test':
      return line({ ...event, records: undefined });
    case 'segment':
      return line({ ...event, payload: undefined, datagram: undefined, fragments: undefined });
    case 'icmp':
    case 'note':
      return line({ ...event, datagram: undefined });
    default:
      return line(event);
  }
}

/** A line, its line feed included, for a datagram that was read. */
export const readingLine = (reading: Reading): string => line(reading);

/**
 * The last line, its line feed included.
 * @param result undefined where the run did not come as far as to have one
 * @param error where not given, the result's own
 * @param expectations what came of them, where there are any
 */
export function resultLine(
  result: ProbeResult | ReadingResult | ReplayResult | ConversationResult | undefined,
  exitCode: number,
  error?: ErrorReport,
  expectations?: readonly ExpectationReport[],
): string {
  const { error: own, ...fields } = { error: undefined, ...(result ?? { type: 'result' }), ...NOT_PRINTED };
  const reported = error ?? own;
  return line({
    ...fields,
    expectations,
    exitCode,
    error: reported && { code: reported.code, message: reported.message, hint: reported.hint },
  });
}
