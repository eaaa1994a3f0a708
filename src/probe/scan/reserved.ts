/**
 * IPv4 addresses at which no host can be, or none that is anybody's: what RFC 6890 and IANA's IPv4 special-purpose address
 * registry keep back, and multicast.
 *
 * Rows of the registry that are not here hold hosts: private use (RFC 1918), shared address space (RFC 6598, which carriers,
 * clouds and overlay networks use as they do private ones), loopback (RFC 1122), link local (RFC 3927), and the anycast
 * services AS112 (RFC 7534, RFC 7535) and AMT (RFC 7450).
 */
import type { Interval } from './intervals.ts';

export interface ReservedRange extends Interval {
  /** As the registry calls it. */
  readonly name: string;
  /** In CIDR notation. */
  readonly network: string;
  /** What reserves it. */
  readonly source: string;
}

const range = (first: number, prefixLength: number, network: string, name: string, source: string): ReservedRange => ({
  first,
  last: first + 2 ** (32 - prefixLength) - 1,
  network,
  name,
  source,
});

/** Disjoint but for the limited broadcast address, which stands before the range that it lies in. */
export const RESERVED_RANGES: readonly ReservedRange[] = [
  range(0x00000000, 8, '0.0.0.0/8', 'this network', 'RFC 791 §3.2'),
  range(0xc0000000, 24, '192.0.0.0/24', 'IETF protocol assignments', 'RFC 6890 §2.1'),
  range(0xc0000200, 24, '192.0.2.0/24', 'documentation (TEST-NET-1)', 'RFC 5737'),
  range(0xc0586300, 24, '192.88.99.0/24', '6to4 relay anycast, deprecated', 'RFC 7526'),
  range(0xc6120000, 15, '198.18.0.0/15', 'benchmarking', 'RFC 2544'),
  range(0xc6336400, 24, '198.51.100.0/24', 'documentation (TEST-NET-2)', 'RFC 5737'),
  range(0xcb007100, 24, '203.0.113.0/24', 'documentation (TEST-NET-3)', 'RFC 5737'),
  range(0xe0000000, 4, '224.0.0.0/4', 'multicast', 'RFC 5771'),
  range(0xffffffff, 32, '255.255.255.255/32', 'limited broadcast', 'RFC 919 §7'),
  range(0xf0000000, 4, '240.0.0.0/4', 'reserved', 'RFC 1112 §4'),
];
