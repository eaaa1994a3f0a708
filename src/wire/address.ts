/** An IPv4 address as the unsigned 32-bit number that stands in the header. */
export type Ipv4Address = number;

const DOTTED_QUAD = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** Reads `'192.0.2.1'`; undefined where the text is anything else (leading zeros included: some read them as octal). */
export function parseIpv4(text: string): Ipv4Address | undefined {
  const match = DOTTED_QUAD.exec(text);
  if (match === null) return undefined;
  let address = 0;
  for (let i = 1; i <= 4; i++) {
    const octet = Number(match[i]);
    if (octet > 255 || String(octet) !== match[i]) return undefined;
    address = address * 256 + octet;
  }
  return address;
}

/** Writes `'192.0.2.1'`. */
export function formatIpv4(address: Ipv4Address): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** 224.0.0.0/4 (RFC 5771). */
export const isMulticast = (address: Ipv4Address): boolean => address >>> 28 === 0xe;

/** 127.0.0.0/8 (RFC 1122 §3.2.1.3). */
export const isLoopback = (address: Ipv4Address): boolean => address >>> 24 === 127;
