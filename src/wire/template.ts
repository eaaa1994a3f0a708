/**
 * A datagram of which many copies are sent that differ in a few fields alone. It is encoded once; of a copy only those
 * fields are written, and both checksums from them and the sum of what stays.
 */
import { put16, put32 } from './bytes.ts';
import { fold, pseudoHeaderSum, sumWords } from './checksum.ts';
import { type Ipv4Header, ipv4HeaderLength, PROTOCOL_TCP } from './ipv4.ts';
import { finalDestination } from './ipv4-options.ts';
import { encodePacket } from './packet.ts';
import { TCP_CHECKSUM_OFFSET, type TcpSegment } from './tcp.ts';

/** What differs from copy to copy. */
export interface TemplateFields {
  destination: number;
  sourcePort: number;
  destinationPort: number;
  seq: number;
  ack: number;
  ipId: number;
}

const IP_ID = 4;
const IP_CHECKSUM = 10;
const IP_DESTINATION = 16;
const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const SEQ = 4;
const ACK = 8;

const BLANK_IP = { destination: 0, id: 0 };
const BLANK_TCP = { sourcePort: 0, destinationPort: 0, seq: 0, ack: 0 };

const sum32 = (word: number): number => (word >>> 16) + (word & 0xffff);

/**
 * Checksums are updated as RFC 1624 §3 has it (eqn. 3: HC' = ~(~HC + ~m + m')), from a template in which every m is zero,
 * so that ~m drops out. ~HC is kept as the sum before it is folded, which is the very sum that a whole new checksum would
 * fold: so 0x0000 and 0xffff, both zero in ones' complement and mixed up by RFC 1141's equation, come out as they must.
 */
export class Template {
  /** Bytes of each copy. */
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #tcpAt: number;
  /** Sums of all that stays the same; undefined where the checksum was given, and stays too. */
  readonly #ipSum: number | undefined;
  readonly #tcpSum: number | undefined;
  /** On a source route the segment's checksum covers the route's end, which stays. */
  readonly #isRouted: boolean;

  /**
   * @param packet as for encodePacket; what it has in the fields that differ is not looked at
   * @throws EncodeError where a field can't hold its value
   */
  constructor({ ip, tcp }: { ip: Ipv4Header; tcp: TcpSegment }) {
    this.#bytes = encodePacket({ ip: { ...ip, ...BLANK_IP }, tcp: { ...tcp, ...BLANK_TCP } });
    this.length = this.#bytes.length;
    this.#tcpAt = ipv4HeaderLength(ip);
    this.#isRouted = finalDestination(0, ip.options) === finalDestination(1, ip.options);
    if (ip.checksum === undefined) {
      put16(this.#bytes, IP_CHECKSUM, 0, 'IPv4 checksum');
      this.#ipSum = sumWords(this.#bytes, 0, this.#tcpAt);
    }
    if (tcp.checksum === undefined) {
      put16(this.#bytes, this.#tcpAt + TCP_CHECKSUM_OFFSET, 0, 'TCP checksum');
      const pseudo = pseudoHeaderSum(
        ip.source,
        finalDestination(BLANK_IP.destination, ip.options),
        PROTOCOL_TCP,
        this.length - this.#tcpAt,
      );
      this.#tcpSum = sumWords(this.#bytes, this.#tcpAt, this.length, pseudo);
    }
  }

  /** Writes what all copies have in common to arena[at … at + length): once for each place, however often that is patched. */
  copyTo(arena: Uint8Array, at: number): void {
    arena.set(this.#bytes, at);
  }

  /**
   * Makes the copy at arena[at …] one of these fields: byte for byte what encodePacket would give.
   * @throws EncodeError where a field can't hold its value
   */
  patch(arena: Uint8Array, at: number, { destination, sourcePort, destinationPort, seq, ack, ipId }: TemplateFields): void {
    const tcpAt = at + this.#tcpAt;
    put32(arena, at + IP_DESTINATION, destination, 'IPv4 destination');
    put16(arena, at + IP_ID, ipId, 'IPv4 identification');
    put16(arena, tcpAt + SOURCE_PORT, sourcePort, 'TCP source port');
    put16(arena, tcpAt + DESTINATION_PORT, destinationPort, 'TCP destination port');
    put32(arena, tcpAt + SEQ, seq, 'TCP sequence number');
    put32(arena, tcpAt + ACK, ack, 'TCP acknowledgment number');
    const destinationSum = sum32(destination);
    if (this.#ipSum !== undefined) put16(arena, at + IP_CHECKSUM, ~fold(this.#ipSum + destinationSum + ipId) & 0xffff, 'IPv4 checksum');
    if (this.#tcpSum === undefined) return;
    const pseudo = this.#isRouted ? 0 : destinationSum;
    const sum = this.#tcpSum + pseudo + sourcePort + destinationPort + sum32(seq) + sum32(ack);
    put16(arena, tcpAt + TCP_CHECKSUM_OFFSET, ~fold(sum) & 0xffff, 'TCP checksum');
  }
}
