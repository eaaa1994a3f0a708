/**
 * The system calls that raw-socket does not offer, through koffi. As within the kernel, a call returns
 * its result, or the negated errno where it failed.
 */
import { endianness } from 'node:os';
import type { Ipv4Address } from '../wire/address.ts';
import { loadKoffi } from './modules.ts';

const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_PACKET = 17;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
/** A stamp of 64-bit seconds and nanoseconds of the wall clock with each message, on every machine (from Linux 5.1). */
export const SO_TIMESTAMPNS_NEW = 64;
/** Which stamps of the wall clock to make, and to report with such seconds and nanoseconds (from Linux 5.1). */
export const SO_TIMESTAMPING_NEW = 65;
/** Counters of a socket as an array of 32-bit words. */
export const SO_MEMINFO = 55;
/** A number that no other socket has. */
export const SO_COOKIE = 57;

export const SOL_IP = 0;
export const IP_MTU_DISCOVER = 10;
export const IP_RECVERR = 11;
export const IP_MTU = 14;
export const IP_MINTTL = 21;
/** Of IP_MTU_DISCOVER: what was learned of the path does not count. */
export const IP_PMTUDISC_PROBE = 3;
/** Of a raw socket: the fragments that it sends are not put together by connection tracking. */
export const IP_NODEFRAG = 22;
/** From Linux 6.3: the ports that bind may choose from, low in the lower half. */
export const IP_LOCAL_PORT_RANGE = 51;

const F_SETFD = 2;
const FD_CLOEXEC = 1;
const MSG_DONTWAIT = 0x40;
const CLOCK_REALTIME = 0;
const SOCKADDR_LENGTH = 16;
const SOCKADDR_LL_LENGTH = 20;

/** The byte order that the kernel's structs have here. */
export const LITTLE_ENDIAN = endianness() === 'LE';

/** An address and a port, as in a sockaddr_in. */
export interface SocketAddress {
  address: Ipv4Address;
  port: number;
}

/** A time of the wall clock. */
export interface Timespec {
  seconds: number;
  nanoseconds: number;
}

export interface Libc {
  /** Bytes in a pointer, and in a size_t. */
  readonly wordLength: number;
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Ipv4Address, port: number): number;
  /** Binds a packet socket to the frames of one protocol (linux/if_ether.h) on one interface. */
  bindPacket(fd: number, protocol: number, interfaceIndex: number): number;
  connect(fd: number, address: Ipv4Address, port: number): number;
  /** Undoes connect, listen and a bind to any port: the socket is as new, with its options. */
  disconnect(fd: number): number;
  listen(fd: number, backlog: number): number;
  /** @returns the local address of a bound socket */
  getsockname(fd: number): SocketAddress;
  /** @param value a 32-bit number, or the bytes of any other option */
  setsockopt(fd: number, level: number, option: number, value: number | Uint8Array): number;
  /** Reads into the bytes. */
  getsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  /** @param argument what the request reads or writes */
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  /** recvmmsg that does not wait. @param messages an array of struct mmsghdr */
  recvmmsg(fd: number, messages: Uint8Array, count: number, flags: number): number;
  /** sendmmsg that does not wait. @param messages an array of struct mmsghdr */
  sendmmsg(fd: number, messages: Uint8Array, count: number): number;
  /** The same on another thread. @param done is told how many have left; 0 where the first could not be sent */
  sendmmsgBeside(fd: number, messages: Uint8Array, count: number, done: (sent: number) => void): void;
  /** 0 where there is none of that name. */
  interfaceIndex(name: string): number;
  /** The wall clock. */
  clockRealtime(): Timespec;
  /** Keeps the descriptor from programs that this process starts. */
  closeOnExec(fd: number): number;
  close(fd: number): number;
  strerror(errno: number): string;
  /** Ends the process at once, also where a thread of it waits in the kernel; `process.exit` waits for that thread. */
  exit(code: number): void;
  geteuid(): number;
  /** Where the bytes lie in memory. Whoever stores it must hold the bytes as long as the kernel may follow it. */
  addressOf(bytes: Uint8Array): bigint;
}

let loaded: Libc | undefined;

/** @throws NetError `module-missing` where koffi does not load */
export function libc(): Libc {
  loaded ??= bindLibc();
  return loaded;
}

function bindLibc(): Libc {
  const koffi = loadKoffi();
  const library = koffi.load(null);
  const socket = library.func('int socket(int, int, int)');
  const bind = library.func('int bind(int, void *, uint32_t)');
  const connect = library.func('int connect(int, void *, uint32_t)');
  const listen = library.func('int listen(int, int)');
  const getsockname = library.func('int getsockname(int, void *, void *)');
  const setsockopt = library.func('int setsockopt(int, int, int, void *, uint32_t)');
  const getsockopt = library.func('int getsockopt(int, int, int, void *, void *)');
  const recvmmsg = library.func('int recvmmsg(int, void *, unsigned int, int, void *)');
  const sendmmsg = library.func('int sendmmsg(int, void *, unsigned int, int)');
  const ioctl = library.func('int ioctl(int, unsigned long, void *)');
  const clockGettime = library.func('int clock_gettime(int, void *)');
  const fcntl = library.func('int fcntl(int, int, ...)');
  const close = library.func('int close(int)');

  // The kernel reads and writes these within a call, and calls don't overlap: one of each is enough.
  const sockaddr = new DataView(new ArrayBuffer(SOCKADDR_LENGTH));
  const number = new Int32Array(1);
  const length = new Uint32Array(1);

  const wordLength = koffi.sizeof('void *');
  const timespec = new DataView(new ArrayBuffer(2 * wordLength));
  const readLong = (view: DataView, offset: number): number =>
    wordLength === 8 ? readInt64(view, offset) : view.getInt32(offset, LITTLE_ENDIAN);
  const resultOf = (result: number): number => (result < 0 ? -koffi.errno() : result);
  const writeSockaddr = (address: Ipv4Address, port: number, family = AF_INET): DataView => {
    sockaddr.setUint16(0, family, LITTLE_ENDIAN);
    sockaddr.setUint16(2, port);
    sockaddr.setUint32(4, address);
    return sockaddr;
  };

  return {
    wordLength,
    socket: (family, type, protocol) => resultOf(socket(family, type, protocol)),
    bind: (fd, address, port) => resultOf(bind(fd, writeSockaddr(address, port), SOCKADDR_LENGTH)),
    bindPacket(fd, protocol, interfaceIndex) {
      const address = new DataView(new ArrayBuffer(SOCKADDR_LL_LENGTH));
      address.setUint16(0, AF_PACKET, LITTLE_ENDIAN);
      address.setUint16(2, protocol);
      address.setInt32(4, interfaceIndex, LITTLE_ENDIAN);
      return resultOf(bind(fd, address, SOCKADDR_LL_LENGTH));
    },
    connect: (fd, address, port) => resultOf(connect(fd, writeSockaddr(address, port), SOCKADDR_LENGTH)),
    disconnect: (fd) => resultOf(connect(fd, writeSockaddr(0, 0, AF_UNSPEC), SOCKADDR_LENGTH)),
    listen: (fd, backlog) => resultOf(listen(fd, backlog)),
    getsockname(fd) {
      length[0] = SOCKADDR_LENGTH;
      getsockname(fd, sockaddr, length);
      return { address: sockaddr.getUint32(4), port: sockaddr.getUint16(2) };
    },
    setsockopt(fd, level, option, value) {
      if (typeof value !== 'number') return resultOf(setsockopt(fd, level, option, value, value.length));
      number[0] = value;
      return resultOf(setsockopt(fd, level, option, number, 4));
    },
    getsockopt(fd, level, option, value) {
      length[0] = value.length;
      return resultOf(getsockopt(fd, level, option, value, length));
    },
    ioctl: (fd, request, argument) => resultOf(ioctl(fd, request, argument)),
    recvmmsg: (fd, messages, count, flags) => resultOf(recvmmsg(fd, messages, count, flags | MSG_DONTWAIT, null)),
    sendmmsg: (fd, messages, count) => resultOf(sendmmsg(fd, messages, count, MSG_DONTWAIT)),
    sendmmsgBeside: (fd, messages, count, done) =>
      sendmmsg.async(fd, messages, count, MSG_DONTWAIT, (error: Error | null, result: number) => done(error ? 0 : Math.max(0, result))),
    interfaceIndex: library.func('unsigned int if_nametoindex(const char *)'),
    clockRealtime() {
      clockGettime(CLOCK_REALTIME, timespec);
      return { seconds: readLong(timespec, 0), nanoseconds: readLong(timespec, wordLength) };
    },
    closeOnExec: (fd) => resultOf(fcntl(fd, F_SETFD, 'int', FD_CLOEXEC)),
    close: (fd) => resultOf(close(fd)),
    strerror: library.func('const char *strerror(int)'),
    exit: library.func('void _exit(int)'),
    geteuid: library.func('uint32_t geteuid()'),
    addressOf: (bytes) => koffi.address(bytes),
  };
}

/** A 64-bit number in the kernel's byte order, exact up to 2^53. In halves: a bigint each time would be garbage. */
export function readInt64(view: DataView, at: number): number {
  const [low, high] = LITTLE_ENDIAN ? [at, at + 4] : [at + 4, at];
  return view.getInt32(high, LITTLE_ENDIAN) * 0x1_0000_0000 + view.getUint32(low, LITTLE_ENDIAN);
}

/** Reads an option that is a 32-bit number; 0 where it can't be read. */
export function getsockoptNumber(fd: number, level: number, option: number): number {
  const value = new Int32Array(1);
  libc().getsockopt(fd, level, option, new Uint8Array(value.buffer));
  return value[0] as number;
}

/** Asks for a buffer of a socket, beyond the system's limit where we may. */
export function setBuffer(fd: number, which: 'send' | 'receive', bytes: number): void {
  const [force, option] = which === 'send' ? [SO_SNDBUFFORCE, SO_SNDBUF] : [SO_RCVBUFFORCE, SO_RCVBUF];
  if (libc().setsockopt(fd, SOL_SOCKET, force, bytes) < 0) libc().setsockopt(fd, SOL_SOCKET, option, bytes);
}
