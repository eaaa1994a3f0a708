/** Sockets of the kernel's by their descriptor. */
import { systemError } from './errno.ts';
import { AF_INET, libc, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_STREAM } from './libc.ts';

const TYPES = { TCP: SOCK_STREAM, UDP: SOCK_DGRAM } as const;

/** An IPv4 socket, bound to nothing yet; whoever asks closes it. @throws NetError */
export function openDescriptor(protocol: keyof typeof TYPES): number {
  const fd = libc().socket(AF_INET, TYPES[protocol] | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError('open', `a ${protocol} socket`, -fd);
  return fd;
}
