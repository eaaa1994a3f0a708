import type { Args } from '../../options/args.ts';
import { readSeed } from '../../options/common.ts';
import { CONNECT_OPTIONS, readConnect } from '../../options/connect.ts';
import { connect } from '../../probe/connect/connect.ts';
import { connectExitCode } from '../../probe/connect/result.ts';
import { createContext } from '../../probe/context.ts';
import type { ConnectEvent } from '../../probe/events.ts';
import { createConnectReporter } from '../../report/connect.ts';
import { type CommandBody, HOST, PORT } from '../command.ts';
import { connectWaits } from '../connect-waits.ts';
import { readExpectations } from '../expect.ts';
import type { Io } from '../io.ts';
import { openNetwork } from '../network.ts';
import { beside, outputPath, refuseTerminal } from '../output-path.ts';
import { type CaptureFile, withCapture } from '../pcap.ts';
import { type Listener, present } from '../present.ts';
import { resolveTarget } from '../resolve-target.ts';
import { FileSink } from '../save.ts';
import { writeNote } from '../say.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { lookOf } from '../terminal.ts';

export const connectCommand: CommandBody = {
  positionals: [HOST, PORT],
  options: CONNECT_OPTIONS,
  examples: [
    ['rawshake connect example.com 80', 'handshake, then we close'],
    [String.raw`rawshake connect example.com 80 --data 'GET / HTTP/1.0\r\n\r\n' --close passive`, 'the server closes first'],
    ["rawshake connect example.com 80 --expect 'rttUs < 2s'", 'a check for a script: exit 3 where it is slower'],
  ],
  run: withCapture(run),
};

async function run(args: Args, textIo: Io, capture: CaptureFile | undefined): Promise<number> {
  const asked = readConnect(args);
  const savePath = outputPath(args, 'save', ['pcap']);
  refuseTerminal('save', savePath, textIo, 'another program');
  if (savePath !== undefined) keepHeapSmall();
  const io = beside(savePath, textIo);
  const expecting = await readExpectations(args, 'connect', io);
  const { address, note, deadlineMs } = await resolveTarget(asked.host, io, asked.deadlineMs);
  const save = savePath === undefined ? undefined : await FileSink.open(savePath, args.flag('force') === true, io.env);
  const json = args.flag('json') === true;
  if (note !== undefined && args.flag('quiet') !== true) writeNote(note, io);
  const reporter = createConnectReporter({
    write: (text) => io.stdout.write(text),
    ...lookOf(io, args),
    absolute: args.flag('absolute') === true,
    explain: args.flag('explain') === true,
    quiet: args.flag('quiet') === true,
    verbose: args.count('verbose') > 0,
  });
  const seed = readSeed(args);
  const network = openNetwork(args, io, []);
  try {
    return await present(
      (signal) => connect({ ...asked, address, deadlineMs }, { ...createContext(network, seed), signal }),
      { json, reporter, waitsFor: connectWaits(), exitCode: connectExitCode, expecting, listeners: [save && saving(save), capture] },
      io,
    );
  } finally {
    network.close();
  }
}

/** What the peer sends, as `--save` has it. */
const saving = (sink: FileSink): Listener<ConnectEvent> => ({
  sink,
  event(event) {
    if (event.type === 'start') sink.begin();
    if (event.type === 'data') sink.write(event.payload);
  },
  end: () => sink.close(),
});
