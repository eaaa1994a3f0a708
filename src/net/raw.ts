import { readdirSync } from 'node:fs';
import { errno, errnoOfText, systemError } from './errno.ts';
import { NetError } from './errors.ts';
import { libc, SO_COOKIE, SOL_SOCKET } from './libc.ts';
import { loadRawSocket, type RawSocketHandle } from './modules.ts';

/** IPPROTO_RAW: the IPv4 header is ours. */
export const PROTOCOL_RAW = 255;

/** Where a datagram lies while it is sent. */
const outgoing = Buffer.alloc(65_536);

/** raw-socket closes what is collected, and with the last socket the process ends in the middle of an await. */
const open = new Set<RawSocket>();

/** A socket of the module raw-socket with its descriptor, kept alive until it is closed. Not watched until it is resumed. */
export class RawSocket {
  readonly fd: number;
  private readonly handle: RawSocketHandle;
  private isClosed = false;

  /** @throws NetError `no-permission`, `not-supported` */
  constructor(protocol: number) {
    this.handle = openHandle(protocol);
    this.handle.pauseRecv();
    try {
      this.fd = descriptorOf(this.handle);
      libc().closeOnExec(this.fd);
    } catch (error) {
      this.handle.close();
      throw error;
    }
    open.add(this);
  }

  /** Watches for what arrives, in the place of raw-socket's own reading of one message a call. */
  onArrival(readable: () => void, failed: (error: Error) => void): void {
    const { wrap } = this.handle;
    wrap.removeAllListeners('recvReady');
    wrap.removeAllListeners('error');
    // What awaits goes on after a call of Node.js's own; after one of raw-socket's alone, since 26, only with the next timer.
    wrap.on('recvReady', () => {
      readable();
      setImmediate(ignore);
    });
    wrap.on('error', (error) => {
      failed(error);
      setImmediate(ignore);
    });
  }

  pause(): void {
    if (!this.isClosed) this.handle.pauseRecv();
  }

  resume(): void {
    if (!this.isClosed) this.handle.resumeRecv();
  }

  /**
   * Sends a datagram now.
   * @param destination dotted quad
   * @throws Error with the text of strerror
   */
  send(datagram: Uint8Array, destination: string): void {
    // raw-socket would open a new socket in the place of the closed one.
    if (this.isClosed) throw new Error('the socket is closed');
    // A short array lies in the garbage collector's memory and would have to be moved out of it each time.
    outgoing.set(datagram);
    this.handle.wrap.send(outgoing, 0, datagram.length, destination, ignore);
  }

  get closed(): boolean {
    return this.isClosed;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    open.delete(this);
    this.handle.close();
  }
}

const ignore = (): void => {};

function openHandle(protocol: number): RawSocketHandle {
  const module = loadRawSocket();
  try {
    return module.createSocket({ protocol });
  } catch (error) {
    throw openError(errnoOfText((error as Error).message), error as Error);
  }
}

/** Each cause in its own words: the remedies have nothing in common. */
function openError(number: number | undefined, error: Error): NetError {
  const fail = (code: 'no-permission' | 'not-supported', reason: string, hint: string): NetError =>
    new NetError(code, 'open', 'a raw socket', reason, hint, { cause: error });
  switch (number) {
    case undefined:
      return new NetError('system', 'open', 'a raw socket', error.message, undefined, { cause: error });
    case errno.EPERM:
      return libc().geteuid() === 0
        ? fail(
            'no-permission',
            'root lacks CAP_NET_RAW here',
            'start the container or service with it, such as `docker run --cap-add NET_RAW`',
          )
        : fail('no-permission', 'CAP_NET_RAW is missing', 'run it with sudo; docs/privileges.md tells the ways without');
    case errno.EACCES:
      return fail(
        'no-permission',
        'a sandbox forbids it (seccomp, SELinux or AppArmor)',
        'allow socket(AF_INET, SOCK_RAW) in its profile, or run it outside',
      );
    case errno.EPROTONOSUPPORT:
      return fail(
        'not-supported',
        'this kernel has no raw IPv4 sockets',
        'gVisor has them with `runsc --net-raw`, WSL has them in version 2',
      );
    case errno.EAFNOSUPPORT:
      return fail(
        'not-supported',
        'this kernel or sandbox has no IPv4',
        'allow AF_INET there (systemd: RestrictAddressFamilies), or run it elsewhere',
      );
    default:
      return systemError('open', 'a raw socket', number);
  }
}

/** raw-socket keeps its descriptor to itself, but reads options: the kernel's cookie tells which one it is. */
function descriptorOf({ wrap }: RawSocketHandle): number {
  const cookie = new BigUint64Array(1);
  const found = new BigUint64Array(1);
  try {
    wrap.getOption(SOL_SOCKET, SO_COOKIE, new Uint8Array(cookie.buffer), 8);
  } catch (error) {
    const reason = `this kernel gives it no cookie: ${(error as Error).message}`;
    throw new NetError('not-supported', 'find', 'the descriptor of a raw socket', reason, 'Linux does since version 4.6', { cause: error });
  }
  const bytes = new Uint8Array(found.buffer);
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (libc().getsockopt(fd, SOL_SOCKET, SO_COOKIE, bytes) === 0 && found[0] === cookie[0]) return fd;
  }
  throw new NetError('system', 'find', 'the descriptor of a raw socket', '/proc/self/fd does not list it', 'is /proc mounted?');
}
