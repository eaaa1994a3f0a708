/** 0 to 3 speak of the network and come from the probes; 64 and up speak of the caller or this machine (sysexits.h). */
import { NetError, type NetErrorCode } from '../net/errors.ts';
import { CliError } from '../options/errors.ts';
import type { ErrorReport } from '../probe/events.ts';
import { InputError } from '../probe/input-error.ts';

/** An expectation does not hold. */
export const NOT_AS_EXPECTED = 3;

/** Output can't be written. */
export const OUTPUT_FAILED = 74;

const CLI_CODES: Readonly<Record<CliError['code'], number>> = { usage: 64, 'bad-data': 65, 'no-input': 66, output: OUTPUT_FAILED };

const NET_CODES: Readonly<Record<NetErrorCode, number>> = {
  'source-address': 64,
  'bad-destination': 64,
  'message-too-long': 64,
  'no-such-interface': 64,
  'name-not-resolved': 68,
  'no-route': 69,
  'port-in-use': 69,
  'local-firewall': 69,
  'module-missing': 69,
  'not-supported': 69,
  'no-buffers': 69,
  system: 69,
  'no-permission': 77,
};

const INTERNAL_ERROR = 70;

/** The exit code of an error of any kind. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError || error instanceof InputError) return CLI_CODES[error.code];
  if (error instanceof NetError) return NET_CODES[error.code];
  return INTERNAL_ERROR;
}

/** The exit code of a run that a signal ended. */
export const signalExitCode = (signal: number): number => 128 + signal;

/** The reader of our output went away: as if SIGPIPE had ended us. */
export const BROKEN_PIPE = signalExitCode(13);

/** An error as the result line and the line on stderr tell it. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof CliError || error instanceof InputError || error instanceof NetError)
    return { code: error.code, message: error.message, hint: error.hint };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), hint: undefined };
}

/** What each exit code means, for man page and help. */
export const EXIT_STATUS: readonly (readonly [code: string, meaning: string])[] = [
  ['0', 'yes: open, established, all as asked; with --expect: as expected, whatever the verdict'],
  ['1', 'closed: it answered no (RST)'],
  ['2', 'filtered: no answer, or an ICMP error; of listen --count: nobody connected'],
  [
    '3',
    'answered, but not as asked: the close did not complete, data were not acknowledged; a limit of ping was passed; flows of a trace end differently; fewer connected to listen than --count awaits, or a connection did not go as asked; an expectation does not hold; a scan was cut short, or is not as required; a test of a plan failed',
  ],
  ['64', 'wrong usage; broadcast or multicast target; source address not ours; datagram over the MTU'],
  ['65, 66', 'input data malformed; input file missing'],
  ['68', 'host name not resolved, or without an IPv4 address'],
  ['69', 'no route; source port in use; local firewall; a native module missing'],
  ['70', 'internal error, with its stack'],
  ['74', 'output can not be written, or exists and --force was not given'],
  ['77', 'no permission: the message says which, and what grants it'],
  ['128+N', 'ended by signal N; open connections are reset and what is known is printed'],
  ['141', 'the reader of our output went away'],
];
