import { ARRIVALS, Batch } from './batch.ts';
import { describeErrno, errno, systemError } from './errno.ts';
import { NetError } from './errors.ts';
import { attachFilter, compile, type Program } from './filter.ts';
import { AF_PACKET, libc, SOCK_CLOEXEC, SOCK_DGRAM } from './libc.ts';

/** Frames of any protocol, both ways. */
const ETH_P_ALL = 3;

/** Sees what passes on loopback, below sockets and firewall, and says nothing: a packet socket (packet(7)). */
export class LoopbackWatch {
  private readonly fd: number;
  private readonly batch = new Batch(ARRIVALS);

  /**
   * @param program which datagrams to see
   * @throws NetError `no-permission`, `not-supported`, `no-such-interface`
   */
  constructor(program: Program) {
    // Of no protocol, it sees nothing until it is bound, and so nothing that its filter would not let through.
    this.fd = libc().socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (this.fd < 0) throw openError(-this.fd);
    const result = attachFilter(this.fd, compile(program)) || libc().bindPacket(this.fd, ETH_P_ALL, libc().interfaceIndex('lo'));
    if (result >= 0) return;
    libc().close(this.fd);
    throw systemError('watch', 'the loopback interface', -result);
  }

  /** The datagrams that have passed since the last call; each of them twice, as it left and as it arrived. */
  take(): Uint8Array[] {
    const datagrams: Uint8Array[] = [];
    for (;;) {
      const count = this.batch.receive(this.fd);
      for (let i = 0; i < count; i++) datagrams.push(this.batch.datagram(i));
      if (count < 0 || this.batch.isLast(count)) return datagrams;
    }
  }

  close(): void {
    libc().close(this.fd);
  }
}

function openError(number: number): NetError {
  const permission = number === errno.EPERM || number === errno.EACCES;
  return new NetError(permission ? 'no-permission' : 'not-supported', 'open', 'a packet socket', describeErrno(number));
}
