import { networkInterfaces } from 'node:os';
import { type Ipv4Address, isLoopback, parseIpv4 } from '../wire/address.ts';
import { openDescriptor } from './descriptor.ts';
import { errno, systemError } from './errno.ts';
import { NetError } from './errors.ts';
import { LITTLE_ENDIAN, libc, SO_BINDTODEVICE, SOL_SOCKET } from './libc.ts';

/** IFNAMSIZ less the final zero; the kernel cuts a longer name in silence. */
const LONGEST_NAME = 15;

/**
 * Ties a socket to an interface: it sends and receives there alone.
 * @throws NetError `no-such-interface`
 */
export function bindToInterface(fd: number, name: string): void {
  const bytes = new TextEncoder().encode(name);
  const fits = bytes.length > 0 && bytes.length <= LONGEST_NAME;
  const result = fits ? libc().setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bytes) : -errno.ENODEV;
  if (result === -errno.ENODEV) {
    throw new NetError(
      'no-such-interface',
      'use',
      `interface ${JSON.stringify(name)}`,
      'this host has none of that name',
      'see `ip -br link`',
    );
  }
  if (result < 0) throw systemError('use', `interface ${JSON.stringify(name)}`, -result);
}

const SIOCGIFMTU = 0x8921;
/** struct ifreq: the name, then what is asked for. */
const IFREQ_LENGTH = 40;
const IFREQ_VALUE = 16;

/** The largest datagram in bytes that an interface lets out; undefined where there is none of that name. */
export function interfaceMtu(name: string): number | undefined {
  const { ioctl, close } = libc();
  const fd = openDescriptor('UDP');
  const ifreq = new Uint8Array(IFREQ_LENGTH);
  ifreq.set(new TextEncoder().encode(name).subarray(0, LONGEST_NAME));
  const result = ioctl(fd, SIOCGIFMTU, ifreq);
  close(fd);
  return result < 0 ? undefined : new DataView(ifreq.buffer).getInt32(IFREQ_VALUE, LITTLE_ENDIAN);
}

/** The IPv4 addresses of this host, each with the interface that holds it. */
export function localAddresses(): ReadonlyMap<Ipv4Address, string> {
  const addresses = new Map<Ipv4Address, string>();
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    for (const { family, address } of entries ?? []) {
      const ipv4 = family === 'IPv4' ? parseIpv4(address) : undefined;
      if (ipv4 !== undefined && !addresses.has(ipv4)) addresses.set(ipv4, name);
    }
  }
  return addresses;
}

/**
 * The interface that a datagram leaves by: loopback towards this host's own addresses, otherwise the one that
 * holds the source address. `''` where none does.
 */
export function interfaceTowards(
  destination: Ipv4Address,
  source: Ipv4Address,
  /** {@link localAddresses} */
  addresses: ReadonlyMap<Ipv4Address, string>,
): string {
  if (isLoopback(destination) || addresses.has(destination)) return 'lo';
  return addresses.get(source) ?? '';
}

/** Whether a destination is this host, or on the network of the interface that holds the source address: no router is between. */
export function isAttached(destination: Ipv4Address, source: Ipv4Address): boolean {
  if (isLoopback(destination)) return true;
  for (const entries of Object.values(networkInterfaces())) {
    for (const { family, address, netmask } of entries ?? []) {
      if (family !== 'IPv4') continue;
      const [own, mask] = [parseIpv4(address) as Ipv4Address, parseIpv4(netmask) as Ipv4Address];
      if (own === destination || (own === source && ((own ^ destination) & mask) === 0)) return true;
    }
  }
  return false;
}
