/** The options that a SYN carries: those of a well-known system, changed by name. */
import { KIND_MSS, KIND_NOP, KIND_SACK_PERMITTED, KIND_TIMESTAMPS, KIND_WINDOW_SCALE, type TcpOption } from '../wire/tcp-options.ts';

/** Whose SYN to look like. */
export const PRESETS = ['none', 'linux', 'bsd', 'windows'] as const;
export type Preset = (typeof PRESETS)[number];

/** Named options: undefined leaves the preset's, false takes it out. */
export interface SynOptionChoice {
  /** Undefined: `linux`. */
  preset?: Preset | undefined;
  /** Bytes; undefined: what the route's MTU allows. */
  mss?: number | undefined;
  windowScale?: number | undefined;
  sackPermitted?: boolean | undefined;
  /** The first value of our timestamp clock, and the echo field of our SYN. */
  timestamps?: boolean | { value: number; echoReply: number } | undefined;
}

const NOP: TcpOption = { kind: KIND_NOP, name: 'nop' };
const SACK_PERMITTED: TcpOption = { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' };
const windowScale = (shift: number): TcpOption => ({ kind: KIND_WINDOW_SCALE, name: 'window-scale', shift });

/**
 * The options in the order in which the system would send them; named ones that it lacks come last.
 * @param routeMss what the path allows, in bytes
 * @param timestampValue what our timestamp clock starts from where nothing else is asked for
 */
export function synOptions(choice: SynOptionChoice, routeMss: number, timestampValue: number): TcpOption[] {
  const mss: TcpOption = { kind: KIND_MSS, name: 'mss', mss: choice.mss ?? routeMss };
  const given = typeof choice.timestamps === 'object' ? choice.timestamps : { value: timestampValue, echoReply: 0 };
  const timestamps: TcpOption = { kind: KIND_TIMESTAMPS, name: 'timestamps', ...given };
  const presets: Record<Preset, TcpOption[]> = {
    none: [],
    linux: [mss, SACK_PERMITTED, timestamps, NOP, windowScale(7)],
    bsd: [mss, NOP, windowScale(6), SACK_PERMITTED, timestamps],
    windows: [mss, NOP, windowScale(8), NOP, NOP, SACK_PERMITTED],
  };
  let options = presets[choice.preset ?? 'linux'];
  const set = (option: TcpOption, wanted: boolean): void => {
    const at = options.findIndex(({ name }) => name === option.name);
    if (!wanted) options = withoutOption(options, at);
    else if (at >= 0) options = options.with(at, option);
    else options = [...options, ...padding(option), option];
  };
  if (choice.mss !== undefined) set(mss, true);
  if (choice.windowScale !== undefined) set(windowScale(choice.windowScale), true);
  if (choice.sackPermitted !== undefined) set(SACK_PERMITTED, choice.sackPermitted);
  if (choice.timestamps !== undefined) set(timestamps, choice.timestamps !== false);
  return options;
}

/** NOPs before an option, so that its end falls on a word. */
function padding(option: TcpOption): TcpOption[] {
  if (option.name === 'window-scale') return [NOP];
  if (option.name === 'mss') return [];
  return [NOP, NOP];
}

/** Takes an option out, with the NOPs that aligned it. */
function withoutOption(options: TcpOption[], at: number): TcpOption[] {
  if (at < 0) return options;
  let from = at;
  while (from > 0 && options[from - 1]?.name === 'nop') from--;
  return options.toSpliced(from, at - from + 1);
}
