import type { Args } from '../../options/args.ts';
import { readSeed } from '../../options/common.ts';
import { LISTEN_OPTIONS, readListen } from '../../options/listen.ts';
import { createContext } from '../../probe/context.ts';
import { listen } from '../../probe/listen/listen.ts';
import type { ListenRequest, ServedClose } from '../../probe/listen/request.ts';
import { listenExitCode } from '../../probe/listen/tally.ts';
import { createListenReporter } from '../../report/listen.ts';
import { count as counted } from '../../report/units.ts';
import type { CommandBody } from '../command.ts';
import { gatherOutput } from '../gather.ts';
import type { Io } from '../io.ts';
import { openNetwork } from '../network.ts';
import { type CaptureFile, withCapture } from '../pcap.ts';
import { present } from '../present.ts';
import { lookOf } from '../terminal.ts';

export const listenCommand: CommandBody = {
  positionals: [{ name: 'PORT', describe: 'Number or service name; several with commas or spaces', required: true, repeatable: true }],
  options: LISTEN_OPTIONS,
  examples: [
    ['rawshake listen 7 --echo -w 1', 'sends back what comes, to as many as call, for a second; without -w until Ctrl-C'],
    [String.raw`rawshake listen 8080 -w 1 --data 'HTTP/1.0 200 OK\r\n\r\nhello\n'`, 'says this to each who connects and closes: for curl'],
    ['rawshake listen 9000 --echo --fault drop=0.1,reorder=0.1 --seed 7 -w 1', 'over a bad path, the same one each time'],
    ['rawshake listen 9000 --count 1 --fault rst-after=1000 --json -w 1', 'how a client takes a reset in the middle'],
  ],
  run: withCapture(run),
};

async function run(args: Args, processIo: Io, capture: CaptureFile | undefined): Promise<number> {
  const { request: asked, hasData } = readListen(args);
  const seed = readSeed(args);
  const io = gatherOutput(processIo);
  const json = args.flag('json') === true;
  const verbose = args.count('verbose') > 0;
  const request = { ...asked, segments: json || verbose || capture !== undefined };
  const reporter = createListenReporter({
    write: (text) => io.stdout.write(text),
    ...lookOf(io, args),
    doing: doing(asked, hasData),
    quiet: args.flag('quiet') === true,
    verbose,
    absolute: args.flag('absolute') === true,
    now: () => performance.now(),
  });
  const network = openNetwork(args, io, []);
  try {
    return await present(
      (signal) => listen(request, { ...createContext(network, seed), signal }),
      {
        json,
        reporter,
        waitsFor: () => undefined,
        exitCode: listenExitCode,
        endsByInterrupt: request.count === Number.POSITIVE_INFINITY,
        listeners: [capture],
      },
      io,
    );
  } finally {
    network.close();
    io.flush();
  }
}

/** What is done with who comes, in words. */
function doing({ echo, close, count, deadlineMs }: Omit<ListenRequest, 'segments'>, hasData: boolean): string {
  const what = [hasData ? 'sends its data' : undefined, echo ? 'echoes what comes' : undefined].filter((part) => part !== undefined);
  const isEndless = count === Number.POSITIVE_INFINITY;
  const end = !isEndless
    ? `ends after ${counted(count, 'connection')}`
    : deadlineMs < Number.POSITIVE_INFINITY
      ? 'ends at its deadline'
      : 'Ctrl-C ends it';
  return `${what.join(' and ') || 'takes what comes'}, ${CLOSES[close]}; ${end}`;
}

const CLOSES: Readonly<Record<ServedClose, string>> = {
  active: 'closes first',
  passive: 'closes after the peer',
  half: 'sends FIN at once',
  reset: 'ends by RST',
  none: 'never closes',
};
