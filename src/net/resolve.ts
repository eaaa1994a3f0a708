import { lookup, Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { type Ipv4Address, parseIpv4 } from '../wire/address.ts';
import { NetError } from './errors.ts';

export interface ResolvedHost {
  /** The one to use: the first. */
  address: Ipv4Address;
  /** All that the name has, in the order of the resolver. */
  addresses: Ipv4Address[];
}

/**
 * getaddrinfo takes a host whose last part is a number for an address, and guesses: `010.0.0.1` is 8.0.0.1 to it,
 * `127.1` is 127.0.0.1. No name on the Internet ends so.
 */
const ENDS_IN_A_NUMBER = /(^|\.)(\d+|0x[0-9a-f]*)\.?$/i;

/**
 * Finds the IPv4 addresses of a host as every program of this machine would: /etc/hosts, DNS and what else it is set up for.
 * @throws NetError `name-not-resolved`
 */
export async function resolveHost(host: string): Promise<ResolvedHost> {
  const literal = parseIpv4(host);
  if (literal !== undefined) return { address: literal, addresses: [literal] };
  if (host === '') throw notResolved(host, 'a host name is needed', 'give a name or an IPv4 address');
  if (isIpv6Address(host)) throw notResolved(host, 'this is an IPv6 address', 'give an IPv4 address or a name that has one');
  if (ENDS_IN_A_NUMBER.test(host)) {
    throw notResolved(
      host,
      'this is neither a name nor an IPv4 address',
      'write an address as four decimal numbers, 0 to 255 without leading zeros',
    );
  }
  const found = await addressesOf(host, 4);
  const addresses = [...new Set(found.map((text) => parseIpv4(text)).filter((address) => address !== undefined))];
  const [address] = addresses;
  if (address !== undefined) return { address, addresses };
  const [ipv6] = await addressesOf(host, 6);
  throw ipv6 === undefined
    ? notResolved(host, 'there is no such name (IPv4 and IPv6 lookup)', 'check the spelling, and what `getent ahosts` says')
    : notResolved(host, `it has IPv6 addresses only, such as ${ipv6}`, 'rawshake speaks IPv4: give a host that has an IPv4 address');
}

/** How long a name is waited for. */
const PATIENCE_MS = 1000;

/** Names of addresses (PTR records, and /etc/hosts). */
export interface NameSource {
  /** Undefined where the address has none, or the resolver takes longer than a second. Never fails. */
  nameOf(address: string): Promise<string | undefined>;
  /** Gives up what is still asked for. */
  close(): void;
}

/** What /etc/hosts has, it knows at once. It asks for all others side by side; a resolver that has never answered in time is not asked again. */
export function openNameSource(patienceMs = PATIENCE_MS): NameSource {
  const resolver = new Resolver({ timeout: patienceMs, tries: 1 });
  const hosts = namesOfHosts();
  let hasAnswered = false;
  let isSilent = false;
  return {
    async nameOf(address) {
      if (hosts.has(address) || isSilent) return hosts.get(address);
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => {
          isSilent ||= !hasAnswered;
          resolve(undefined);
        }, patienceMs);
      });
      try {
        const names = await Promise.race([namesOf(resolver, address), patience]);
        hasAnswered ||= names !== undefined;
        return names?.[0];
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => resolver.cancel(),
  };
}

/** None where there are none; undefined where nobody says so. */
async function namesOf(resolver: Resolver, address: string): Promise<string[] | undefined> {
  try {
    return await resolver.reverse(address);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTFOUND' ? [] : undefined;
  }
}

/** With brackets around it or without. Asked of node:net, which takes milliseconds for its first answer, only where there can be doubt. */
export const isIpv6Address = (text: string): boolean => /:.*:/.test(text) && isIPv6(text.replace(/^\[(.*)\]$/, '$1'));

/** @returns none where the name has no address of that family */
async function addressesOf(host: string, family: 4 | 6): Promise<string[]> {
  try {
    return (await lookup(host, { family, all: true })).map(({ address }) => address);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTFOUND') return [];
    const failed = `the IPv${family} lookup failed`;
    if (code === 'EAI_AGAIN')
      throw notResolved(host, `${failed}: the resolver does not answer (${code})`, 'see /etc/resolv.conf, or give an address', error);
    throw notResolved(host, `${failed}: ${code}`, 'see /etc/resolv.conf and /etc/nsswitch.conf, or give an address', error);
  }
}

const notResolved = (host: string, reason: string, hint: string, cause?: unknown): NetError =>
  new NetError('name-not-resolved', 'resolve', JSON.stringify(host), reason, hint, { cause });

const HOSTS_FILE = '/etc/hosts';

/** The first name of each address. */
function namesOfHosts(): Map<string, string> {
  const names = new Map<string, string>();
  // Lines are `address name alias…`.
  for (const [address, name] of linesOf(HOSTS_FILE)) {
    if (address && name !== undefined && !names.has(address)) names.set(address, name);
  }
  return names;
}

const SERVICES_FILE = '/etc/services';

/**
 * Reads a port: a number from 1 to 65535, decimal or 0x, or the name of a TCP service in /etc/services.
 * @returns undefined where it is neither
 */
export function resolvePort(text: string): number | undefined {
  if (!/^(\d+|0x[\da-f]+)$/i.test(text)) return tcpServices().get(text);
  const port = Number(text);
  return port >= 1 && port <= 0xffff ? port : undefined;
}

/** The TCP services of /etc/services: the port of each name and alias, in the order of the file, which has the official name first. */
export function tcpServices(): Map<string, number> {
  const ports = new Map<string, number>();
  // Lines are `name port/protocol alias…`.
  for (const [official, port, ...aliases] of linesOf(SERVICES_FILE)) {
    if (official === undefined || !port?.endsWith('/tcp')) continue;
    for (const name of [official, ...aliases]) if (!ports.has(name)) ports.set(name, Number.parseInt(port, 10));
  }
  return ports;
}

/** The words of each line, without the comment after #. Not every system has the file. */
function linesOf(file: string): string[][] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.map((line) => (line.split('#')[0] as string).trim().split(/\s+/));
  } catch {
    return [];
  }
}
