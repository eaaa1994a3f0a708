/** Segments that are not sent: put into bytes to see whether that works, or to show them. */
import { NetError } from '../net/errors.ts';
import { localPortRange } from '../net/ports.ts';
import { randomBelow, seededRandom, systemRandom } from '../net/random.ts';
import { findRoute } from '../net/route.ts';
import type { Args } from '../options/args.ts';
import { copyId, craft, datagramOf, drawNumbers, piecesOf } from '../probe/segment-spec.ts';
import type { SendRequest } from '../probe/send/request.ts';
import { resultLine } from '../report/json.ts';
import { createReadingReporter } from '../report/reading-reporter.ts';
import { decodePacketLax } from '../wire/packet.ts';
import type { Io } from './io.ts';
import { writeNote } from './say.ts';
import { lookOf } from './terminal.ts';

/** Ethernet's, where no route says another. */
const DEFAULT_MTU = 1500;

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
