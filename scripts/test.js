/**
 * Runs vitest where it may make network namespaces: in a network and mount namespace of its own, as root or, for an
 * ordinary user, as the root of a user namespace. All that the tests leave behind goes with it. Where the machine
 * allows neither, vitest runs as it is and leaves out by name what it can't do. Arguments are vitest's.
 */
import { spawnSync } from 'node:child_process';

const vitest = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)];

const flags = process.geteuid() === 0 ? '-nm' : '-Urnm';
// ip netns keeps its names in /run/netns. Debian's sbin is not in an ordinary user's PATH.
const prepare = 'PATH=$PATH:/usr/sbin:/sbin && mount -t tmpfs tmpfs /run && ip link set lo up';

const own = (script, ...argv) => ['unshare', flags, 'sh', '-c', script, 'sh', ...argv];

const trial = spawnSync('unshare', own(prepare).slice(1), { encoding: 'utf8' });
if (trial.status !== 0) console.error(`no namespaces for the tests: unshare ${flags}: ${trial.error?.message ?? trial.stderr.trim()}`);

const [program, ...argv] = trial.status === 0 ? own(`${prepare} && exec "$@"`, ...vitest) : vitest;
const { status, signal, error } = spawnSync(program, argv, { stdio: 'inherit' });
if (error) throw error;
if (signal) process.kill(process.pid, signal);
process.exitCode = status ?? 1;
