import type { Ipv4Address } from '../../wire/address.ts';

/** A capture to be told. */
export interface ReplayRequest {
  /** The file, piece by piece. The pieces are not copied: leave them alone. */
  chunks: AsyncIterable<Uint8Array>;
  /** Tell these alone, by number; empty: all. They are numbered in the order in which they begin. */
  conversations: ReadonlySet<number>;
  /** Of either side; undefined: any. */
  address: Ipv4Address | undefined;
  /** Of either side; undefined: any. */
  port: number | undefined;
  /** Stops reading; what is known is told. */
  signal?: AbortSignal | undefined;
}
