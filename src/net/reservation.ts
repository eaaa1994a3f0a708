import { formatIpv4, type Ipv4Address } from '../wire/address.ts';
import { errno, systemError } from './errno.ts';
import { NetError } from './errors.ts';
import { AF_INET, libc, SOCK_CLOEXEC, SOCK_STREAM } from './libc.ts';

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
  const fd = libc().socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError('open', 'a TCP socket', -fd);
  const result = libc().bind(fd, address, port ?? 0);
  if (result < 0) {
    libc().close(fd);
    throw bindError(-result, address, port);
  }
  return { port: libc().getsockname(fd).port, close: () => libc().close(fd) };
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
