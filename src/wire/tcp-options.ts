/** TCP options (RFC 9293 §3.2 and those named below). A list of them keeps order, duplicates, padding and nonsense. */
import { get16, get32, inRange, put8, put16, put32 } from './bytes.ts';
import { EncodeError } from './errors.ts';

export const KIND_END = 0;
export const KIND_NOP = 1;
/** Maximum segment size, RFC 9293 §3.7.1. */
export const KIND_MSS = 2;
/** Window scale, RFC 7323 §2. */
export const KIND_WINDOW_SCALE = 3;
/** RFC 2018 §2. */
export const KIND_SACK_PERMITTED = 4;
/** RFC 2018 §3. */
export const KIND_SACK = 5;
/** RFC 7323 §3. */
export const KIND_TIMESTAMPS = 8;
/** TCP MD5 signature, RFC 2385. */
export const KIND_MD5 = 19;
/** RFC 5482. */
export const KIND_USER_TIMEOUT = 28;
/** RFC 8684; its contents stay opaque. */
export const KIND_MPTCP = 30;
/** RFC 7413. */
export const KIND_FAST_OPEN = 34;

/** The option area of a header is at most 40 bytes: a data offset of 15 words less the 20 bytes before it. */
export const MAX_OPTIONS_LENGTH = 40;

/** A block of sequence numbers that arrived: left =< n < right. */
export interface SackBlock {
  left: number;
  right: number;
}

export type TcpOption =
  /** `padding`: what stands after it in the option area, by rule zeros. */
  | { kind: 0; name: 'end'; padding: Uint8Array }
  | { kind: 1; name: 'nop' }
  | { kind: 2; name: 'mss'; mss: number }
  | { kind: 3; name: 'window-scale'; shift: number }
  | { kind: 4; name: 'sack-permitted' }
  | { kind: 5; name: 'sack'; blocks: SackBlock[] }
  | { kind: 8; name: 'timestamps'; value: number; echoReply: number }
  | { kind: 19; name: 'md5'; digest: Uint8Array }
  /** `timeout` in seconds, or in minutes where `minutes` is set. */
  | { kind: 28; name: 'user-timeout'; minutes: boolean; timeout: number }
  | { kind: 30; name: 'mptcp'; data: Uint8Array }
  /** An empty cookie asks for one. */
  | { kind: 34; name: 'fast-open'; cookie: Uint8Array }
  /** Any other kind, or a known one with a length that its definition does not allow. `length` (undefined: compute) is the length byte. */
  | { kind: number; name: 'unknown'; data: Uint8Array; length?: number | undefined }
  /** A length byte that is missing, under 2 or past the end: reading stops, `bytes` is the rest of the area from the kind on. */
  | { kind: number; name: 'malformed'; bytes: Uint8Array };

/** The granularity bit of the user timeout (RFC 5482 §3). */
const MINUTES_BIT = 0x8000;

const EMPTY = new Uint8Array(0);

/** Reads a whole option area. Never throws: what makes no sense becomes `unknown` or `malformed`. */
export function decodeTcpOptions(area: Uint8Array): TcpOption[] {
  const options: TcpOption[] = [];
  let at = 0;
  while (at < area.length) {
    const kind = area[at];
    if (kind === KIND_NOP) {
      options.push({ kind, name: 'nop' });
      at += 1;
      continue;
    }
    if (kind === KIND_END) {
      options.push({ kind, name: 'end', padding: at + 1 < area.length ? area.subarray(at + 1) : EMPTY });
      break;
    }
    const length = at + 1 < area.length ? area[at + 1] : 0;
    if (length < 2 || at + length > area.length) {
      options.push({ kind, name: 'malformed', bytes: area.subarray(at) });
      break;
    }
    options.push(decodeOption(kind, length, area, at));
    at += length;
  }
  return options;
}

function decodeOption(kind: number, length: number, area: Uint8Array, at: number): TcpOption {
  const data = at + 2;
  switch (kind) {
    case KIND_MSS:
      if (length === 4) return { kind, name: 'mss', mss: get16(area, data) };
      break;
    case KIND_WINDOW_SCALE:
      if (length === 3) return { kind, name: 'window-scale', shift: area[data] };
      break;
    case KIND_SACK_PERMITTED:
      if (length === 2) return { kind, name: 'sack-permitted' };
      break;
    case KIND_SACK:
      if (length > 2 && (length - 2) % 8 === 0) {
        const blocks: SackBlock[] = [];
        for (let i = data; i < at + length; i += 8) blocks.push({ left: get32(area, i), right: get32(area, i + 4) });
        return { kind, name: 'sack', blocks };
      }
      break;
    case KIND_TIMESTAMPS:
      if (length === 10) return { kind, name: 'timestamps', value: get32(area, data), echoReply: get32(area, data + 4) };
      break;
    case KIND_MD5:
      if (length === 18) return { kind, name: 'md5', digest: area.subarray(data, at + length) };
      break;
    case KIND_USER_TIMEOUT:
      if (length === 4) {
        const field = get16(area, data);
        return { kind, name: 'user-timeout', minutes: field >= MINUTES_BIT, timeout: field & (MINUTES_BIT - 1) };
      }
      break;
    case KIND_MPTCP:
      if (length > 2) return { kind, name: 'mptcp', data: area.subarray(data, at + length) };
      break;
    case KIND_FAST_OPEN:
      if (length === 2 || (length >= 6 && length <= 18 && length % 2 === 0))
        return { kind, name: 'fast-open', cookie: area.subarray(data, at + length) };
      break;
  }
  return { kind, name: 'unknown', data: area.subarray(data, at + length), length };
}

/** Bytes that one option takes. */
export function tcpOptionLength(option: TcpOption): number {
  switch (option.name) {
    case 'end':
      return 1 + option.padding.length;
    case 'nop':
      return 1;
    case 'window-scale':
      return 3;
    case 'sack-permitted':
      return 2;
    case 'mss':
    case 'user-timeout':
      return 4;
    case 'sack':
      return 2 + 8 * option.blocks.length;
    case 'timestamps':
      return 10;
    case 'md5':
      return 2 + option.digest.length;
    case 'fast-open':
      return 2 + option.cookie.length;
    case 'mptcp':
    case 'unknown':
      return 2 + option.data.length;
    case 'malformed':
      return option.bytes.length;
  }
}

/**
 * Bytes that the options take in a header, padded with zeros to a multiple of four (zero is end-of-list).
 * @throws EncodeError over 40 bytes
 */
export function tcpOptionsLength(options: readonly TcpOption[]): number {
  if (options.length === 0) return 0;
  let length = 0;
  for (const option of options) length += tcpOptionLength(option);
  if (length > MAX_OPTIONS_LENGTH) throw new EncodeError('TCP options', `${length} bytes, ${MAX_OPTIONS_LENGTH} at most`);
  return (length + 3) & ~3;
}

/**
 * Writes the options into bytes[at …]. The bytes there must be zero where padding is to be.
 * @throws EncodeError where an option can't hold its value
 */
export function writeTcpOptions(options: readonly TcpOption[], bytes: Uint8Array, at: number): void {
  for (const option of options) {
    const length = tcpOptionLength(option);
    writeOption(option, length, bytes, at);
    at += length;
  }
}

function writeOption(option: TcpOption, length: number, bytes: Uint8Array, at: number): void {
  if (option.name === 'malformed') {
    bytes.set(option.bytes, at);
    return;
  }
  put8(bytes, at, option.kind, 'TCP option kind');
  if (option.name === 'nop') return;
  if (option.name === 'end') {
    bytes.set(option.padding, at + 1);
    return;
  }
  put8(bytes, at + 1, (option.name === 'unknown' ? option.length : undefined) ?? length, 'TCP option length');
  const data = at + 2;
  switch (option.name) {
    case 'mss':
      put16(bytes, data, option.mss, 'TCP option mss');
      break;
    case 'window-scale':
      put8(bytes, data, option.shift, 'TCP option window scale');
      break;
    case 'sack':
      option.blocks.forEach(({ left, right }, i) => {
        put32(bytes, data + 8 * i, left, 'TCP option SACK');
        put32(bytes, data + 8 * i + 4, right, 'TCP option SACK');
      });
      break;
    case 'timestamps':
      put32(bytes, data, option.value, 'TCP option timestamps');
      put32(bytes, data + 4, option.echoReply, 'TCP option timestamps');
      break;
    case 'md5':
      bytes.set(option.digest, data);
      break;
    case 'user-timeout':
      put16(
        bytes,
        data,
        (option.minutes ? MINUTES_BIT : 0) | inRange(option.timeout, MINUTES_BIT - 1, 'TCP option user timeout'),
        'TCP option user timeout',
      );
      break;
    case 'fast-open':
      bytes.set(option.cookie, data);
      break;
    case 'mptcp':
    case 'unknown':
      bytes.set(option.data, data);
      break;
  }
}

/** The first option of a name in the list. */
export function findOption<N extends TcpOption['name']>(
  options: readonly TcpOption[],
  name: N,
): Extract<TcpOption, { name: N }> | undefined {
  for (const option of options) if (option.name === name) return option as Extract<TcpOption, { name: N }>;
  return undefined;
}

const KNOWN_KINDS = new Set([
  KIND_MSS,
  KIND_WINDOW_SCALE,
  KIND_SACK_PERMITTED,
  KIND_SACK,
  KIND_TIMESTAMPS,
  KIND_MD5,
  KIND_USER_TIMEOUT,
  KIND_MPTCP,
  KIND_FAST_OPEN,
]);

/** True where an option has a length that RFC 9293 §3.2 or its own definition forbids. */
export function hasMalformedOptions(options: readonly TcpOption[]): boolean {
  for (const option of options) {
    if (option.name === 'malformed' || (option.name === 'unknown' && KNOWN_KINDS.has(option.kind))) return true;
  }
  return false;
}
