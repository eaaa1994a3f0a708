import { randomInt } from 'node:crypto';
import type { Ipv4Address } from '../wire/address.ts';
import { openDescriptor } from './descriptor.ts';
import { errno } from './errno.ts';
import { NetError } from './errors.ts';
import { attachFilter, type CompiledProgram, compile, type PortRange, rejectAll } from './filter.ts';
import { IP_LOCAL_PORT_RANGE, IP_MINTTL, libc, SO_REUSEADDR, SOL_IP, SOL_SOCKET } from './libc.ts';
import type { PortGuard } from './network.ts';
import { bindError, serverBindError } from './reservation.ts';

const HIGHEST_TTL = 255;

/** Sockets kept for the next guards: a new one, with its filter, takes five times as long. */
const MOST_SPARES = 256;

/** Ports from which the kernel chooses at random. */
const NARROW_RANGE = 16;
const WHOLE_RANGE = 0;

/**
 * A local TCP port held against the kernel, which would answer a SYN+ACK to a connection it does not know with
 * RST at once, before our ACK. A kernel socket listens on the port and takes nothing in: a filter that rejects
 * all, and a least TTL that next to nothing arrives with. What a listening socket rejects so is dropped without an
 * answer, while a socket that is only bound, or listens only, does not keep the kernel from answering. No other
 * program gets the port, and nothing is left behind however the process ends.
 */
export interface Guard {
  readonly port: number;
  /** By what it keeps the kernel away. */
  readonly kind: GuardKind;
  /** Gives the port back to the kernel. Once. */
  close(): void;
}

export type GuardKind = Exclude<PortGuard, 'none'>;

/** A socket that takes nothing in, on no port yet. */
interface ShutSocket {
  fd: number;
  kind: GuardKind;
}

/** Makes guards, and keeps the sockets of closed ones for those to come. */
export class Guards {
  private readonly spares: ShutSocket[] = [];
  private readonly range: PortRange;
  /** The port given last, of those that nobody asked for. */
  private last: number | undefined;
  private filter: CompiledProgram | undefined;
  private closed = false;

  /** @param range the ports to choose from where nobody asks for one */
  constructor(range: PortRange) {
    this.range = range;
  }

  /**
   * A port for others to come to. What its former owner's connections have left in the kernel (TIME-WAIT) does not matter.
   * @throws NetError `port-in-use`, `no-permission`
   */
  openServer(address: Ipv4Address, port: number): Guard {
    const { fd, kind } = this.openSocket();
    libc().setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const result = libc().bind(fd, address, port) || libc().listen(fd, 1);
    if (result < 0) {
      libc().close(fd);
      throw serverBindError(-result, address, port);
    }
    return { port, kind, close: () => libc().close(fd) };
  }

  /**
   * @param port undefined: one that is free
   * @throws NetError `port-in-use`, `no-permission`
   */
  open(address: Ipv4Address, port: number | undefined): Guard {
    const socket = this.spares.pop() ?? this.openSocket();
    const { fd, kind } = socket;
    if (port === undefined) this.narrow(fd);
    let result = libc().bind(fd, address, port ?? 0);
    if (result === -errno.EADDRINUSE && port === undefined) {
      libc().setsockopt(fd, SOL_IP, IP_LOCAL_PORT_RANGE, WHOLE_RANGE);
      result = libc().bind(fd, address, 0);
    }
    result ||= libc().listen(fd, 1);
    if (result < 0) {
      libc().close(fd);
      throw bindError(-result, address, port);
    }
    // A port that was asked for stays with its socket, so that one is not kept.
    if (port !== undefined) return { port, kind, close: () => libc().close(fd) };
    this.last = libc().getsockname(fd).port;
    return { port: this.last, kind, close: () => this.take(socket) };
  }

  /**
   * Lets the kernel choose among the few ports after the last one: where thousands are taken, its search through all
   * of them costs more than anything else about a port. A kernel before 6.3 refuses, and searches all.
   */
  private narrow(fd: number): void {
    const { low, high } = this.range;
    const from = this.last === undefined || this.last >= high ? low + randomInt(high - low + 1) : this.last + 1;
    const to = Math.min(high, from + NARROW_RANGE - 1);
    libc().setsockopt(fd, SOL_IP, IP_LOCAL_PORT_RANGE, (to << 16) | from);
  }

  /** Closes the spare sockets; guards that are open stay. */
  close(): void {
    this.closed = true;
    for (const { fd } of this.spares.splice(0)) libc().close(fd);
  }

  private take(socket: ShutSocket): void {
    const spare = !this.closed && this.spares.length < MOST_SPARES && libc().disconnect(socket.fd) === 0;
    if (spare) this.spares.push(socket);
    else libc().close(socket.fd);
  }

  private openSocket(): ShutSocket {
    const fd = openDescriptor('TCP');
    this.filter ??= compile(rejectAll);
    const { filter, leastTtl } = shut(fd, this.filter);
    if (!filter && !leastTtl) {
      libc().close(fd);
      throw new NetError(
        'no-permission',
        'guard',
        'a port',
        'the kernel allows neither a filter nor a least TTL on it, and would reset every connection of ours',
        'run it with sudo, or allow SO_ATTACH_FILTER or IP_MINTTL in the sandbox',
      );
    }
    return { fd, kind: filter ? 'socket' : 'least-ttl' };
  }
}

/** The ways in which a guard keeps all that arrives from its socket, and whether the kernel allows them here. */
export interface GuardMeans {
  filter: boolean;
  leastTtl: boolean;
}

/** With CAP_NET_RAW alone a filter may be refused, and a least TTL lets in what a neighbour sends with 255: one is needed. */
function shut(fd: number, filter: CompiledProgram): GuardMeans {
  return {
    filter: attachFilter(fd, filter) === 0,
    leastTtl: libc().setsockopt(fd, SOL_IP, IP_MINTTL, HIGHEST_TTL) === 0,
  };
}

/** Tries them on a socket that is not bound. @throws NetError where there is no TCP socket */
export function guardMeans(): GuardMeans {
  const fd = openDescriptor('TCP');
  const means = shut(fd, compile(rejectAll));
  libc().close(fd);
  return means;
}
