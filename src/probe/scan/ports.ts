/** The ports of a scan: from text to a set of numbers. */
import { InputError, quote } from '../input-error.ts';
import { type Interval, IntervalSet } from './intervals.ts';
import { TOP_PORTS } from './top-ports.ts';

const HIGHEST_PORT = 0xffff;

/** What knows the ports of services by name. */
export interface Services {
  /** A port by number, 1 to 65535 in decimal or 0x, or by name; undefined where it is neither (net/resolve.ts). */
  resolvePort(text: string): number | undefined;
  /** The name that was likely meant. */
  nearestName(text: string): string | undefined;
}

/**
 * Reads ports, ranges of them and names, with commas between: `80,443,1000-2000,http`. A range may lack its first or last
 * port: `-1023`, `49152-`, and `-` for all of them.
 * @param option for errors
 * @throws InputError
 */
export function parsePorts(option: string, text: string, services: Services): IntervalSet {
  return IntervalSet.of(text.split(',').map((part) => parsePart(option, part.trim(), services)));
}

function parsePart(option: string, part: string, services: Services): Interval {
  const range = /^(\d+|0x[\da-f]+)?-(\d+|0x[\da-f]+)?$/i.exec(part);
  if (range !== null) return readRange(option, part, range[1], range[2]);
  const port = services.resolvePort(part);
  if (port !== undefined) return { first: port, last: port };
  if (part === '') throw new InputError(`${option}: a port is missing`, 'give ports such as 22,80,8000-8099');
  if (/^[\d-]/.test(part)) throw notAPort(option, part);
  const near = services.nearestName(part);
  throw new InputError(
    `${option}: ${quote(part)} is no known service name`,
    near === undefined ? 'give a number from 1 to 65535 or a name from /etc/services' : `did you mean ${near}?`,
  );
}

function readRange(option: string, part: string, firstText: string | undefined, lastText: string | undefined): Interval {
  const first = Number(firstText ?? 1);
  const last = Number(lastText ?? HIGHEST_PORT);
  if (first < 1 || first > HIGHEST_PORT) throw notAPort(option, String(firstText));
  if (last < 1 || last > HIGHEST_PORT) throw notAPort(option, String(lastText));
  if (last < first) throw new InputError(`${option}: ${part} runs backwards`, `give ${lastText}-${firstText}`);
  return { first, last };
}

const notAPort = (option: string, part: string): InputError => new InputError(`${option}: ${part} is no port`, 'give 1 to 65535');

/**
 * The first of the table of likely ports.
 * @param option for errors
 * @throws InputError where the table is shorter
 */
export function topPorts(option: string, wanted: number): IntervalSet {
  const { length } = TOP_PORTS;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > length)
    throw new InputError(
      `${option}: ${wanted} is out of range: the table has ${length} ports`,
      `give 1 to ${length}, or --ports - for all 65535`,
    );
  return IntervalSet.of(TOP_PORTS.slice(0, wanted).map((port) => ({ first: port, last: port })));
}
