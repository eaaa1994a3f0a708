import type { Args } from '../../options/args.ts';
import { OUTPUT_OPTIONS } from '../../options/options.ts';
import { connect } from '../../probe/connect/connect.ts';
import { CONNECT_DEFAULTS } from '../../probe/connect/request.ts';
import { createContext } from '../../probe/context.ts';
import { doctor } from '../../probe/doctor/doctor.ts';
import type { Converse } from '../../probe/doctor/trial.ts';
import type { DoctorResult } from '../../probe/events.ts';
import { createDoctorReporter } from '../../report/doctor.ts';
import { parseIpv4 } from '../../wire/address.ts';
import type { CommandBody } from '../command.ts';
import type { Io } from '../io.ts';
import { startPeer } from '../peer.ts';
import { present } from '../present.ts';
import { giveUp } from '../privileges.ts';
import { lookOf } from '../terminal.ts';

const SHOWN = ['json', 'quiet', 'ascii', 'color'];

export const doctorCommand: CommandBody = {
  positionals: [],
  options: OUTPUT_OPTIONS.filter(({ name }) => SHOWN.includes(name)),
  examples: [
    ['rawshake doctor', 'what works, with the command that mends what does not'],
    ['rawshake doctor --quiet', 'one line and the exit code: 0 where connect would work'],
  ],
  run,
};

const LOOPBACK = '127.0.0.1';

/** A SYN gets its answer within a millisecond there; one that has none by now gets none. */
const TIMEOUT_MS = 800;

async function run(args: Args, io: Io): Promise<number> {
  const reporter = createDoctorReporter({
    write: (text) => io.stdout.write(text),
    ...lookOf(io, args),
    quiet: args.flag('quiet') === true,
  });
  const start = (signal: AbortSignal) =>
    doctor({
      node: process.versions.node,
      uid: process.geteuid?.() ?? 0,
      rawshake: process.argv.slice(0, 2),
      // An ordinary user's path lacks the directories in which firewall tools are.
      path: `${io.env.PATH ?? ''}:/usr/sbin:/sbin`,
      startPeer,
      converse: converse(signal),
      giveUp: () => giveUp([], io),
    });
  return present(
    start,
    { json: args.flag('json') === true, reporter, waitsFor: () => 'looking at what works here', exitCode: exitCodeOf },
    io,
  );
}

const converse =
  (signal: AbortSignal): Converse =>
  (network, port, close) =>
    connect(
      {
        ...CONNECT_DEFAULTS,
        host: LOOPBACK,
        address: parseIpv4(LOOPBACK) as number,
        port,
        data: [new TextEncoder().encode('hello')],
        close,
        idleMs: 0,
        timeoutMs: TIMEOUT_MS,
        deadlineMs: TIMEOUT_MS,
        timeWaitMs: 0,
      },
      { ...createContext(network), signal },
    );

/** As `connect` would end, to a port that is open. */
function exitCodeOf({ verdict, completed }: DoctorResult): number {
  if (verdict === 'closed') return 1;
  if (verdict !== 'open') return 2;
  return completed ? 0 : 3;
}
