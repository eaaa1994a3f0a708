/** What most commands have, read in one way. */
import type { Ipv4Address } from '../wire/address.ts';
import type { Args } from './args.ts';
import { readPort } from './target.ts';
import { address, MAX_32, within } from './values.ts';

/** Where segments leave; what is undefined is left to the route. */
export interface PathChoice {
  source: Ipv4Address | undefined;
  sourcePort: number | undefined;
  interfaceName: string | undefined;
}

/** Of `PATH_OPTIONS`. @throws CliError */
export const readPath = (args: Args): PathChoice => ({
  source: args.read('source', address),
  sourcePort: args.read('source-port', readPort),
  interfaceName: args.text('interface'),
});

/** Undefined: nobody can guess what is drawn. @throws CliError */
export const readSeed = (args: Args): number | undefined => args.read('seed', within(0, MAX_32));
