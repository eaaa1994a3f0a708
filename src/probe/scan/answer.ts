/** An answer, read where it lies: thousands a second, so that nothing is copied or made an object of. */
import { get16, get32 } from '../../wire/bytes.ts';
import { fold, pseudoHeaderSum, sumWords } from '../../wire/checksum.ts';
import { PROTOCOL_TCP } from '../../wire/ipv4.ts';
import { TCP_CHECKSUM_OFFSET } from '../../wire/tcp.ts';

const TOTAL_LENGTH = 2;
const TTL = 8;
const PROTOCOL = 9;
const SOURCE = 12;
const DESTINATION = 16;
const SHORTEST_IP = 20;
const SHORTEST_TCP = 20;
const SEQ = 4;
const ACK = 8;
const DATA_OFFSET = 12;
const FLAGS = 13;
const WINDOW = 14;

/** The fields of the last segment that was read. */
export class SegmentReader {
  source = 0;
  destination = 0;
  sourcePort = 0;
  destinationPort = 0;
  ttl = 0;
  seq = 0;
  ack = 0;
  flags = 0;
  window = 0;
  hasOptions = false;

  /**
   * Reads a segment whose checksum is right, or was left to the network card (checksum.ts).
   * @returns whether bytes[at … at + length) hold one
   */
  read(bytes: Uint8Array, at: number, length: number): boolean {
    if (length < SHORTEST_IP || (bytes[at] as number) >> 4 !== 4 || bytes[at + PROTOCOL] !== PROTOCOL_TCP) return false;
    const tcp = at + ((bytes[at] as number) & 15) * 4;
    const end = at + get16(bytes, at + TOTAL_LENGTH);
    if (end > at + length || tcp < at + SHORTEST_IP || end < tcp + SHORTEST_TCP) return false;
    const headerLength = ((bytes[tcp + DATA_OFFSET] as number) >> 4) * 4;
    if (headerLength < SHORTEST_TCP || tcp + headerLength > end) return false;
    this.source = get32(bytes, at + SOURCE);
    this.destination = get32(bytes, at + DESTINATION);
    const pseudo = pseudoHeaderSum(this.source, this.destination, PROTOCOL_TCP, end - tcp);
    if (fold(sumWords(bytes, tcp, end, pseudo)) !== 0xffff && get16(bytes, tcp + TCP_CHECKSUM_OFFSET) !== fold(pseudo)) return false;
    this.sourcePort = get16(bytes, tcp);
    this.destinationPort = get16(bytes, tcp + 2);
    this.ttl = bytes[at + TTL] as number;
    this.seq = get32(bytes, tcp + SEQ);
    this.ack = get32(bytes, tcp + ACK);
    this.flags = (((bytes[tcp + DATA_OFFSET] as number) & 1) << 8) | (bytes[tcp + FLAGS] as number);
    this.window = get16(bytes, tcp + WINDOW);
    this.hasOptions = headerLength > SHORTEST_TCP;
    return true;
  }
}

/** Whether a datagram is TCP; else it is ICMP. */
export const isTcp = (bytes: Uint8Array, at: number): boolean => bytes[at + PROTOCOL] === PROTOCOL_TCP;
