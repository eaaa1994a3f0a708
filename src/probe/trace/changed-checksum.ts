/** Whether a quoted TCP checksum says anything that the rest of the quote does not. */
import { get16 } from '../../wire/bytes.ts';
import { fold, pseudoHeaderSum, sumWords } from '../../wire/checksum.ts';
import { type Ipv4Header, PROTOCOL_TCP } from '../../wire/ipv4.ts';
import { finalDestination } from '../../wire/ipv4-options.ts';
import { TCP_CHECKSUM_OFFSET } from '../../wire/tcp.ts';

interface Sent {
  ip: Ipv4Header;
  segment: Uint8Array;
}

interface Seen extends Sent {
  /** Of the segment when it was quoted, of which there may be only the beginning. */
  length: number;
}

const pseudoSum = ({ source, destination, options }: Ipv4Header, length: number): number =>
  pseudoHeaderSum(source, finalDestination(destination, options), PROTOCOL_TCP, length);

/** In ones' complement 0xffff is zero too. */
const isSameSum = (a: number, b: number): boolean => fold(a) % 0xffff === fold(b) % 0xffff;

/**
 * True where the quoted checksum is the one sent, follows from what else the quote shows changed (a NAT that rewrites a port sets it
 * right), is left to the network card, or where the quote is cut off and its segment not the length it had: then nobody can tell.
 */
export function explainsChecksum(sent: Sent, seen: Seen): boolean {
  const { segment, length } = seen;
  const checksum = get16(segment, TCP_CHECKSUM_OFFSET);
  if (checksum === get16(sent.segment, TCP_CHECKSUM_OFFSET)) return true;
  const pseudo = pseudoSum(seen.ip, length);
  if (checksum === fold(pseudo)) return true;
  const isWhole = segment.length === length;
  const total = pseudo + sumWords(segment, 0, segment.length);
  if (isWhole && isSameSum(total, 0)) return true;
  if (!isWhole && length !== sent.segment.length) return true;
  const comparable = isWhole ? sent.segment.length : segment.length;
  // What was changed with care leaves the sum as it was, also that of a checksum sent wrong on purpose (RFC 1624).
  return isSameSum(total, pseudoSum(sent.ip, sent.segment.length) + sumWords(sent.segment, 0, comparable));
}
