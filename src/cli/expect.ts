/** `--expect`: read before anything is sent, fed with the run, told after its result. */
import type { Args } from '../options/args.ts';
import { CliError } from '../options/errors.ts';
import type { ExpectingCommand } from '../plan/expect/expectation.ts';
import type { ExpectationReport, ProbeEvent, ProbeResult } from '../probe/events.ts';
import { createStyle } from '../report/style.ts';
import type { Io } from './io.ts';
import { lookOf } from './terminal.ts';

/** The expectations of a run, and what came of them. */
export interface Expecting {
  /** To be called with each event, the result last. */
  event(event: ProbeEvent | ProbeResult): void;
  /** They ask for segments or ICMP errors, which some commands tell only where somebody does. */
  readonly needsSegments: boolean;
  /** They ask for ports, of which a scan tells only those to be shown. */
  readonly needsPorts: boolean;
  /** To be called after the result. */
  reports(): ExpectationReport[];
  /** For people. */
  textOf(reports: readonly ExpectationReport[]): string;
  /** stdout may be for another program. */
  readonly output: 'stdout' | 'stderr';
}

/** Where no terminal says how wide it is. */
const DEFAULT_COLUMNS = 80;
/** Of the lines that mark what is wrong. */
const INDENT = 2;

/**
 * @returns undefined where nothing is expected: then none of it is loaded
 * @throws CliError for an expression that can't be read, or asks for what the command does not tell
 */
export async function readExpectations(args: Args, command: ExpectingCommand, io: Io): Promise<Expecting | undefined> {
  const texts = args.texts('expect');
  if (texts.length === 0) return undefined;
  const { ExpressionError, evaluateExpectation, needPorts, needSegments, Observation, parseExpectation } = await import(
    '../plan/expect/expectation.ts'
  );
  const { excerpt } = await import('../report/excerpt.ts');
  const { expectationsText, failedLines } = await import('../report/expectations.ts');
  const expectations = texts.map((text) => {
    try {
      return parseExpectation(text, command);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const marked = excerpt(text, error.offset, error.length, (io.stderr.columns ?? DEFAULT_COLUMNS) - INDENT);
      throw new CliError('usage', `--expect: ${error.message}`, error.hint, marked);
    }
  });
  const observation = new Observation(expectations);
  const style = createStyle(lookOf(io, args));
  const quiet = args.flag('quiet') === true;
  return {
    needsSegments: needSegments(expectations),
    needsPorts: needPorts(expectations),
    event: (event) => observation.event(event),
    reports: () => expectations.map((expectation) => evaluateExpectation(expectation, observation)),
    textOf: (reports) => (quiet ? failedLines(reports, style) : expectationsText(reports, style)),
    output: args.flag('dot') === true ? 'stderr' : 'stdout',
  };
}
