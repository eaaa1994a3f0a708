import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE } from '../../net/credentials.ts';
import type { Args } from '../../options/args.ts';
import { readSeed } from '../../options/common.ts';
import { PING_OPTIONS, readPing } from '../../options/ping.ts';
import { REFUSED_OPTIONS } from '../../options/segment-options.ts';
import type { Target } from '../../options/target.ts';
import { createContext } from '../../probe/context.ts';
import { ping } from '../../probe/ping/ping.ts';
import type { PingTarget } from '../../probe/ping/request.ts';
import { pingExitCode } from '../../probe/ping/result.ts';
import { createPingReporter } from '../../report/ping.ts';
import { type CommandBody, HOST, PORT } from '../command.ts';
import { readExpectations } from '../expect.ts';
import { gatherOutput } from '../gather.ts';
import type { Io } from '../io.ts';
import { openNetwork } from '../network.ts';
import { type CaptureFile, withCapture } from '../pcap.ts';
import { present } from '../present.ts';
import { resolveTarget } from '../resolve-target.ts';
import { writeNote } from '../say.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { lookOf } from '../terminal.ts';

export const pingCommand: CommandBody = {
  positionals: [HOST, { ...PORT, describe: `${PORT.describe}; or more targets as HOST:PORT, probed in turn`, repeatable: true }],
  options: PING_OPTIONS,
  refused: REFUSED_OPTIONS,
  examples: [
    ['rawshake ping example.com 443 -c 5', 'a SYN a second, five of them; without -c on and on until Ctrl-C'],
    ['rawshake ping example.com:80 example.com:443 -c 10 -i 0.2', 'two ports in turn, and a table at the end'],
    ['rawshake ping example.com 443 -c 100 -i 0.1 -q --loss-limit 1 --rtt-limit 50', 'a check for a script: exit 3 where it is worse'],
  ],
  run: withCapture(run),
};

async function run(args: Args, processIo: Io, capture: CaptureFile | undefined): Promise<number> {
  keepHeapSmall();
  const io = gatherOutput(processIo);
  const { named, request } = readPing(args);
  const expecting = await readExpectations(args, 'ping', io);
  const seed = readSeed(args);
  const { targets, deadlineMs } = await resolveTargets(named, request.deadlineMs, io);
  const json = args.flag('json') === true;
  const quiet = args.flag('quiet') === true;
  const reporter = createPingReporter({
    write: (text) => io.stdout.write(text),
    status: quiet && io.stderr.isTTY ? (text) => io.stderr.write(`\r${text}\x1b[K`) : undefined,
    ...lookOf(io, args),
    quiet,
    verbose: args.count('verbose') > 0,
    histogram: args.flag('histogram') === true,
    targets,
    isEndless: request.count === Number.POSITIVE_INFINITY,
  });
  // Each probe has a port of its own, and a guard on it; from one to the next there may be a while without any.
  const network = openNetwork(args, io, [CAP_NET_ADMIN, CAP_NET_BIND_SERVICE], { keepSockets: true });
  try {
    return await present(
      (signal) =>
        ping(
          { ...request, targets, deadlineMs, segments: capture !== undefined || expecting?.needsSegments === true },
          { ...createContext(network, seed), signal, onFiguresWanted: (wanted) => io.onQuit(wanted) },
        ),
      {
        json,
        reporter,
        waitsFor: () => undefined,
        exitCode: pingExitCode,
        expecting,
        exitCodeOfExpected: ({ passedLimits }) => (passedLimits.length > 0 ? 3 : 0),
        endsByInterrupt: request.count === Number.POSITIVE_INFINITY,
        listeners: [capture],
        onlyForListeners: ({ type }) => type === 'segment' || type === 'icmp',
      },
      io,
    );
  } finally {
    network.close();
    io.flush();
  }
}

async function resolveTargets(named: readonly Target[], limitMs: number, io: Io): Promise<{ targets: PingTarget[]; deadlineMs: number }> {
  const targets: PingTarget[] = [];
  let deadlineMs = limitMs;
  for (const { host, port } of named) {
    const resolved = await resolveTarget(host, io, deadlineMs);
    if (resolved.note !== undefined) writeNote(resolved.note, io);
    targets.push({ host, address: resolved.address, port });
    deadlineMs = resolved.deadlineMs;
  }
  return { targets, deadlineMs };
}
