import { systemError } from './errno.ts';
import { AF_INET, LITTLE_ENDIAN, libc, SOCK_CLOEXEC, SOCK_DGRAM } from './libc.ts';

const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
/** struct ifreq: the name, then a union with the flags first. */
const IFREQ_LENGTH = 40;
const IFREQ_FLAGS = 16;

/** Brings loopback up, which a new network namespace has down. @throws NetError */
export function bringLoopbackUp(): void {
  const { socket, ioctl, close } = libc();
  const fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError('open', 'a UDP socket', -fd);
  const ifreq = new DataView(new ArrayBuffer(IFREQ_LENGTH));
  new TextEncoder().encodeInto('lo', new Uint8Array(ifreq.buffer));
  ifreq.setInt16(IFREQ_FLAGS, IFF_UP, LITTLE_ENDIAN);
  const result = ioctl(fd, SIOCSIFFLAGS, new Uint8Array(ifreq.buffer));
  close(fd);
  if (result < 0) throw systemError('bring up', 'the loopback interface', -result);
}
