import { formatIpv4, type Ipv4Address } from '../wire/address.ts';
import { errno, errnoOfText, noRouteError, systemError } from './errno.ts';
import { NetError } from './errors.ts';
import { bindToInterface } from './interfaces.ts';
import { IP_NODEFRAG, IP_RECVERR, libc, SO_SNDBUF, SO_SNDBUFFORCE, SOL_IP, SOL_SOCKET } from './libc.ts';
import { PROTOCOL_RAW, RawSocket } from './raw.ts';

const SEND_BUFFER_BYTES = 4 << 20;

/** Waits between attempts while the queue is full, 3 ms in all: the event loop stands still meanwhile. */
const BACKOFF_MS = [0.1, 0.2, 0.4, 0.8, 1.6];

const sleepCell = new Int32Array(new SharedArrayBuffer(4));

/**
 * The socket that sends datagrams with a header of our own. Never watched: libuv would take its error queue
 * for a broken descriptor, and raw-socket would close it.
 */
export class Sender {
  /** How often a send was tried again because the queue was full. */
  retries = 0;
  private readonly socket: RawSocket;

  /**
   * @param interfaceName the interface that was asked for, if any
   * @param source the source address that was asked for, if any: the kernel's route does not look at the header's
   */
  constructor(interfaceName: string | undefined, source: Ipv4Address | undefined) {
    this.socket = new RawSocket(PROTOCOL_RAW);
    try {
      const { fd } = this.socket;
      if (interfaceName !== undefined) bindToInterface(fd, interfaceName);
      if (source !== undefined) this.bind(source);
      // Connection tracking would hold a lone fragment back, and cut those that are whole anew.
      libc().setsockopt(fd, SOL_IP, IP_NODEFRAG, 1);
      // Without it a full queue drops in silence.
      libc().setsockopt(fd, SOL_IP, IP_RECVERR, 1);
      const forced = libc().setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES);
      if (forced < 0) libc().setsockopt(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
    } catch (error) {
      this.socket.close();
      throw error;
    }
  }

  private bind(source: Ipv4Address): void {
    const result = libc().bind(this.socket.fd, source, 0);
    if (result < 0) throw systemError('bind', formatIpv4(source), -result);
  }

  /**
   * Sends a datagram now.
   * @param destination dotted quad
   * @throws NetError where this host can't send it
   */
  send(datagram: Uint8Array, destination: string): void {
    for (let attempt = 0; ; attempt++) {
      try {
        this.socket.send(datagram, destination);
        return;
      } catch (error) {
        const number = errnoOfText((error as Error).message);
        if (number === undefined) throw error;
        const backoffMs = BACKOFF_MS[attempt];
        if (!isFull(number) || backoffMs === undefined) throw sendError(number, datagram, destination);
        this.retries++;
        Atomics.wait(sleepCell, 0, 0, backoffMs);
      }
    }
  }

  close(): void {
    this.socket.close();
  }
}

const isFull = (number: number): boolean => number === errno.ENOBUFS || number === errno.EAGAIN || number === errno.ENOMEM;

function sendError(number: number, datagram: Uint8Array, destination: string): NetError {
  const subject = `to ${destination}`;
  const fail = (code: 'message-too-long' | 'local-firewall' | 'no-buffers' | 'system', reason: string, hint: string): NetError =>
    new NetError(code, 'send', subject, reason, hint);
  if (isFull(number)) return fail('no-buffers', 'the send queue of this host is full and stays so', 'send less at a time');
  if (number === errno.EMSGSIZE) {
    return fail(
      'message-too-long',
      `${datagram.length} bytes are more than the MTU of the interface`,
      'put less into one datagram, or cut it into fragments',
    );
  }
  if (number === errno.EPERM) {
    return fail(
      'local-firewall',
      'a firewall on this host refused to let it out',
      'see its rules for output: `nft list ruleset`, `iptables -S`',
    );
  }
  if (number === errno.EINVAL && ((datagram[0] ?? 0) & 15) * 4 > datagram.length) {
    return fail('system', 'the kernel refuses an IPv4 header that is longer than its datagram', 'give it a header length that fits');
  }
  return noRouteError('send', subject, destination, number) ?? systemError('send', subject, number);
}
