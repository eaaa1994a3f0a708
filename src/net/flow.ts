/** Whose an arrival is: the four numbers that name a connection, read from datagrams, and a table of them. */
import type { Ipv4Address } from '../wire/address.ts';
import { ICMP_PARAMETER_PROBLEM, ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE } from '../wire/icmp.ts';
import { PROTOCOL_ICMP, PROTOCOL_TCP } from '../wire/ipv4.ts';

/** A connection as seen from this side. */
export interface Flow {
  readonly address: Ipv4Address;
  readonly port: number;
  readonly peerAddress: Ipv4Address;
  readonly peerPort: number;
}

const FRAGMENT = 6;
const FRAGMENT_OFFSET_MASK = 0x1fff;
const PROTOCOL = 9;
const SOURCE = 12;
const DESTINATION = 16;
const SHORTEST_HEADER = 20;
/** Where the quoted datagram starts within an ICMP error. */
const QUOTE = 8;

/** Where the payload of the datagram at `start` begins; undefined unless it is one of the protocol, not cut off before `needed` bytes of it. */
function payloadOf(view: DataView, start: number, protocol: number, needed: number): number | undefined {
  if (view.byteLength < start + SHORTEST_HEADER) return undefined;
  const version = view.getUint8(start) >> 4;
  const headerLength = (view.getUint8(start) & 15) * 4;
  if (version !== 4 || headerLength < SHORTEST_HEADER) return undefined;
  if (view.getUint8(start + PROTOCOL) !== protocol || view.getUint16(start + FRAGMENT) & FRAGMENT_OFFSET_MASK) return undefined;
  const payload = start + headerLength;
  return view.byteLength < payload + needed ? undefined : payload;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The flow that a TCP segment came for; undefined where it is none. */
export function flowOfSegment(datagram: Uint8Array): Flow | undefined {
  const view = viewOf(datagram);
  const tcp = payloadOf(view, 0, PROTOCOL_TCP, 4);
  if (tcp === undefined) return undefined;
  return {
    address: view.getUint32(DESTINATION),
    port: view.getUint16(tcp + 2),
    peerAddress: view.getUint32(SOURCE),
    peerPort: view.getUint16(tcp),
  };
}

/** The flow whose segment an ICMP error quotes; undefined where it is none, or quotes less than the ports. */
export function flowOfIcmpError(datagram: Uint8Array): Flow | undefined {
  const view = viewOf(datagram);
  const icmp = payloadOf(view, 0, PROTOCOL_ICMP, QUOTE);
  if (icmp === undefined) return undefined;
  const type = view.getUint8(icmp);
  if (type !== ICMP_UNREACHABLE && type !== ICMP_TIME_EXCEEDED && type !== ICMP_PARAMETER_PROBLEM) return undefined;
  const quote = icmp + QUOTE;
  const tcp = payloadOf(view, quote, PROTOCOL_TCP, 4);
  if (tcp === undefined) return undefined;
  return {
    address: view.getUint32(quote + SOURCE),
    port: view.getUint16(tcp),
    peerAddress: view.getUint32(quote + DESTINATION),
    peerPort: view.getUint16(tcp + 2),
  };
}

const same = (a: Flow, b: Flow): boolean =>
  a.port === b.port && a.peerPort === b.peerPort && a.peerAddress === b.peerAddress && a.address === b.address;

/** All but unique: a client has many ports towards one, a server one port towards many. Below 2^53. */
const keyOf = ({ port, peerAddress, peerPort }: Flow): number => peerAddress * 0x10000 + (port ^ peerPort);

/** The open flows. */
export class FlowTable<T extends Flow> {
  private readonly byKey = new Map<number, T[]>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(flow: T): void {
    const key = keyOf(flow);
    const others = this.byKey.get(key);
    if (others) others.push(flow);
    else this.byKey.set(key, [flow]);
    this.count++;
  }

  delete(flow: T): void {
    const key = keyOf(flow);
    const entries = this.byKey.get(key) ?? [];
    const index = entries.indexOf(flow);
    if (index < 0) return;
    if (entries.length === 1) this.byKey.delete(key);
    else entries.splice(index, 1);
    this.count--;
  }

  find(flow: Flow): T | undefined {
    return this.byKey.get(keyOf(flow))?.find((entry) => same(entry, flow));
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const entries of this.byKey.values()) yield* entries;
  }
}
