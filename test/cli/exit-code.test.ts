import { expect, it } from 'vitest';
import { exitCodeOf, reportError } from '../../src/cli/exit-code.ts';
import { NetError } from '../../src/net/errors.ts';
import { usageError } from '../../src/options/errors.ts';
import { InputError } from '../../src/probe/input-error.ts';

it.each([
  [usageError('--count: no', 'give one'), 64, { code: 'usage', message: '--count: no', hint: 'give one' }],
  [new InputError('TARGETS: none', 'give one'), 64, { code: 'usage', message: 'TARGETS: none', hint: 'give one' }],
  [
    new NetError('no-route', 'send', 'to x', 'there is none'),
    69,
    { code: 'no-route', message: 'send to x: there is none', hint: undefined },
  ],
  [new TypeError('oops'), 70, { code: 'internal', message: 'oops', hint: undefined }],
])('%s ends a run with %d, and is told', (error, code, report) => {
  expect(exitCodeOf(error)).toBe(code);
  expect(reportError(error)).toEqual(report);
});
