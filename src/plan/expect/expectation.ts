/** What a run is expected to come to, as an expression that is checked before anything is sent. */
import type { ExpectationReport } from '../../probe/events.ts';
import { Conditions, type MatchOfItems } from './conditions.ts';
import { faultIn } from './error.ts';
import { type ExpectingCommand, type ListName, namesOf } from './names.ts';
import type { Observation } from './observation.ts';
import { pathsIn } from './operands.ts';
import { parse } from './parser.ts';
import type { Condition, Fold } from './value.ts';

export { ExpressionError } from './error.ts';
export type { ExpectingCommand } from './names.ts';
export { Observation } from './observation.ts';

/** An expression that makes sense for a command. It may be held against any number of runs. */
export interface Expectation {
  /** As it was given. */
  readonly text: string;
  readonly condition: Condition;
  /** Patterns that items of lists are held against. */
  readonly ofItems: readonly MatchOfItems[];
  /** What is to be fed with the events of a run. */
  readonly folds: readonly Fold[];
}

/**
 * @param text the expression
 * @param command whose runs it is about
 * @throws ExpressionError where it can't be read, or asks for what the command does not tell
 */
export function parseExpectation(text: string, command: ExpectingCommand): Expectation {
  const fault = faultIn(text);
  const names = namesOf(command);
  const conditions = new Conditions(text, fault);
  const condition = conditions.check(parse(text, fault), {
    names: [...names.keys()],
    lookUp: (name, at) => {
      const found = names.get(name);
      return found && conditions.operands.named(name, at, found);
    },
    of: `what ${command} tells`,
    paths: pathsIn([...names].map(([name, { type, first }]) => [name, type ?? first?.item])),
  });
  return { text, condition, ofItems: conditions.ofItems, folds: conditions.operands.folds };
}

/** Whether any of them asks for segments or ICMP errors, which some commands tell only where they are asked to. */
export const needSegments = (expectations: readonly Expectation[]): boolean => askFor(expectations, SEGMENT_LISTS);

/** Whether any of them asks for ports, of which a scan tells only those that it is asked for. */
export const needPorts = (expectations: readonly Expectation[]): boolean => askFor(expectations, ['ports']);

const SEGMENT_LISTS: readonly ListName[] = ['segments', 'sent', 'received', 'icmp'];

const askFor = (expectations: readonly Expectation[], lists: readonly ListName[]): boolean =>
  expectations.some(({ folds }) => folds.some(({ list }) => list.stream !== undefined && lists.includes(list.stream)));

/** @param observation of a run that has come to its result */
export function evaluateExpectation({ text, condition, ofItems }: Expectation, observation: Observation): ExpectationReport {
  const holds = condition.holds(observation) === true;
  const givenUp = ofItems.filter(({ pattern }) => pattern.isGivenUp);
  const failures = [
    ...(holds ? [] : condition.failures(observation)),
    ...givenUp.map((match) => ({
      field: match.text,
      expected: 'true or false',
      actual: 'not known: the match took too long',
      about: undefined,
    })),
  ];
  return { expression: text, ok: holds && givenUp.length === 0, failures };
}
