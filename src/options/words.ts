/** Words of a file or of stdin: as many a line as one likes, with # before what is not meant. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { TargetWord } from '../probe/scan/targets.ts';
import { CliError, usageError } from './errors.ts';
import { readingReasonOf, reasonOf } from './file-errors.ts';
import { quote } from './values.ts';

/** Stdin, as far as it matters here. */
export type WordSource = AsyncIterable<string | Uint8Array> & { isTTY?: boolean };

/** No name is longer (RFC 1035 §2.3.4), so what is longer is no list of hosts. */
const LONGEST_WORD = 255;

/**
 * @param path `-`: stdin
 * @param option for errors
 * @throws CliError
 */
export async function* wordsOf(option: string, path: string, { stdin }: { stdin: WordSource }): AsyncGenerator<TargetWord> {
  const name = path === '-' ? 'stdin' : path;
  if (path !== '-') await checkReadable(option, path);
  else if (stdin.isTTY) throw usageError(`${option}: stdin is a terminal`, 'pipe a list of hosts into it');
  const chunks: AsyncIterable<string | Uint8Array> = path === '-' ? stdin : createReadStream(path);
  const utf8 = new TextDecoder();
  let lineNumber = 1;
  let word = '';
  let isComment = false;
  try {
    for await (const chunk of chunks) {
      for (const character of typeof chunk === 'string' ? chunk : utf8.decode(chunk, { stream: true })) {
        if (word !== '' && ENDS_A_WORD.test(character)) {
          yield { text: word, from: `${name}, line ${lineNumber}` };
          word = '';
        }
        if (character === '\n') {
          lineNumber++;
          isComment = false;
        } else if (character === '#') isComment = true;
        else if (!isComment && !ENDS_A_WORD.test(character)) word += character;
        if (word.length > LONGEST_WORD)
          throw new CliError(
            'bad-data',
            `${name}, line ${lineNumber}: a word of more than ${LONGEST_WORD} characters`,
            'this is no list of hosts',
          );
      }
    }
  } catch (error) {
    throw error instanceof CliError ? error : new CliError('no-input', `${option}: can't read ${quote(name)}: ${reasonOf(error)}`);
  }
  if (word !== '') yield { text: word, from: `${name}, line ${lineNumber}` };
}

const ENDS_A_WORD = /[\s#]/;

async function checkReadable(option: string, path: string): Promise<void> {
  const hint = 'name a file that can be read';
  const stats = await stat(path).catch((error: unknown) => {
    throw new CliError('no-input', `${option}: can't read ${quote(path)}: ${readingReasonOf(error)}`, hint);
  });
  if (stats.isDirectory()) throw new CliError('no-input', `${option}: ${quote(path)} is a directory`, hint);
}
