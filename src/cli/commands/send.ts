import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE } from '../../net/credentials.ts';
import { NetError } from '../../net/errors.ts';
import type { Args } from '../../options/args.ts';
import { readSeed } from '../../options/common.ts';
import { usageError } from '../../options/errors.ts';
import { REFUSED_OPTIONS } from '../../options/segment-options.ts';
import { readSend, SEND_OPTIONS } from '../../options/send.ts';
import { createContext } from '../../probe/context.ts';
import type { SendRequest } from '../../probe/send/request.ts';
import { sendExitCode } from '../../probe/send/result.ts';
import { send } from '../../probe/send/send.ts';
import { createSendReporter } from '../../report/send.ts';
import { type CommandBody, HOST, PORT } from '../command.ts';
import { dryRun } from '../dry-run.ts';
import { readExpectations } from '../expect.ts';
import type { Io } from '../io.ts';
import { openNetwork } from '../network.ts';
import { type CaptureFile, withCapture } from '../pcap.ts';
import { present } from '../present.ts';
import { resolveTarget } from '../resolve-target.ts';
import { writeNote } from '../say.ts';
import { lookOf } from '../terminal.ts';

export const sendCommand: CommandBody = {
  positionals: [HOST, PORT],
  options: SEND_OPTIONS,
  refused: REFUSED_OPTIONS,
  examples: [
    ['rawshake send example.com 80 --flags FIN,PSH,URG', 'an Xmas segment: no answer, or RST?'],
    ['rawshake send example.com 80 --sweep flags=0..63', 'what each mix of flags is answered with, as a table'],
    ['rawshake send example.com 80 --tcp-option 2:05b4 --tcp-option 253/9:00 --dry-run', 'the bytes of an odd SYN, not sent'],
  ],
  run: withCapture(run),
};

async function run(args: Args, io: Io, capture: CaptureFile | undefined): Promise<number> {
  const asked = readSend(args);
  const expecting = await readExpectations(args, 'send', io);
  const { variants } = asked;
  const seed = readSeed(args);
  const { address, note, deadlineMs } = await resolveTarget(asked.host, io, asked.deadlineMs);
  const quiet = args.flag('quiet') === true;
  if (note !== undefined && !quiet) writeNote(note, io);
  const request: SendRequest = { ...asked, address, deadlineMs };
  if (args.flag('dry-run')) {
    if (capture !== undefined) throw usageError('--pcap and --dry-run at once', 'what is not sent is in no capture: leave one of them out');
    if (expecting !== undefined)
      throw usageError('--expect and --dry-run at once', 'nothing comes of what is not sent: leave one of them out');
    return dryRun(request, seed, args, io);
  }
  const json = args.flag('json') === true;
  const reporter = createSendReporter({
    write: (text) => io.stdout.write(text),
    ...lookOf(io, args),
    quiet,
    verbose: args.count('verbose'),
    sweep: variants.length > 1,
  });
  // Each segment of a sweep has a port of its own, and a guard on it, and that may be a privileged port.
  const keep = variants.length > 1 ? [CAP_NET_ADMIN, CAP_NET_BIND_SERVICE] : [];
  const network = openNetwork(args, io, keep);
  try {
    return await present(
      (signal) => send(request, { ...createContext(network, seed), signal }),
      { json, reporter, waitsFor: () => 'listening for answers', exitCode: sendExitCode, expecting, listeners: [capture] },
      io,
    );
  } catch (error) {
    throw error instanceof NetError && error.code === 'message-too-long' ? withWayOut(error) : error;
  } finally {
    network.close();
  }
}

const withWayOut = ({ code, operation, subject, reason }: NetError): NetError =>
  new NetError(code, operation, subject, reason, 'send less, or in fragments: --fragment 1480');
