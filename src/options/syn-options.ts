/** The options of `SYN_OPTIONS`, read into a choice of TCP options. */
import { PRESETS, type SynOptionChoice } from '../probe/syn-options.ts';
import type { Args } from './args.ts';
import { usageError } from './errors.ts';
import { among, integer, MAX_32, quote, within } from './values.ts';

/** RFC 7323 §2.3. */
const HIGHEST_SCALE = 14;

/** @param highestScale of `--wscale`; more than TCP allows where any segment may be crafted */
export function readSynOptions(args: Args, highestScale = HIGHEST_SCALE): SynOptionChoice {
  const timestamps = args.read('timestamps', (option, text) => {
    const [value = '', echoReply = '0', ...rest] = text.split(',');
    if (rest.length > 0) throw usageError(`${option}: ${quote(text)} is not VAL,ECR`, 'give one or two numbers');
    return { value: integer(option, value, 0, MAX_32), echoReply: integer(option, echoReply, 0, MAX_32) };
  });
  return {
    preset: args.read('tcp-options', among(PRESETS)),
    mss: args.read('mss', within(0, 0xffff)),
    windowScale: args.read('wscale', within(0, highestScale)),
    sackPermitted: args.flag('sack-permitted'),
    timestamps: timestamps ?? args.flag('timestamps'),
  };
}
