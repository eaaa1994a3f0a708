/** IPv4 options (RFC 791 §3.1, RFC 2113): read for people to see, and the two that are made by name. */
import type { Ipv4Address } from './address.ts';
import { get16, get32 } from './bytes.ts';

const KIND_END = 0;
const KIND_NOP = 1;
const KIND_RECORD_ROUTE = 7;
const KIND_TIMESTAMP = 68;
const KIND_LOOSE_ROUTE = 131;
const KIND_STRICT_ROUTE = 137;
const KIND_ROUTER_ALERT = 148;

/** The option area of a header is at most 40 bytes: a header length of 15 words less the 20 bytes before it. */
export const MAX_IPV4_OPTIONS_LENGTH = 40;

export type Ipv4Option =
  /** `padding`: what stands after it in the option area, by rule zeros. */
  | { kind: 0; name: 'end'; padding: Uint8Array }
  | { kind: 1; name: 'nop' }
  /** `pointer`: where the next address goes, counted from 1 at the kind; `addresses`: every slot, used or not. */
  | { kind: number; name: 'record-route' | 'loose-source-route' | 'strict-source-route'; pointer: number; addresses: Ipv4Address[] }
  /** `flag`: 0 times alone, 1 addresses and times, 3 addresses given; `overflow`: hosts that found no room. */
  | { kind: 68; name: 'timestamp'; pointer: number; overflow: number; flag: number; words: number[] }
  | { kind: 148; name: 'router-alert'; value: number }
  /** Any other kind, or a known one of an odd length. */
  | { kind: number; name: 'unknown'; data: Uint8Array }
  /** A length byte that is missing, under 2 or past the end: reading stops, `bytes` is the rest of the area from the kind on. */
  | { kind: number; name: 'malformed'; bytes: Uint8Array };

/** Reads a whole option area. Never throws: what makes no sense becomes `unknown` or `malformed`. */
export function decodeIpv4Options(area: Uint8Array): Ipv4Option[] {
  const options: Ipv4Option[] = [];
  for (let at = 0; at < area.length; ) {
    const kind = area[at] as number;
    if (kind === KIND_NOP) {
      options.push({ kind, name: 'nop' });
      at += 1;
      continue;
    }
    if (kind === KIND_END) {
      options.push({ kind, name: 'end', padding: area.subarray(at + 1) });
      break;
    }
    const length = area[at + 1] ?? 0;
    if (length < 2 || at + length > area.length) {
      options.push({ kind, name: 'malformed', bytes: area.subarray(at) });
      break;
    }
    options.push(decodeOption(kind, area.subarray(at + 2, at + length)));
    at += length;
  }
  return options;
}

const ROUTES = new Map<number, 'record-route' | 'loose-source-route' | 'strict-source-route'>([
  [KIND_RECORD_ROUTE, 'record-route'],
  [KIND_LOOSE_ROUTE, 'loose-source-route'],
  [KIND_STRICT_ROUTE, 'strict-source-route'],
]);

/** @param data what follows kind and length */
function decodeOption(kind: number, data: Uint8Array): Ipv4Option {
  const route = ROUTES.get(kind);
  if (route !== undefined && data.length % 4 === 1) {
    return { kind, name: route, pointer: data[0] as number, addresses: words(data, 1) };
  }
  if (kind === KIND_TIMESTAMP && data.length >= 2 && data.length % 4 === 2) {
    const [pointer = 0, overflowAndFlag = 0] = data;
    return { kind, name: 'timestamp', pointer, overflow: overflowAndFlag >> 4, flag: overflowAndFlag & 15, words: words(data, 2) };
  }
  if (kind === KIND_ROUTER_ALERT && data.length === 2) return { kind, name: 'router-alert', value: get16(data, 0) };
  return { kind, name: 'unknown', data };
}

/**
 * Where a datagram goes in the end: on a source route that is not at its end, the last address of that, and not the one
 * in the header (RFC 791 §3.1). The checksum of the segment covers this one.
 */
export function finalDestination(destination: Ipv4Address, options: Uint8Array): Ipv4Address {
  if (options.length === 0) return destination;
  for (const option of decodeIpv4Options(options)) {
    if (option.name !== 'loose-source-route' && option.name !== 'strict-source-route') continue;
    // The pointer counts from 1 at the kind; kind, length and pointer itself come before the addresses.
    const isOnItsWay = option.pointer <= 3 + 4 * option.addresses.length;
    return isOnItsWay ? (option.addresses.at(-1) ?? destination) : destination;
  }
  return destination;
}

function words(data: Uint8Array, from: number): number[] {
  const read: number[] = [];
  for (let at = from; at < data.length; at += 4) read.push(get32(data, at));
  return read;
}

/** Asks each router for its address: room for nine, and a no-operation that fills the last word, as `ping -R` has it. */
export function recordRoute(): Uint8Array {
  const bytes = new Uint8Array(MAX_IPV4_OPTIONS_LENGTH);
  bytes.set([KIND_NOP, KIND_RECORD_ROUTE, MAX_IPV4_OPTIONS_LENGTH - 1, 4]);
  return bytes;
}

/** Asks each host on the way for the time at which it passed: room for nine, without addresses. */
export function timestampOption(): Uint8Array {
  const bytes = new Uint8Array(MAX_IPV4_OPTIONS_LENGTH);
  bytes.set([KIND_TIMESTAMP, MAX_IPV4_OPTIONS_LENGTH, 5, 0]);
  return bytes;
}
