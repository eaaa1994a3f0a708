/** Which clock dates the segments. */
import { CLOCK_SOURCES, type ClockSource } from '../net/network.ts';
import type { Args } from './command.ts';
import { oneOf } from './values.ts';

export const readClock = (args: Args): ClockSource | undefined => args.read('clock', (option, text) => oneOf(option, text, CLOCK_SOURCES));
