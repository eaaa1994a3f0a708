import { formatIpv4, type Ipv4Address } from '../wire/address.ts';
import { errno, systemError } from './errno.ts';
import { NetError } from './errors.ts';
import { attachFilter, type CompiledProgram, compile, rejectAll } from './filter.ts';
import { AF_INET, IP_MINTTL, libc, SOCK_CLOEXEC, SOCK_STREAM, SOL_IP } from './libc.ts';

const HIGHEST_TTL = 255;

/** Compiled once: every guard has the same. */
let rejectAllCompiled: CompiledProgram | undefined;

/**
 * A local TCP port held against the kernel, which would answer a SYN+ACK to a connection it does not know with
 * RST at once, before our ACK. A kernel socket listens on the port and takes nothing in: a filter that rejects
 * all, and a least TTL that next to nothing arrives with. What a listening socket rejects so is dropped without an
 * answer, while a socket that is only bound, or listens only, does not keep the kernel from answering. No other
 * program gets the port, and nothing is left behind however the process ends.
 */
export class Guard {
  readonly port: number;
  private readonly fd: number;
  private closed = false;

  /**
   * @param port undefined: one that the kernel chooses
   * @throws NetError `port-in-use`, `no-permission`
   */
  constructor(address: Ipv4Address, port: number | undefined) {
    const fd = libc().socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) throw systemError('open', 'a TCP socket', -fd);
    this.fd = fd;
    try {
      const bound = libc().bind(fd, address, port ?? 0);
      if (bound < 0) throw bindError(-bound, address, port);
      rejectAllCompiled ??= compile(rejectAll);
      // With CAP_NET_RAW alone a filter may be refused, and a least TTL lets in what a neighbour sends with 255: one is needed.
      const filtered = attachFilter(fd, rejectAllCompiled);
      const ttlSet = libc().setsockopt(fd, SOL_IP, IP_MINTTL, HIGHEST_TTL);
      if (filtered < 0 && ttlSet < 0) {
        throw new NetError(
          'no-permission',
          'guard',
          `a port of ${formatIpv4(address)}`,
          'the kernel allows neither a filter nor a least TTL on it, and would reset every connection of ours',
          'run it with sudo, or allow SO_ATTACH_FILTER or IP_MINTTL in the sandbox',
        );
      }
      const listening = libc().listen(fd, 1);
      if (listening < 0) throw bindError(-listening, address, port);
      this.port = port ?? libc().getsockname(fd).port;
    } catch (error) {
      libc().close(fd);
      throw error;
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    libc().close(this.fd);
  }
}

function bindError(number: number, address: Ipv4Address, port: number | undefined): NetError {
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
