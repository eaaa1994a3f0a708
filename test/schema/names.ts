/** The names that an expectation may use, as tables: from the same data that the expressions are checked against. */
import { EXPECTING, LISTS, lineOf, namesOf } from '../../src/plan/expect/names.ts';
import { contentsOf, type Type, typeOf } from '../../src/plan/expect/types.ts';
import { type UnitName, unitOf } from '../../src/plan/expect/units.ts';
import type { AnySchema, RecordShape } from '../../src/probe/schema/builder.ts';
import { descriptionsOf } from './document.ts';

type Row = readonly [name: string, kind: string, meaning: string];

/** What the events of a type are called. */
const KINDS: Readonly<Record<string, string>> = {
  start: 'the start',
  segment: 'segments',
  icmp: 'ICMP errors',
  note: 'notes',
  state: 'changes of state',
  reply: 'answered probes',
  lost: 'lost probes',
  unsent: 'probes that this machine could not send',
  port: 'ports',
  hop: 'hops',
};

/** What no comment of a field says. */
const MEANINGS: Readonly<Record<string, string>> = {
  segments: 'All of them.',
  sent: 'Those that we sent.',
  received: 'Those that came.',
  synack: 'The first SYN+ACK received.',
  syn: 'The first SYN sent.',
  rst: 'The first RST received.',
  fin: 'The first FIN received.',
};

export function namesDocument(): string {
  const parts = EXPECTING.map((command) => section(command, commandRows(command)));
  for (const [type, kind] of Object.entries(KINDS)) {
    const lines = new Map<AnySchema, string[]>();
    for (const command of EXPECTING) {
      const line = lineOf(command, type);
      if (line !== undefined) lines.set(line, [...(lines.get(line) ?? []), command]);
    }
    for (const [line, commands] of lines)
      parts.push(section(`${kind} (${commands.join(', ')})`, recordRows(line.shape as RecordShape, type === 'start' ? 'start.' : '')));
  }
  parts.push(section('options', optionRows()));
  return parts.join('\n');
}

const section = (title: string, rows: readonly Row[]): string =>
  [`### ${title}`, '', '| name | kind | |', '|---|---|---|', ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`), ''].join('\n');

const cell = (text: string): string => text.replaceAll('|', '\\|');

function commandRows(command: (typeof EXPECTING)[number]): Row[] {
  const result = lineOf(command, 'result')?.shape as RecordShape;
  const rows = recordRows(result, '');
  if (command === 'connect') rows.push(['`data.text`', 'text', 'What the peer sent, as UTF-8: the first 64 KiB.']);
  for (const [name, { first }] of namesOf(command)) if (first !== undefined) rows.push([code(name), 'a segment', MEANINGS[name] ?? '']);
  for (const [type, names] of Object.entries(LISTS))
    if (lineOf(command, type) !== undefined)
      for (const name of names) rows.push([code(name), `list of ${KINDS[type]}`, MEANINGS[name] ?? '']);
  return rows;
}

const code = (name: string): string => `\`${name}\``;

/** Of what these decide or say already. */
const LEFT_OUT = ['type', 'start.type', 'exitCode', 'expectations'];

/** A row a field; of records within it, one for each of theirs. */
function recordRows(record: RecordShape, prefix: string, unit?: UnitName): Row[] {
  const descriptions = descriptionsOf(record);
  return Object.entries(record.fields)
    .filter(([name]) => !LEFT_OUT.includes(prefix + name))
    .flatMap(([name, field]): Row[] => {
      const path = `${prefix}${name}`;
      const { shape } = field;
      const within = () => recordRows(inner as RecordShape, `${path}.`, unitOf(name) ?? unit);
      const inner = shape.kind === 'list' ? shape.item.shape : shape;
      const row: Row = [code(path), kindOf(typeOf(field, name, unit)), descriptions[name] ?? ''];
      if (inner.kind !== 'record') return [row];
      return shape.kind === 'list' || row[2] !== '' ? [row, ...within()] : within();
    });
}

function kindOf(type: Type): string {
  switch (type.kind) {
    case 'number':
      return type.unit === undefined ? 'number' : `number (${type.unit})`;
    case 'text':
      return type.words.length === 0 ? 'text' : [...type.words, '…'].join(', ');
    case 'words':
      return type.words.join(', ');
    case 'flag':
      return 'true or false';
    case 'list':
      return type.item.kind === 'record' ? 'list of records' : `list of ${kindOf(type.item)}`;
    case 'options':
      return 'list of options';
    case 'record':
      return type.counts === undefined ? 'record' : `a number for each word: ${[...type.fields.keys()].join(', ')}`;
  }
}

function optionRows(): Row[] {
  const segment = lineOf('connect', 'segment') as AnySchema;
  const options = typeOf((segment.shape as RecordShape).fields.options as AnySchema, 'options', undefined) as Type & { kind: 'options' };
  return [...options.cases].flatMap(([name, record]): Row[] => {
    const contents = contentsOf(record);
    const [only] = contents;
    if (only === undefined) return [[code(`has ${name}`), '', '']];
    if (contents.length === 1) return [[code(`options.${name}`), kindOf(only[1]), '']];
    return contents.map(([field, type]) => [code(`options.${name}.${field}`), kindOf(type), '']);
  });
}
