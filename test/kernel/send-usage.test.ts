import { describeRefusals, HOST } from '../support/refusals.ts';
import { sendMistakes } from '../support/send-mistakes.ts';

describeRefusals(
  'send',
  sendMistakes().map(([name, words, exitCode, line]) => ({ name, words: [HOST, ...words], exitCode, line })),
);
