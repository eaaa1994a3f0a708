/** The kernel's own routes, asked by connecting a UDP socket, which sends nothing. */
import { formatIpv4, type Ipv4Address, isLoopback, isMulticast } from '../wire/address.ts';
import { openDescriptor } from './descriptor.ts';
import { errno, noRouteError, systemError } from './errno.ts';
import { NetError } from './errors.ts';
import { bindToInterface, interfaceMtu, interfaceTowards, localAddresses } from './interfaces.ts';
import { getsockoptNumber, IP_MTU, libc, SO_BROADCAST, SOL_IP, SOL_SOCKET } from './libc.ts';
import type { Clock, Route } from './network.ts';

const LIMITED_BROADCAST = 0xffffffff;
/** The most that a total length can say, though loopback's MTU is one more. */
const LONGEST_DATAGRAM = 65_535;
/** A TCP probe goes to any port; the one of the UDP socket is never used. */
const ANY_PORT = 9;

const MAX_AGE_US = 1_000_000;
const MAX_ENTRIES = 4096;

/** What is asked of a route; undefined leaves the choice to the kernel. */
export interface RouteRequest {
  destination: Ipv4Address;
  source?: Ipv4Address | undefined;
  interfaceName?: string | undefined;
}

/**
 * Routes and own addresses with a memory of one second: thousands of ports towards one host ask once, thousands of peers
 * have the addresses listed once, and a change is still seen.
 */
export class Routes {
  private readonly clock: Clock;
  private readonly known = new Map<string, { route: Route; askedAtUs: number }>();
  private listed: ReadonlyMap<Ipv4Address, string> = new Map();
  private listedAtUs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** @throws NetError `no-route`, `bad-destination`, `source-address`, `no-such-interface` */
  find(request: RouteRequest): Route {
    const key = `${request.destination}/${request.source}/${request.interfaceName}`;
    const nowUs = this.clock.nowUs();
    const known = this.known.get(key);
    if (known && nowUs - known.askedAtUs < MAX_AGE_US) return known.route;
    const route = this.ask(request);
    if (this.known.size >= MAX_ENTRIES) this.known.clear();
    this.known.set(key, { route, askedAtUs: nowUs });
    return route;
  }

  private ask(request: RouteRequest): Route {
    const route = findRoute(request, this.addresses);
    if (route.interfaceName !== '') return route;
    // The kernel uses an address that was not there when they were listed.
    this.listedAtUs = Number.NEGATIVE_INFINITY;
    return findRoute(request, this.addresses);
  }

  /** As localAddresses; another map where they were listed anew. */
  get addresses(): ReadonlyMap<Ipv4Address, string> {
    const nowUs = this.clock.nowUs();
    if (nowUs - this.listedAtUs > MAX_AGE_US) {
      this.listed = localAddresses();
      this.listedAtUs = nowUs;
    }
    return this.listed;
  }
}

/** The route as its interface limits it, whatever was learned of the path behind. */
export const withoutPathMtu = (route: Route): Route => ({
  ...route,
  mtu: Math.min(interfaceMtu(route.interfaceName) ?? route.mtu, LONGEST_DATAGRAM),
});

/**
 * Asks the kernel.
 * @param addresses of this host, where they are known
 * @throws NetError as Routes.find
 */
export function findRoute(
  { destination, source, interfaceName }: RouteRequest,
  addresses: ReadonlyMap<Ipv4Address, string> = localAddresses(),
): Route {
  if (destination === 0) throw badDestination(destination, 'it is no address of a host');
  if (isMulticast(destination)) throw badDestination(destination, 'it is a multicast address');
  if (destination === LIMITED_BROADCAST) throw badDestination(destination, 'it is a broadcast address');
  const fd = openDescriptor('UDP');
  try {
    if (source !== undefined) bindToSource(fd, source);
    if (interfaceName !== undefined) bindToInterface(fd, interfaceName);
    connect(fd, destination, source);
    const sourceAddress = libc().getsockname(fd).address;
    if (sourceAddress === 0) {
      throw new NetError(
        'no-route',
        'find',
        `a route to ${formatIpv4(destination)}`,
        'the interface has no IPv4 address',
        'see `ip -br address`',
      );
    }
    return {
      sourceAddress,
      interfaceName: interfaceName ?? interfaceTowards(destination, sourceAddress, addresses),
      mtu: Math.min(getsockoptNumber(fd, SOL_IP, IP_MTU), LONGEST_DATAGRAM),
    };
  } finally {
    libc().close(fd);
  }
}

function bindToSource(fd: number, source: Ipv4Address): void {
  // The kernel lets UDP bind to its broadcast and multicast addresses too, but not connect to a broadcast one.
  const unicast = source !== 0 && !isMulticast(source);
  const result = unicast ? libc().bind(fd, source, 0) || libc().connect(fd, source, ANY_PORT) : -errno.EADDRNOTAVAIL;
  if (result === -errno.EADDRNOTAVAIL || result === -errno.EACCES) {
    throw notOurs(source);
  }
  if (result < 0) throw systemError('use', `source address ${formatIpv4(source)}`, -result);
}

function connect(fd: number, destination: Ipv4Address, source: Ipv4Address | undefined): void {
  const result = libc().connect(fd, destination, ANY_PORT);
  if (result >= 0) return;
  if (result === -errno.EACCES && isBroadcast(fd, destination)) throw badDestination(destination, 'it is a broadcast address');
  if (result === -errno.EINVAL && source !== undefined && isLoopback(source)) {
    throw badSource(source, `from a loopback address there is no way to ${formatIpv4(destination)}`, 'leave the source address out');
  }
  throw (
    noRouteError('find', `a route to ${formatIpv4(destination)}`, formatIpv4(destination), -result) ??
    systemError('route', formatIpv4(destination), -result)
  );
}

/** A broadcast address and a route that prohibits give the same error, but only one of them goes away so. */
const isBroadcast = (fd: number, destination: Ipv4Address): boolean =>
  libc().setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1) === 0 && libc().connect(fd, destination, ANY_PORT) === 0;

const badDestination = (destination: Ipv4Address, reason: string): NetError =>
  new NetError('bad-destination', 'probe', formatIpv4(destination), reason, 'TCP speaks to one host: give the address of one');

export const notOurs = (source: Ipv4Address): NetError => badSource(source, 'it is not an address of this host', 'see `ip -br address`');

const badSource = (source: Ipv4Address, reason: string, hint: string): NetError =>
  new NetError('source-address', 'use', `source address ${formatIpv4(source)}`, reason, hint);
