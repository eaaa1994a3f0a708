/** What a link puts before a datagram, by the link types of captures (https://www.tcpdump.org/linktypes.html). */
import { get16, get32 } from './bytes.ts';

export const LINKTYPE_RAW = 101;

/** What a captured packet holds. */
export type LinkPayload =
  | {
      type: 'ipv4';
      datagram: Uint8Array;
      /** The host that captured it sent it; undefined where the link's header does not say. */
      outgoing?: boolean | undefined;
    }
  | { type: 'ipv6' | 'other' | 'cut-off' };

type Unpack = (frame: Uint8Array) => LinkPayload;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** 802.1Q, 802.1ad and what came before it: a tag of four bytes, and then the type of what follows. */
const VLAN_TYPES: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const ETHERNET_TYPE_OFFSET = 12;

/** Values of AF_INET6: Linux, the BSDs, macOS. */
const INET6_FAMILIES: ReadonlySet<number> = new Set([10, 24, 28, 30]);
const AF_INET = 2;

/** Of Linux cooked captures: sent by the host itself. */
const PACKET_OUTGOING = 4;

const raw: Unpack = (frame) => byVersion(frame);

/** The type stands before the payload, with tags between them where there are any. */
function typed(frame: Uint8Array, typeAt: number, payloadAt = typeAt + 2, outgoing?: boolean): LinkPayload {
  if (frame.length < payloadAt) return { type: 'cut-off' };
  let type = get16(frame, typeAt);
  let at = payloadAt;
  while (VLAN_TYPES.has(type)) {
    if (frame.length < at + 4) return { type: 'cut-off' };
    type = get16(frame, at + 2);
    at += 4;
  }
  if (type === ETHERTYPE_IPV4) return { type: 'ipv4', datagram: frame.subarray(at), outgoing };
  return { type: type === ETHERTYPE_IPV6 ? 'ipv6' : 'other' };
}

/** The address family in four bytes, in the order of the machine that captured: the small number is the right one. */
function nullHeader(frame: Uint8Array): LinkPayload {
  if (frame.length < 4) return { type: 'cut-off' };
  const word = get32(frame, 0);
  const family = word > 0xffff ? word >>> 24 : word;
  if (family === AF_INET) return { type: 'ipv4', datagram: frame.subarray(4) };
  return { type: INET6_FAMILIES.has(family) ? 'ipv6' : 'other' };
}

function byVersion(datagram: Uint8Array): LinkPayload {
  if (datagram.length === 0) return { type: 'cut-off' };
  const version = (datagram[0] as number) >> 4;
  if (version === 4) return { type: 'ipv4', datagram };
  return { type: version === 6 ? 'ipv6' : 'other' };
}

const LINKS: ReadonlyMap<number, Unpack> = new Map<number, Unpack>([
  [0, nullHeader],
  [1, (frame) => typed(frame, ETHERNET_TYPE_OFFSET)],
  // What DLT_RAW is on one system and another.
  [12, raw],
  [14, raw],
  [LINKTYPE_RAW, raw],
  [108, nullHeader],
  // Linux cooked, as `tcpdump -i any` writes it: packet type first, and the protocol last.
  [113, (frame) => typed(frame, 14, 16, frame.length >= 2 && get16(frame, 0) === PACKET_OUTGOING)],
  [228, raw],
  [229, raw],
  // Version 2: the protocol first.
  [276, (frame) => typed(frame, 0, 20, frame[10] === PACKET_OUTGOING)],
]);

/** @returns what the frame carries; undefined for a link type that is not read here */
export const linkPayload = (linkType: number, frame: Uint8Array): LinkPayload | undefined => LINKS.get(linkType)?.(frame);
