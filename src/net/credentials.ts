/** What this process may do, thread by thread, and giving it up. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describeErrno, errno } from './errno.ts';
import { NetError } from './errors.ts';
import { libc } from './libc.ts';
import { loadKoffi } from './modules.ts';

/** The capabilities that matter to raw sockets, by number (linux/capability.h). */
export const CAP_NET_BIND_SERVICE = 10;
export const CAP_NET_ADMIN = 12;
export const CAP_NET_RAW = 13;

/** Who called sudo. */
export interface Caller {
  uid: number;
  gid: number;
}

/** Of one thread. Capabilities are sets of bits, one a number. */
export interface Credentials {
  /** Effective. */
  uid: number;
  permitted: bigint;
  effective: bigint;
  ambient: bigint;
}

export const hasCapability = (set: bigint, capability: number): boolean => ((set >> BigInt(capability)) & 1n) === 1n;

/** Of the thread that runs all of the JavaScript. @throws where /proc is not mounted */
export const ownCredentials = (): Credentials => parseStatus(readFileSync('/proc/thread-self/status', 'utf8'));

/** Of the other threads, which the JavaScript engine and libuv keep for help. @throws where /proc is not mounted */
export function helperCredentials(): Credentials[] {
  const own = join('/proc', readlinkSync('/proc/thread-self'));
  const helpers: Credentials[] = [];
  for (const thread of readdirSync(dirname(own))) {
    if (thread !== basename(own)) helpers.push(parseStatus(readFileSync(join(dirname(own), thread, 'status'), 'utf8')));
  }
  return helpers;
}

/** Reads /proc/PID/status. */
export function parseStatus(text: string): Credentials {
  const fields = new Map(text.split('\n').map((line) => line.split(/:\s+/, 2) as [string, string]));
  const set = (name: string): bigint => BigInt(`0x${fields.get(name) ?? '0'}`);
  return { uid: Number(fields.get('Uid')?.split('\t')[1]), permitted: set('CapPrm'), effective: set('CapEff'), ambient: set('CapAmb') };
}

const PR_SET_KEEPCAPS = 8;
const PR_SET_NO_NEW_PRIVS = 38;
const CAPABILITY_VERSION_3 = 0x20080522;

/**
 * Gives up for good what this process may do, but for the capabilities to keep; sockets that are open stay as they are.
 * As root that was called by somebody else it becomes the caller, in all threads. Capabilities belong to threads, and
 * Linux has no call that takes them from another one: without a change of user the helper threads keep theirs.
 * Programs that it starts can't get back what was given up.
 * @param caller undefined: stay who we are. One that this user namespace does not know, or that we may not become, counts as none
 * @throws NetError `system`
 */
export function giveUpPrivileges(keep: readonly number[], caller?: Caller): void {
  const calls = bindCalls();
  if (caller !== undefined && libc().geteuid() === 0) become(caller, calls);
  check('prctl', calls.prctl(PR_SET_NO_NEW_PRIVS, 1));
  const { permitted } = ownCredentials();
  check('capset', calls.capset(permitted & keep.reduce((set, capability) => set | (1n << BigInt(capability)), 0n)));
}

function become({ uid, gid }: Caller, { prctl, setgroups, setresgid, setresuid }: Calls): void {
  // Otherwise root's capabilities go with root, those to keep too. Only in this thread.
  check('prctl', prctl(PR_SET_KEEPCAPS, 1));
  for (const step of [() => setgroups(gid), () => setresgid(gid), () => setresuid(uid)]) {
    const result = step();
    if (result === -errno.EPERM || result === -errno.EINVAL) return;
    check('setresuid', result);
  }
}

function check(call: string, result: number): void {
  if (result >= 0) return;
  throw new NetError(
    'system',
    'give up',
    'privileges',
    `${call}: ${describeErrno(-result)}`,
    'allow it in the sandbox, or run it with --keep-root',
  );
}

/** As libc's: the result or the negated errno. The C library makes the calls of the first three in every thread. */
interface Calls {
  setgroups(gid: number): number;
  setresgid(gid: number): number;
  setresuid(uid: number): number;
  prctl(option: number, value: number): number;
  /** For this thread: permitted and effective, none inheritable, and so none ambient. */
  capset(capabilities: bigint): number;
}

function bindCalls(): Calls {
  const koffi = loadKoffi();
  const library = koffi.load(null);
  const setgroups = library.func('int setgroups(size_t, void *)');
  const setresgid = library.func('int setresgid(uint32_t, uint32_t, uint32_t)');
  const setresuid = library.func('int setresuid(uint32_t, uint32_t, uint32_t)');
  const prctl = library.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
  const capset = library.func('int capset(void *, void *)');
  const resultOf = (result: number): number => (result < 0 ? -koffi.errno() : result);
  return {
    setgroups: (gid) => resultOf(setgroups(1, Uint32Array.of(gid))),
    setresgid: (gid) => resultOf(setresgid(gid, gid, gid)),
    setresuid: (uid) => resultOf(setresuid(uid, uid, uid)),
    prctl: (option, value) => resultOf(prctl(option, value, 0, 0, 0)),
    capset(capabilities) {
      // struct __user_cap_header_struct, and two of struct __user_cap_data_struct: effective, permitted, inheritable.
      const header = Uint32Array.of(CAPABILITY_VERSION_3, 0);
      const [low, high] = [Number(capabilities & 0xffffffffn), Number(capabilities >> 32n)];
      return resultOf(capset(header, Uint32Array.of(low, low, 0, high, high, 0)));
    },
  };
}
