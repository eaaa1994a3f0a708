import { describeRefusals, HOST } from '../support/refusals.ts';
import { TRACE_MISTAKES } from '../support/trace-mistakes.ts';

describeRefusals(
  'trace',
  TRACE_MISTAKES.map(([name, words, line]) => ({ name, words: [HOST, ...words], exitCode: 64, line })),
  { words: [HOST, '80', '--dot', '--json'], named: '--dot and --json' },
);
