/** 0 to 3 speak of the network and come from the probes; 64 and up speak of the caller or this machine (sysexits.h). */
import { NetError, type NetErrorCode } from '../net/errors.ts';
import type { ErrorReport } from '../probe/events.ts';
import { CliError } from './errors.ts';

const CLI_CODES: Readonly<Record<CliError['code'], number>> = { usage: 64, 'bad-data': 65, 'no-input': 66, output: 74 };

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
  if (error instanceof CliError) return CLI_CODES[error.code];
  if (error instanceof NetError) return NET_CODES[error.code];
  return INTERNAL_ERROR;
}

/** The exit code of a run that a signal ended. */
export const signalExitCode = (signal: number): number => 128 + signal;

/** The reader of our output went away: as if SIGPIPE had ended us. */
export const BROKEN_PIPE = signalExitCode(13);

/** An error as the result line and the line on stderr tell it. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof CliError || error instanceof NetError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), hint: undefined };
}
