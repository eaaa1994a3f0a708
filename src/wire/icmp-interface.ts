/** Which of its interfaces a router speaks of in an ICMP error (RFC 5837). */
import type { Ipv4Address } from './address.ts';
import { get16, get32 } from './bytes.ts';
import type { IcmpExtension } from './icmp.ts';

/** By the upper two bits of the object's type (RFC 5837 §4.1). */
const ROLES = ['incoming', 'sub-ip-incoming', 'outgoing', 'next-hop'] as const;
export type InterfaceRole = (typeof ROLES)[number];

/** What is said of an interface; undefined is what is not. */
export interface InterfaceInformation {
  role: InterfaceRole;
  /** Its ifIndex (RFC 2863). */
  index: number | undefined;
  address: Ipv4Address | undefined;
  name: string | undefined;
  /** In bytes. */
  mtu: number | undefined;
}

const INTERFACE_CLASS = 2;
const [HAS_INDEX, HAS_ADDRESS, HAS_NAME, HAS_MTU] = [0x08, 0x04, 0x02, 0x01];
const AFI_IPV4 = 1;
const MOST_NAME_LENGTH = 64;

/** Reads an object; undefined where it is of another class, or not as its type says. */
export function decodeInterface({ class: group, type, data }: IcmpExtension): InterfaceInformation | undefined {
  if (group !== INTERFACE_CLASS) return undefined;
  const read: InterfaceInformation = {
    role: ROLES[type >> 6] as InterfaceRole,
    index: undefined,
    address: undefined,
    name: undefined,
    mtu: undefined,
  };
  let at = 0;
  const has = (bit: number, length: number): boolean => (type & bit) !== 0 && at + length <= data.length;
  if (has(HAS_INDEX, 4)) {
    read.index = get32(data, at);
    at += 4;
  }
  if (has(HAS_ADDRESS, 8)) {
    // The other family is IPv6, which nobody needs here.
    if (get16(data, at) !== AFI_IPV4) return undefined;
    read.address = get32(data, at + 4);
    at += 8;
  }
  if (has(HAS_NAME, 4)) {
    const length = data[at] as number;
    if (length === 0 || length % 4 !== 0 || length > MOST_NAME_LENGTH || at + length > data.length) return undefined;
    read.name = new TextDecoder().decode(data.subarray(at + 1, at + length)).replace(/\0+$/, '');
    at += length;
  }
  if (has(HAS_MTU, 4)) {
    read.mtu = get32(data, at);
    at += 4;
  }
  return at === data.length && isWhole(type, read) ? read : undefined;
}

const isWhole = (type: number, { index, address, name, mtu }: InterfaceInformation): boolean =>
  [index, address, name, mtu].every((value, i) => (value !== undefined) === ((type & (HAS_INDEX >> i)) !== 0));
