/** The data to send, from whichever of the data options was given. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ALPHABET_BYTES, alphabet } from '../probe/alphabet.ts';
import type { Args } from './args.ts';
import { CliError, usageError } from './errors.ts';
import { readingReasonOf, reasonOf } from './file-errors.ts';
import { escapedText, hex, quote, within } from './values.ts';

const CHUNK_BYTES = 64 * 1024;
const MOST_UP_FRONT_BYTES = 64 << 20;

const optionsGiven = (args: Args): string[] =>
  ['data', 'data-hex', 'data-file', 'data-length'].filter((name) => args.flag(name) !== undefined);

/** The bytes to send, piece by piece. @throws CliError where more than one is given, or the one given can't be read */
export function readData(args: Args): Iterable<Uint8Array> {
  const given = optionsGiven(args);
  if (given.length > 1) throw usageError(`${given.map((name) => `--${name}`).join(' and ')} at once`, 'give one of them');
  const bytes = args.read('data', escapedText) ?? args.read('data-hex', hex);
  if (bytes !== undefined) return bytes.length > 0 ? [bytes] : [];
  const length = args.read('data-length', within(0, Number.MAX_SAFE_INTEGER));
  if (length !== undefined) return letters(length);
  const file = args.text('data-file');
  if (file === undefined) return [];
  const fd = openForReading(file);
  const chunks = fileChunks(file, fd);
  return fstatSync(fd).isFile() ? chunks : upFront(chunks, file);
}

/** The same, from the beginning each time. A file stays open: who gives up root could not open it again. @throws CliError as {@link readData} */
export function readDataEachTime(args: Args): { data: () => Iterable<Uint8Array>; hasData: boolean } {
  const hasData = optionsGiven(args).length > 0;
  const first = readData(args);
  if (Array.isArray(first)) return { data: () => first, hasData };
  const file = args.text('data-file');
  if (file === undefined) return { data: () => readData(args), hasData };
  const fd = openForReading(file);
  return { data: () => fileChunks(file, fd, 0), hasData };
}

/** What comes from a pipe or a device may keep us waiting: all of it is read before anything is sent. */
function upFront(chunks: Iterable<Uint8Array>, file: string): Uint8Array[] {
  const all: Uint8Array[] = [];
  let length = 0;
  for (const chunk of chunks) {
    all.push(chunk);
    length += chunk.length;
    if (length > MOST_UP_FRONT_BYTES) {
      throw usageError(
        `--data-file: ${quote(file)} is no regular file and holds more than ${MOST_UP_FRONT_BYTES} bytes`,
        'put them into a file',
      );
    }
  }
  return all;
}

/** The data of one segment. @throws CliError as {@link readData}, and where they are more than fits */
export function readPayload(args: Args, most: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (const chunk of readData(args)) {
    chunks.push(chunk);
    length += chunk.length;
    // A file may have no end.
    if (length > most) break;
  }
  if (length > most) throw usageError(`--${optionsGiven(args)[0]}: more than the ${most} bytes that one datagram takes`, 'send less');
  return new Uint8Array(Buffer.concat(chunks));
}

/** The alphabet over and over, in pieces that each begin with A. */
function* letters(length: number): Generator<Uint8Array> {
  const whole = Math.floor(CHUNK_BYTES / ALPHABET_BYTES) * ALPHABET_BYTES;
  const chunk = alphabet(Math.min(whole, length));
  for (let left = length; left > 0; left -= chunk.length) yield left >= chunk.length ? chunk : chunk.subarray(0, left);
}

function openForReading(file: string): number {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    throw new CliError('no-input', `--data-file: can't read ${quote(file)}: ${readingReasonOf(error)}`, 'name a file that can be read');
  }
  if (!fstatSync(fd).isDirectory()) return fd;
  closeSync(fd);
  throw new CliError('no-input', `--data-file: ${quote(file)} is a directory`, 'name a file');
}

/** @param from where to begin, of a file that stays open; undefined: where it stands, and it is closed at the end */
function* fileChunks(file: string, fd: number, from?: number): Generator<Uint8Array> {
  try {
    for (let at = from; ; ) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const length = readSync(fd, chunk, 0, CHUNK_BYTES, at ?? null);
      if (at !== undefined) at += length;
      if (length === 0) return;
      yield chunk.subarray(0, length);
    }
  } catch (error) {
    throw new CliError('no-input', `--data-file: can't read ${quote(file)}: ${reasonOf(error)}`);
  } finally {
    if (from === undefined) closeSync(fd);
  }
}
