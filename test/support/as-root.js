/**
 * Becomes another program, in which setgroups does nothing and succeeds: `node as-root.js PROGRAM ARGUMENT…`.
 * In an ordinary user's namespace the kernel denies that call, and tcpdump and nginx give up without it.
 */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import koffi from 'koffi';

const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const F_SETFD = 2;
const SETGROUPS = { x64: 116, arm64: 159 };

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
/** With errno 0: the call is passed over and returns 0. */
const ERRNO = 0x00050000;

const libc = koffi.load('libc.so.6');
koffi.struct('sock_filter', { code: 'uint16_t', jt: 'uint8_t', jf: 'uint8_t', k: 'uint32_t' });
koffi.struct('sock_fprog', { length: 'uint16_t', filter: 'sock_filter *' });
const prctl = libc.func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)');
const prctlFilter = libc.func('prctl', 'int', ['int', 'unsigned long', koffi.pointer('sock_fprog'), 'unsigned long', 'unsigned long']);
const fcntl = libc.func('int fcntl(int descriptor, int command, int argument)');
const execvp = libc.func('int execvp(const char *file, const char **argv)');

/** Makes setgroups a call that does nothing, for this process and what it becomes. */
function passOverSetgroups() {
  const setgroups = SETGROUPS[process.arch];
  if (setgroups === undefined || endianness() !== 'LE') throw new Error(`the number of setgroups on ${process.arch} is not known here`);
  const filter = [
    { code: LOAD_WORD, jt: 0, jf: 0, k: 0 },
    { code: JUMP_IF_EQUAL, jt: 0, jf: 1, k: setgroups },
    { code: RETURN, jt: 0, jf: 0, k: ERRNO },
    { code: RETURN, jt: 0, jf: 0, k: ALLOW },
  ];
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) throw new Error(`no_new_privs: errno ${koffi.errno()}`);
  if (prctlFilter(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, { length: filter.length, filter }, 0, 0) !== 0)
    throw new Error(`seccomp: errno ${koffi.errno()}`);
}

if (readFileSync('/proc/self/setgroups', 'utf8').trim() === 'deny') passOverSetgroups();
// Node marks its own three as closed on exec.
for (const descriptor of [0, 1, 2]) fcntl(descriptor, F_SETFD, 0);
const argv = process.argv.slice(2);
execvp(argv[0], [...argv, null]);
throw new Error(`${argv[0]}: errno ${koffi.errno()}`);
