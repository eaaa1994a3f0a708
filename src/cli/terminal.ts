/** How the output is to look on what it goes to. */
import type { Args } from '../options/args.ts';
import type { Io } from './io.ts';

export interface Look {
  colour: boolean;
  ascii: boolean;
  width: number;
}

/** Where there is no terminal to ask. */
const DEFAULT_WIDTH = 80;

/** Colour and box characters on a terminal that has them; plain ASCII when piped or asked for. NO_COLOR is heeded. */
export function lookOf({ stdout, env }: Pick<Io, 'stdout' | 'env'>, args: Args): Look {
  const noColour = args.flag('color') === false || (env.NO_COLOR !== undefined && env.NO_COLOR !== '') || env.TERM === 'dumb';
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  const utf8 = /utf-?8/i.test(locale);
  return {
    colour: stdout.isTTY && !noColour,
    ascii: args.flag('ascii') === true || !stdout.isTTY || !utf8,
    width: stdout.columns ?? DEFAULT_WIDTH,
  };
}
