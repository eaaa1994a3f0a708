/** Segments that are not sent: put into bytes to see whether that works, or to show them. */
import { NetError } from '../net/errors.ts';
import { localPortRange } from '../net/ports.ts';
import { randomBelow, seededRandom, systemRandom } from '../net/random.ts';
import { findRoute } from '../net/route.ts';
import { copyId, craft, datagramOf, drawNumbers, piecesOf } from '../probe/segment-spec.ts';
import type { SendRequest, Variant } from '../probe/send/request.ts';
import { resultLine } from '../report/json.ts';
import { createReadingReporter } from '../report/reading-reporter.ts';
import { EncodeError } from '../wire/errors.ts';
import { decodePacketLax } from '../wire/packet.ts';
import type { Args } from './command.ts';
import { usageError } from './errors.ts';
import type { Io } from './io.ts';
import { writeNote } from './say.ts';
import { lookOf } from './terminal.ts';

/** Ethernet's, where no route says another. */
const DEFAULT_MTU = 1500;

const HINTS: Readonly<Record<string, string>> = {
  'TCP options': 'leave some out; a SYN has those of Linux unless it is told --tcp-options none',
  'IPv4 options': 'leave some out',
  'IPv4 total length': 'a datagram has room for 65535 bytes, headers and all: send less',
  'IPv4 fragment offset': 'the last fragment begins 65528 bytes in at most: send less, or start earlier',
};

/** @throws CliError where one of them can't be put into bytes, or not be sent as it is */
export function checkSegments(variants: readonly Variant[]): void {
  const flow = { source: 0, sourcePort: 0, destination: 0, destinationPort: 0 };
  const numbers = { seq: 0, ack: 0, ipId: 1, timestamp: 0, mss: 0 };
  for (const { spec, label } of variants) {
    const at = label === undefined ? '' : `--sweep ${label}: `;
    try {
      const crafted = craft(spec, flow, numbers);
      piecesOf(datagramOf(crafted, 1), spec);
      if (spec.ipId === 0 && !crafted.ip.dontFragment)
        throw usageError(`${at}--ip-id: 0 without DF, and the kernel fills in an identification of its own there`, 'give another, or --df');
    } catch (error) {
      if (error instanceof EncodeError) throw usageError(`${at}${error.message}`, HINTS[error.field]);
      throw error;
    }
  }
}

/** Prints what would be sent. @returns the exit code */
export function dryRun(request: SendRequest, seed: number | undefined, args: Args, io: Io): number {
  const json = args.flag('json') === true;
  const reporter = createReadingReporter({
    write: (text) => io.stdout.write(text),
    ...lookOf(io, args),
    json,
    quiet: args.flag('quiet') === true,
  });
  const random = seed === undefined ? systemRandom() : seededRandom(seed);
  const { source, mtu } = routeOf(request, io);
  const { low, high } = localPortRange();
  for (const { spec, label, sourcePort } of request.variants) {
    const numbers = drawNumbers(random, mtu, () => random.uint32());
    const flow = {
      source,
      sourcePort: sourcePort ?? low + randomBelow(random, high - low + 1),
      destination: request.address,
      destinationPort: request.port,
    };
    const crafted = craft(spec, flow, numbers);
    for (let copy = 0; copy < (Number.isFinite(request.count) ? request.count : 1); copy++) {
      const datagram = datagramOf(crafted, copyId(spec, numbers, copy));
      for (const piece of piecesOf(datagram, spec)) reporter.datagram(decodePacketLax(piece), piece, label);
    }
  }
  if (json) io.stdout.write(resultLine(reporter.result, 0));
  return 0;
}

/** As it would be sent; without a way to send it, what stands for that. */
function routeOf({ address, source, interfaceName }: SendRequest, io: Io): { source: number; mtu: number } {
  try {
    const route = findRoute({ destination: address, source, interfaceName });
    return { source: route.sourceAddress, mtu: route.mtu };
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    if (source !== undefined) return { source, mtu: DEFAULT_MTU };
    writeNote(`${error.message}: the source address is shown as 0.0.0.0; --source sets it`, io);
    return { source: 0, mtu: DEFAULT_MTU };
  }
}
