/** Initial sequence numbers by RFC 6528: ISN = M + F(local address and port, remote address and port, secret key). */
import type { Ipv4Address } from '../wire/address.ts';
import { seqAdd } from '../wire/seq.ts';

export interface FourTuple {
  localAddress: Ipv4Address;
  localPort: number;
  remoteAddress: Ipv4Address;
  remotePort: number;
}

/** F: a keyed pseudo-random function of 16 bytes, giving 32 bits. */
export type KeyedHash = (block: Uint8Array) => number;

/** M: a clock that ticks every 4 µs (RFC 9293 §3.4.1). */
const TICK_US = 4;

/** The ISN for a new connection. Numbers of one four-tuple grow with time; those of different ones tell nothing of each other. */
export function generateIss(tuple: FourTuple, nowUs: number, hash: KeyedHash): number {
  const block = new Uint8Array(16);
  const view = new DataView(block.buffer);
  view.setUint32(0, tuple.localAddress);
  view.setUint32(4, tuple.remoteAddress);
  view.setUint16(8, tuple.localPort);
  view.setUint16(10, tuple.remotePort);
  return seqAdd(hash(block), Math.floor(nowUs / TICK_US));
}
