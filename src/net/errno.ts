/** Error numbers of the kernel, their names and texts. */
import { constants } from 'node:os';
import { NetError } from './errors.ts';
import { libc } from './libc.ts';

/** The numbers on this machine: they differ between architectures. */
export const errno = constants.errno;

const names = new Map(Object.entries(errno).map(([name, number]) => [number, name]));

let numbersByText: Map<string, number> | undefined;

/** The number whose text this is, as raw-socket's errors carry the text alone; undefined for any other text. */
export function errnoOfText(text: string): number | undefined {
  numbersByText ??= new Map(Object.values(errno).map((number) => [libc().strerror(number), number]));
  return numbersByText.get(text);
}

/** `'No buffer space available (ENOBUFS)'`. */
export function describeErrno(number: number): string {
  const name = names.get(number);
  return `${libc().strerror(number)} (${name ?? number})`;
}

/** An error for which there are no better words than the kernel's. */
export function systemError(operation: string, subject: string, number: number): NetError {
  const hint =
    number === errno.EMFILE || number === errno.ENFILE
      ? 'each port that is open, and each held until its connection is over, needs a descriptor: raise `ulimit -n` or open fewer at a time'
      : undefined;
  return new NetError('system', operation, subject, describeErrno(number), hint);
}

/** What a route without a way says, by the error it gives (measured on Linux 6.18). */
const NO_WAY = new Map([
  [errno.ENETUNREACH, 'there is no route to it, or the interface is down'],
  [errno.EHOSTUNREACH, 'the route to it says unreachable'],
  [errno.EACCES, 'the route to it says prohibit'],
  [errno.EINVAL, 'the route to it says blackhole'],
  [errno.ENETDOWN, 'the interface is down'],
  [errno.ENXIO, 'the interface is gone'],
  [errno.ENODEV, 'the interface is gone'],
]);

/** The error where there is no way to a destination; undefined where the number does not say that. */
export function noRouteError(operation: string, subject: string, destination: string, number: number): NetError | undefined {
  const reason = NO_WAY.get(number);
  if (reason === undefined) return undefined;
  return new NetError('no-route', operation, subject, reason, `see \`ip route get ${destination}\` and \`ip -br link\``);
}
