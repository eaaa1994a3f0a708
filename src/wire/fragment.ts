/** Cutting a datagram into fragments (RFC 791 §3.2). */
import { EncodeError } from './errors.ts';
import { decodeIpv4Header } from './ipv4.ts';
import { encodePacket } from './packet.ts';

/** An option with this bit stands in every fragment, any other in the first alone. */
const COPIED_BIT = 0x80;
const OPTION_END = 0;
const OPTION_NOP = 1;

/** The fragment offset counts these. */
export const FRAGMENT_UNIT = 8;

/**
 * The fragments of a datagram, in order, "don't fragment" as it was.
 * @param size payload bytes of each but the last; a multiple of 8
 * @throws EncodeError where the size is no such multiple, or a fragment would begin past the last offset there is
 */
export function fragment(datagram: Uint8Array, size: number): Uint8Array[] {
  if (size < FRAGMENT_UNIT || size % FRAGMENT_UNIT !== 0)
    throw new EncodeError('fragment size', `${size} is not a multiple of ${FRAGMENT_UNIT}`);
  const header = decodeIpv4Header(datagram);
  const body = datagram.subarray((header.ihl as number) * 4);
  const fragments: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < body.length; at += size) {
    const isLast = at + size >= body.length;
    const ip = {
      ...header,
      ihl: undefined,
      totalLength: undefined,
      checksum: undefined,
      options: at === 0 ? header.options : copiedOptions(header.options),
      // A datagram that was a fragment already keeps its place and its end.
      moreFragments: !isLast || header.moreFragments,
      fragmentOffset: header.fragmentOffset + at / FRAGMENT_UNIT,
    };
    fragments.push(encodePacket({ ip, payload: body.subarray(at, at + size) }));
  }
  return fragments;
}

/** Up to the first option whose length makes no sense. */
function copiedOptions(options: Uint8Array): Uint8Array {
  const copied: number[] = [];
  for (let at = 0; at < options.length && options[at] !== OPTION_END; ) {
    const kind = options[at] as number;
    const length = kind === OPTION_NOP ? 1 : (options[at + 1] ?? 0);
    if ((kind !== OPTION_NOP && length < 2) || at + length > options.length) break;
    if (kind & COPIED_BIT) copied.push(...options.subarray(at, at + length));
    at += length;
  }
  while (copied.length % 4 !== 0) copied.push(OPTION_END);
  return Uint8Array.from(copied);
}
