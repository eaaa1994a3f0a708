import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE } from '../../net/credentials.ts';
import { openNameSource } from '../../net/resolve.ts';
import type { Args } from '../../options/args.ts';
import { readSeed } from '../../options/common.ts';
import { REFUSED_BY_TRACE, readTrace, TRACE_OPTIONS } from '../../options/trace.ts';
import { createContext } from '../../probe/context.ts';
import type { TraceResult } from '../../probe/events.ts';
import type { TraceRequest } from '../../probe/trace/request.ts';
import { traceExitCode } from '../../probe/trace/result.ts';
import { trace } from '../../probe/trace/trace.ts';
import { createTraceReporter, type TraceReporter } from '../../report/trace.ts';
import { createWatchReporter } from '../../report/trace-watch.ts';
import { type CommandBody, HOST, PORT } from '../command.ts';
import { readExpectations } from '../expect.ts';
import { gatherOutput } from '../gather.ts';
import { type Io, ioWith } from '../io.ts';
import { openNetwork } from '../network.ts';
import { type CaptureFile, withCapture } from '../pcap.ts';
import { present } from '../present.ts';
import { resolveTarget } from '../resolve-target.ts';
import { writeNote } from '../say.ts';
import { lookOf } from '../terminal.ts';

export const traceCommand: CommandBody = {
  positionals: [HOST, PORT],
  options: TRACE_OPTIONS,
  refused: REFUSED_BY_TRACE,
  examples: [
    ['rawshake trace example.com 443', 'the way of a SYN: every hop, what it changed, and where and how it ends'],
    ['rawshake trace example.com 443 --flows 16', 'the ways of 16 flows, as a tree where balancers part them'],
    ['rawshake trace example.com 443 --inside --mtu', 'inside a connection, past firewalls that track them; and the path MTU'],
    ['rawshake trace example.com 443 --flows 16 --dot > path.dot', 'the same tree for graphviz: dot -Tsvg path.dot'],
  ],
  run: withCapture(run),
};

async function run(args: Args, processIo: Io, capture: CaptureFile | undefined): Promise<number> {
  const asked = readTrace(args);
  const gathering = gatherOutput(processIo);
  const expecting = await readExpectations(args, 'trace', gathering);
  const seed = readSeed(args);
  const quiet = args.flag('quiet') === true;
  const verbose = args.count('verbose') > 0;
  const { address, note, deadlineMs } = await resolveTarget(asked.host, gathering, asked.deadlineMs);
  if (note !== undefined && !quiet) writeNote(note, gathering);
  const request: TraceRequest = {
    ...asked,
    address,
    deadlineMs,
    segments: capture !== undefined || verbose || expecting?.needsSegments === true,
  };
  const { reporter, io, leave } = createReporter(args, request, gathering);
  // Each flow has a port of its own, and a guard on it.
  const network = openNetwork(args, io, [CAP_NET_ADMIN, CAP_NET_BIND_SERVICE]);
  const names = args.flag('numeric') === true ? undefined : openNameSource();
  try {
    return await present(
      (signal) => trace(request, { ...createContext(network, seed), signal, reverse: names?.nameOf }),
      {
        json: args.flag('json') === true,
        reporter,
        waitsFor: () => (request.watchMs === undefined ? 'waiting for answers' : undefined),
        exitCode: (result: TraceResult) => traceExitCode(result),
        expecting,
        endsByInterrupt: request.watchMs !== undefined,
        listeners: [capture],
        onlyForListeners: ({ type }) => !verbose && (type === 'segment' || type === 'icmp'),
      },
      io,
    );
  } finally {
    leave();
    names?.close();
    network.close();
    gathering.flush();
  }
}

/** What shows it, and the io with which the terminal is given back however it ends. */
function createReporter(args: Args, { probes, flows, watchMs }: TraceRequest, io: Io): { reporter: TraceReporter; io: Io; leave(): void } {
  const { stdout } = io;
  const write = (text: string): void => stdout.write(text);
  const quiet = args.flag('quiet') === true;
  const look = lookOf(io, args);
  if (watchMs === undefined) {
    const dot = args.flag('dot') === true;
    const reporter = createTraceReporter({ write, ...look, quiet, verbose: args.count('verbose') > 0, dot, probes, flows });
    return { reporter, io, leave: () => undefined };
  }
  const hasScreen = stdout.isTTY && io.env.TERM !== 'dumb' && stdout.columns !== undefined && args.flag('json') !== true;
  const size = hasScreen ? () => ({ columns: stdout.columns ?? look.width, rows: stdout.rows ?? 0 }) : undefined;
  const watch = createWatchReporter({ write, ...look, quiet, size });
  const removeResize = io.onResize(() => watch.redraw());
  return {
    reporter: watch,
    leave() {
      watch.leave();
      removeResize();
    },
    io: ioWith(io, {
      exitNow(code: number) {
        watch.leave();
        io.exitNow(code);
      },
    }),
  };
}
