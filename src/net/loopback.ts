import { openDescriptor } from './descriptor.ts';
import { systemError } from './errno.ts';
import { LITTLE_ENDIAN, libc } from './libc.ts';

const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
/** struct ifreq: the name, then a union with the flags first. */
const IFREQ_LENGTH = 40;
const IFREQ_FLAGS = 16;

/** Brings loopback up, which a new network namespace has down. @throws NetError */
export function bringLoopbackUp(): void {
  const { ioctl, close } = libc();
  const fd = openDescriptor('UDP');
  const ifreq = new DataView(new ArrayBuffer(IFREQ_LENGTH));
  new TextEncoder().encodeInto('lo', new Uint8Array(ifreq.buffer));
  ifreq.setInt16(IFREQ_FLAGS, IFF_UP, LITTLE_ENDIAN);
  const result = ioctl(fd, SIOCSIFFLAGS, new Uint8Array(ifreq.buffer));
  close(fd);
  if (result < 0) throw systemError('bring up', 'the loopback interface', -result);
}
