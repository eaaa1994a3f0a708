import { describeRefusals, HOST } from '../support/refusals.ts';
import { scanMistakes } from '../support/scan-mistakes.ts';

describeRefusals('scan', scanMistakes(HOST), { words: [HOST, '--json', '--csv', '-'], named: '--json and --csv -' });
