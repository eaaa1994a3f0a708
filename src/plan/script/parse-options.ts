/** The options of a segment between < and >, in tcpdump's words. */
import { quote, suggestion } from '../../options/values.ts';
import { fromHex } from '../../wire/hex.ts';
import { MAX_OPTIONS_LENGTH } from '../../wire/tcp-options.ts';
import type { Direction, OptionPattern, OptionsPattern, Pattern } from './model.ts';
import type { Scanner } from './scanner.ts';

const ANY: Pattern = { type: 'any' };

/** tcpdump's words for them, and ours. */
const NAMES = {
  mss: 'mss',
  wscale: 'window-scale',
  sackOK: 'sack-permitted',
  TS: 'timestamps',
  sack: 'sack',
  nop: 'nop',
  eol: 'end',
} as const;
type Word = keyof typeof NAMES;
const WORDS = Object.keys(NAMES) as Word[];

/** Reads from behind the < to behind the >. */
export function parseOptions(scanner: Scanner, direction: Direction): OptionsPattern {
  const start = scanner.at - 1;
  const list: OptionPattern[] = [];
  const absent: OptionsPattern['absent'][number][] = [];
  let others = false;
  for (let isFirst = true; scanner.take(/>/y) === undefined; isFirst = false) {
    if (!isFirst) scanner.need(/,/y, ', or >', 'part options by commas, and end them by >');
    const at = scanner.at;
    if (scanner.take(/\.\.\./y) !== undefined) others = true;
    else if (scanner.take(/!/y) !== undefined) absent.push(NAMES[word(scanner)]);
    else list.push(parseOption(scanner, direction));
    if (direction === 'send' && (others || absent.length > 0))
      scanner.fail('what we send has the options that are written', 'write ... and ! in lines with < only', at);
  }
  if (absent.length > 0) others = true;
  return { text: scanner.source.slice(start, scanner.at), list, absent, others };
}

function word(scanner: Scanner): Word {
  const [text] = scanner.need(/[a-z]+/iy, 'an option', `write one of ${WORDS.join(', ')}, unknown-KIND`);
  const found = WORDS.find((known) => known === text);
  if (found !== undefined) return found;
  const hint = suggestion(text, WORDS, `the options are ${WORDS.join(', ')} and unknown-KIND`);
  return scanner.fail(`${quote(text)} is no option`, hint, scanner.at - text.length);
}

function parseOption(scanner: Scanner, direction: Direction): OptionPattern {
  const other = scanner.take(/unknown-(\d+)/y);
  if (other !== undefined) return parseOther(scanner, other);
  const name = word(scanner);
  const value = (what: string) => scanner.value(direction, what);
  switch (name) {
    case 'mss':
    case 'wscale':
      return { name: NAMES[name], values: [direction === 'expect' && scanner.take(/(?=[,>])/y) ? ANY : value(name)] };
    case 'TS':
      return { name: 'timestamps', values: [scanner.take(/val\b/y) ? value('val') : ANY, scanner.take(/ecr\b/y) ? value('ecr') : ANY] };
    case 'sack': {
      const values: Pattern[] = [];
      while (scanner.take(/(?=[,>])/y) === undefined) {
        values.push(value('left edge of a block'));
        scanner.need(/:/y, ':', 'write a block as LEFT:RIGHT');
        values.push(value('right edge of a block'));
      }
      return { name: 'sack', values };
    }
    default:
      return { name: NAMES[name], values: [] };
  }
}

/** `unknown-253 0xabcd[len 9]`, where the length byte may lie. */
function parseOther(scanner: Scanner, [whole, kindText]: RegExpExecArray): OptionPattern {
  const at = scanner.at - whole.length;
  const kind = Number(kindText);
  if (kind > 255) scanner.fail(`option kind ${kind}`, 'a kind is 0 to 255', at);
  const [, digits = ''] = scanner.take(/0x([0-9a-f]*)/iy) ?? [];
  if (digits.length % 2 === 1) scanner.fail('an odd number of hex digits', 'give two for each byte');
  const [, lengthText] = scanner.take(/\[len (\d+)\]/y) ?? [];
  const length = lengthText === undefined ? undefined : Number(lengthText);
  if (length !== undefined && length > 255) scanner.fail(`option length ${length}`, 'a length is 0 to 255', at);
  if (digits.length / 2 + 2 > MAX_OPTIONS_LENGTH) scanner.fail('an option of more than 40 bytes', 'a header has no room for it', at);
  return { name: 'other', option: { kind, name: 'unknown', data: fromHex(digits), length } };
}
