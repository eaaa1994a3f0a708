/** TCP options (RFC 9293 §3.2 and those named below). A list of them keeps order, duplicates, padding and nonsense. */
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

const EMPTY = new Uint8Array(0);

/** Reads a whole option area. Never throws: what makes no sense becomes `unknown` or `malformed`. */
export function decodeTcpOptions(area: Uint8Array): TcpOption[] {
  const options: TcpOption[] = [];
  if (area.length === 0) return options;
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength);
  let at = 0;
  while (at < area.length) {
    const kind = area[at] as number;
    if (kind === KIND_NOP) {
      options.push({ kind, name: 'nop' });
      at += 1;
      continue;
    }
    if (kind === KIND_END) {
      options.push({ kind, name: 'end', padding: at + 1 < area.length ? area.subarray(at + 1) : EMPTY });
      break;
    }
    const length = at + 1 < area.length ? (area[at + 1] as number) : 0;
    if (length < 2 || at + length > area.length) {
      options.push({ kind, name: 'malformed', bytes: area.subarray(at) });
      break;
    }
    options.push(decodeOption(kind, length, area, view, at));
    at += length;
  }
  return options;
}

function decodeOption(kind: number, length: number, area: Uint8Array, view: DataView, at: number): TcpOption {
  const data = at + 2;
  switch (kind) {
    case KIND_MSS:
      if (length === 4) return { kind, name: 'mss', mss: view.getUint16(data) };
      break;
    case KIND_WINDOW_SCALE:
      if (length === 3) return { kind, name: 'window-scale', shift: view.getUint8(data) };
      break;
    case KIND_SACK_PERMITTED:
      if (length === 2) return { kind, name: 'sack-permitted' };
      break;
    case KIND_SACK:
      if (length > 2 && (length - 2) % 8 === 0) {
        const blocks: SackBlock[] = [];
        for (let i = data; i < at + length; i += 8) blocks.push({ left: view.getUint32(i), right: view.getUint32(i + 4) });
        return { kind, name: 'sack', blocks };
      }
      break;
    case KIND_TIMESTAMPS:
      if (length === 10) return { kind, name: 'timestamps', value: view.getUint32(data), echoReply: view.getUint32(data + 4) };
      break;
    case KIND_MD5:
      if (length === 18) return { kind, name: 'md5', digest: area.subarray(data, at + length) };
      break;
    case KIND_USER_TIMEOUT:
      if (length === 4) {
        const field = view.getUint16(data);
        return { kind, name: 'user-timeout', minutes: field >= 0x8000, timeout: field & 0x7fff };
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
function optionLength(option: TcpOption): number {
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
  for (const option of options) length += optionLength(option);
  if (length > MAX_OPTIONS_LENGTH) throw new EncodeError('TCP', `${length} bytes of options, ${MAX_OPTIONS_LENGTH} at most`);
  return (length + 3) & ~3;
}

/** Writes the options at an offset. The bytes there must be zero where padding is to be. */
export function writeTcpOptions(options: readonly TcpOption[], view: DataView, offset: number): void {
  let at = offset;
  const put = (bytes: Uint8Array, where: number) => new Uint8Array(view.buffer, view.byteOffset).set(bytes, where);
  for (const option of options) {
    const length = optionLength(option);
    if (option.name === 'malformed') {
      put(option.bytes, at);
      at += length;
      continue;
    }
    view.setUint8(at, option.kind);
    const data = at + 2;
    if (option.name !== 'end' && option.name !== 'nop') {
      view.setUint8(at + 1, option.name === 'unknown' ? (option.length ?? length) : length);
    }
    switch (option.name) {
      case 'end':
        put(option.padding, at + 1);
        break;
      case 'mss':
        view.setUint16(data, option.mss);
        break;
      case 'window-scale':
        view.setUint8(data, option.shift);
        break;
      case 'sack':
        option.blocks.forEach(({ left, right }, i) => {
          view.setUint32(data + 8 * i, left);
          view.setUint32(data + 8 * i + 4, right);
        });
        break;
      case 'timestamps':
        view.setUint32(data, option.value);
        view.setUint32(data + 4, option.echoReply);
        break;
      case 'md5':
        put(option.digest, data);
        break;
      case 'user-timeout':
        view.setUint16(data, (option.minutes ? 0x8000 : 0) | option.timeout);
        break;
      case 'fast-open':
        put(option.cookie, data);
        break;
      case 'mptcp':
      case 'unknown':
        put(option.data, data);
        break;
    }
    at += length;
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
