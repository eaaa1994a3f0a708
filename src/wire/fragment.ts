/** Cutting a datagram into fragments (RFC 791 §3.2). */
import { EncodeError } from './errors.ts';
import { decodeIpv4Header, type Ipv4Header, ipv4HeaderLength, writeIpv4Header } from './ipv4.ts';

/** An option with this bit stands in every fragment, any other in the first alone. */
const COPIED_BIT = 0x80;
const OPTION_END = 0;
const OPTION_NOP = 1;
const FRAGMENT_UNIT = 8;

/**
 * The fragments of a datagram, in order.
 * @param size payload bytes of each but the last; a multiple of 8
 * @throws EncodeError where the size is no such multiple
 */
export function fragment(datagram: Uint8Array, size: number): Uint8Array[] {
  if (size < FRAGMENT_UNIT || size % FRAGMENT_UNIT !== 0)
    throw new EncodeError('fragment size', `${size} is not a multiple of ${FRAGMENT_UNIT}`);
  const header = decodeIpv4Header(datagram);
  const body = datagram.subarray((header.ihl as number) * 4);
  const fragments: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    const isLast = at + size >= body.length;
    fragments.push(
      encodeFragment(
        {
          ...header,
          ihl: undefined,
          totalLength: undefined,
          checksum: undefined,
          options: at === 0 ? header.options : copiedOptions(header.options),
          dontFragment: false,
          // A datagram that was a fragment already keeps its place and its end.
          moreFragments: !isLast || header.moreFragments,
          fragmentOffset: header.fragmentOffset + at / FRAGMENT_UNIT,
        },
        piece,
      ),
    );
  }
  return fragments;
}

function encodeFragment(header: Ipv4Header, body: Uint8Array): Uint8Array {
  const start = ipv4HeaderLength(header);
  const bytes = new Uint8Array(start + body.length);
  bytes.set(body, start);
  writeIpv4Header(header, bytes, bytes.length);
  return bytes;
}

function copiedOptions(options: Uint8Array): Uint8Array {
  const copied: number[] = [];
  for (let at = 0; at < options.length; ) {
    const type = options[at] as number;
    if (type === OPTION_END) break;
    const length = type === OPTION_NOP ? 1 : (options[at + 1] ?? 0);
    if (length < 1 || at + length > options.length) break;
    if (type & COPIED_BIT) copied.push(...options.subarray(at, at + length));
    at += length;
  }
  while (copied.length % 4 !== 0) copied.push(OPTION_END);
  return Uint8Array.from(copied);
}
