import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE } from '../../net/credentials.ts';
import { resolveHost } from '../../net/resolve.ts';
import type { Args } from '../../options/args.ts';
import { checkSegments } from '../../options/check-segments.ts';
import { readSeed } from '../../options/common.ts';
import { usageError } from '../../options/errors.ts';
import { MOST_PAIRS, readPorts, readScan, SCAN_OPTIONS } from '../../options/scan.ts';
import { readScanTargets } from '../../options/scan-targets.ts';
import { REFUSED_OPTIONS } from '../../options/segment-options.ts';
import { among } from '../../options/values.ts';
import { createContext } from '../../probe/context.ts';
import type { PortEvent, ScanEvent, ScanResult } from '../../probe/events.ts';
import { IntervalSet } from '../../probe/scan/intervals.ts';
import { SCAN_DEFAULTS, type ScanRequest } from '../../probe/scan/request.ts';
import { REQUIRED_VERDICTS, scanExitCode } from '../../probe/scan/result.ts';
import { scan } from '../../probe/scan/scan.ts';
import { shardSize } from '../../probe/scan/shard.ts';
import { createScanReporter, progressText } from '../../report/scan.ts';
import { formatSpan, grouped } from '../../report/units.ts';
import { formatIpv4, type Ipv4Address } from '../../wire/address.ts';
import type { CommandBody } from '../command.ts';
import { readExpectations } from '../expect.ts';
import { gatherOutput } from '../gather.ts';
import { type Io, ioWith, writtenBy } from '../io.ts';
import { openNetwork } from '../network.ts';
import { beside, outputPath } from '../output-path.ts';
import { type CaptureFile, withCapture } from '../pcap.ts';
import { type Listener, present } from '../present.ts';
import { createProgress } from '../progress.ts';
import { unlessGivenUp } from '../resolve-target.ts';
import { FileSink } from '../save.ts';
import { writeNote } from '../say.ts';
import { CsvFile } from '../scan-csv.ts';
import { checkSame, fingerprintOf, Journal, readJournal } from '../scan-journal.ts';
import { createNames } from '../scan-names.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { lookOf } from '../terminal.ts';

/** What a scan is reckoned with that is given no rate. */
const USUAL_PPS = 50_000;
const PROGRESS_MS = 200;
const CHECKPOINT_MS = 5000;
/** Of so many hosts it is kept what came of each. */
const MOST_TOLD_HOSTS = 1 << 16;
const ALL_PORTS = 65_535;

export const scanCommand: CommandBody = {
  positionals: [
    {
      name: 'TARGETS',
      describe:
        'Addresses, networks (10.0.0.0/24), ranges (10.0.0.1-50) and names; @FILE and - (stdin) hold such words, # begins a comment there',
      required: true,
      repeatable: true,
    },
  ],
  options: SCAN_OPTIONS,
  refused: REFUSED_OPTIONS,
  examples: [
    ['rawshake scan example.com', 'the thousand likeliest ports, and which of them are open'],
    ['rawshake scan example.com -p - --csv ports.csv', 'every port, and what is open as a table for other programs too'],
    ['rawshake scan 10.77.1.1-9 -p ssh,80,443 --show all', 'a few hosts, and what each port answers'],
    ['rawshake scan example.com -p 80,443 --require open -q', 'a check for a script: exit 0 only where both are open'],
  ],
  run: withCapture(run),
};

async function run(args: Args, textIo: Io, capture: CaptureFile | undefined): Promise<number> {
  keepHeapSmall();
  const json = args.flag('json') === true;
  const quiet = args.flag('quiet') === true;
  const csvPath = outputPath(args, 'csv', ['pcap', 'resume']);
  const required = args.read('require', among(REQUIRED_VERDICTS));
  const seed = readSeed(args);
  const expecting = await readExpectations(args, 'scan', textIo);
  const asked = readScan(args, textIo.env);
  checkSegments([{ spec: { ...asked.spec, flags: asked.technique.flags } }]);
  const ports = readPorts(args);
  const {
    targets,
    names: hostNames,
    notes,
    leftMs,
  } = await readScanTargets(args, { stdin: textIo.stdin, resolve: resolveHost }, (lookUps, subject) =>
    unlessGivenUp(lookUps, subject, textIo, asked.maxTimeMs),
  );
  const request = { ...asked, targets, ports, maxTimeMs: leftMs };
  const hosts = targets.addresses.count;
  checkSize(request, args.flag('yes') === true);

  const resumePath = args.text('resume');
  const remembered = resumePath === undefined ? undefined : await readJournal(resumePath);
  const fingerprint = fingerprintOf(request);
  if (remembered !== undefined && resumePath !== undefined) checkSame(resumePath, remembered.fingerprint, fingerprint);
  const resume = remembered?.state;
  if (resume !== undefined && seed !== undefined && seed !== resume.seed)
    throw usageError(`--seed: ${seed}, but the scan of --resume has ${resume.seed}`, 'leave --seed out');
  if (remembered !== undefined && expecting?.needsPorts)
    throw usageError(
      '--expect of ports and --resume of a scan that has begun',
      'of its earlier ports only the numbers are known: counts.open',
    );
  if (!quiet) for (const note of notes) writeNote(note, textIo);

  const progress = createProgress(textIo);
  const toStderr = beside(csvPath, textIo);
  const { stdout } = toStderr;
  const write = (text: string): void => {
    if (stdout.isTTY) progress.hide();
    stdout.write(text);
  };
  const io = gatherOutput(ioWith(toStderr, { stdout: writtenBy(stdout, write) }));
  const names = createNames(hostNames);
  const reporter = createScanReporter({
    write: (text) => io.stdout.write(text),
    ...lookOf(io, args),
    quiet,
    verbose: args.count('verbose') > 0,
    names,
    host: hosts === 1 ? hostText(targets.addresses.at(0), hostNames) : undefined,
    portText: portText(args, ports.count),
    shard: request.shard,
    settledBefore: IntervalSet.of(resume?.done ?? []).count,
    shown: request.tell,
    excluded: targets.excluded,
    resumeFile: resumePath,
    confidence: request.confidence,
  });
  const files: (Listener<ScanEvent> & { sink: FileSink })[] = [];
  const network = openNetwork(args, io, [CAP_NET_ADMIN, CAP_NET_BIND_SERVICE]);
  try {
    if (resumePath !== undefined) files.push(await Journal.open(resumePath, fingerprint, remembered, io.env));
    const csv = csvPath === undefined ? undefined : new CsvFile(await FileSink.open(csvPath, true, io.env), names);
    if (csv !== undefined) files.push(csv);
    for (const row of remembered?.ports ?? []) {
      csv?.recall(row);
      if (!json) reporter.recall(row);
    }
    const context = createContext(network, seed);
    /** Expectations are told of all ports. */
    const isShown = (event: { type: string }): boolean => event.type !== 'port' || request.tell.has((event as PortEvent).verdict);
    let hasNotedUnsent = false;
    const told: Listener<ScanEvent> = {
      event(event) {
        if (event.type === 'progress') progress.show(progressText(event));
        if (event.type !== 'unsent' || !quiet || hasNotedUnsent) return;
        hasNotedUnsent = true;
        writeNote(`not sent to ${event.address}:${event.port}, and maybe others: ${event.message}`, io);
      },
      end: () => progress.hide(),
    };
    return await present(
      (signal) =>
        scan(
          {
            ...request,
            // Parts of one scan must come from one order.
            seed: resume?.seed ?? seed ?? (request.shard === undefined ? context.random.uint32() : 0),
            resume,
            tellHosts: !json && !quiet && resume === undefined && hosts > 1 && hosts <= MOST_TOLD_HOSTS,
            checkpointMs: resumePath === undefined ? SCAN_DEFAULTS.checkpointMs : CHECKPOINT_MS,
            progressMs: io.stderr.isTTY ? PROGRESS_MS : SCAN_DEFAULTS.progressMs,
            segments: capture !== undefined,
            tell: expecting?.needsPorts ? undefined : request.tell,
          },
          { ...context, signal },
        ),
      {
        json,
        reporter,
        waitsFor: () => undefined,
        exitCode: (result: ScanResult) => scanExitCode(result, required),
        expecting,
        exitCodeOfExpected: (result) => (required === undefined ? 0 : scanExitCode(result, required)),
        onlyForListeners: (event) => event.type === 'segment' || event.type === 'icmp' || !isShown(event),
        listeners: [capture, told, ...files.map((file) => filtered(file, isShown))],
      },
      io,
    );
  } finally {
    network.close();
    for (const { sink } of files) await sink.close();
    io.flush();
  }
}

/** A listener that does not hear of all. */
const filtered = (listener: Listener<ScanEvent> & { sink: FileSink }, hears: (event: ScanEvent) => boolean): Listener<ScanEvent> => ({
  sink: listener.sink,
  event: (event) => {
    if (hears(event)) listener.event(event);
  },
  end: () => listener.end(),
});

/** What nobody asks for by mistake, and what would take longer than anybody waits. */
function checkSize(
  { targets, ports, shard, ratePps = USUAL_PPS }: Pick<ScanRequest, 'targets' | 'ports' | 'shard' | 'ratePps'>,
  isSure: boolean,
): void {
  const hosts = targets.addresses.count;
  const pairs = shardSize(shard ?? { index: 1, count: 1 }, hosts * ports.count);
  if (isSure || pairs <= MOST_PAIRS) return;
  const probes = `${grouped(hosts)} addresses with ${grouped(ports.count)} ports each are ${grouped(pairs)} probes at least`;
  const part = shard === undefined ? '' : ' in this part';
  throw usageError(
    `${probes}${part}, ${formatSpan((pairs / ratePps) * 1000)} at ${grouped(ratePps)} a second`,
    'add --yes to go ahead, or scan less',
  );
}

/** What the title says of the ports. */
function portText(args: Args, count: number): string {
  const given = args.text('ports');
  if (count === ALL_PORTS) return `all ${grouped(count)} ports`;
  if (given !== undefined && /^[\w-]+$/.test(given)) return count === 1 ? `port ${given}` : `ports ${given}`;
  return given === undefined ? `the ${grouped(count)} likeliest ports` : `${grouped(count)} ports`;
}

/** One host, as it was asked for. */
function hostText(only: Ipv4Address, names: ReadonlyMap<string, string>): string {
  const text = formatIpv4(only);
  const name = names.get(text);
  return name === undefined ? text : `${name} (${text})`;
}
