import { formatIpv4, type Ipv4Address } from '../wire/address.ts';
import { openDescriptor } from './descriptor.ts';
import { errno, systemError } from './errno.ts';
import { NetError } from './errors.ts';
import { libc } from './libc.ts';

/** A local port that no other program gets. The kernel answers for it as for any port on which nobody listens. */
export interface Reservation {
  readonly port: number;
  /** Once. */
  close(): void;
}

/**
 * @param port undefined: one that is free
 * @throws NetError `port-in-use`, `no-permission`
 */
export function reservePort(address: Ipv4Address, port: number | undefined): Reservation {
  const fd = openDescriptor('TCP');
  const result = libc().bind(fd, address, port ?? 0);
  if (result < 0) {
    libc().close(fd);
    throw bindError(-result, address, port);
  }
  return { port: libc().getsockname(fd).port, close: () => libc().close(fd) };
}

/** Ports one behind the other, by the first and how many. */
export interface Reservations {
  readonly port: number;
  readonly count: number;
  /** Once. */
  close(): void;
}

/** As many places are looked at for so many free ports in a row; in the end what there is must do. */
const MOST_TRIES = 32;

/**
 * Free ports in a row: fewer than wanted, but one at least, where the kernel's choice is crowded.
 * @throws NetError as reservePort
 */
export function reserveRow(address: Ipv4Address, wanted: number): Reservations {
  for (let tries = 1; ; tries++) {
    const row = [reservePort(address, undefined)];
    const close = (): void => {
      for (const each of row) each.close();
    };
    const { port } = row[0] as Reservation;
    try {
      while (row.length < wanted && port + row.length <= 0xffff) row.push(reservePort(address, port + row.length));
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
    }
    if (row.length === wanted || tries === MOST_TRIES) return { port, count: row.length, close };
    close();
  }
}

/** Why a local port can't be had. */
export function bindError(number: number, address: Ipv4Address, port: number | undefined): NetError {
  const subject = port === undefined ? `a port of ${formatIpv4(address)}` : `port ${port} of ${formatIpv4(address)}`;
  switch (number) {
    case errno.EADDRINUSE:
      return port === undefined
        ? new NetError('port-in-use', 'reserve', subject, 'none is free', 'see net.ipv4.ip_local_port_range, and open fewer at a time')
        : new NetError('port-in-use', 'reserve', subject, 'another socket has it', 'choose another source port, or none; see `ss -tan`');
    case errno.EACCES:
      return new NetError(
        'no-permission',
        'reserve',
        subject,
        'ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE',
        'run it with sudo, or choose a higher source port',
      );
    default:
      return systemError('reserve', subject, number);
  }
}

/** Why a port can't be listened on. */
export function serverBindError(number: number, address: Ipv4Address, port: number): NetError {
  const subject = address === 0 ? `on port ${port}` : `on ${formatIpv4(address)}:${port}`;
  switch (number) {
    case errno.EADDRINUSE:
      return new NetError(
        'port-in-use',
        'listen',
        subject,
        'another program has the port',
        `\`ss -ltnp 'sport = :${port}'\` tells which; stop it, or choose another port`,
      );
    case errno.EACCES:
      return new NetError(
        'no-permission',
        'listen',
        subject,
        'ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE',
        'run it with sudo, or choose a higher port',
      );
    case errno.EADDRNOTAVAIL:
      return new NetError('source-address', 'listen', subject, 'it is not an address of this host', 'see `ip -br address`');
    default:
      return systemError('listen', subject, number);
  }
}
