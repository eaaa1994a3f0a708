/** The names that an expression can begin with, by command. */
import type { SegmentEvent } from '../../probe/events.ts';
import type { AnySchema, RecordShape } from '../../probe/schema/builder.ts';
import { COMMAND_LINES } from '../../probe/schema/lines.ts';
import { type RecordType, type Type, typeOf } from './types.ts';

/** Those whose runs can be held against expectations. */
export const EXPECTING = ['connect', 'send', 'ping', 'scan', 'trace'] as const;

export type ExpectingCommand = (typeof EXPECTING)[number];

/** Events of one kind, as a list. */
export type ListName =
  | 'segments'
  | 'sent'
  | 'received'
  | 'icmp'
  | 'notes'
  | 'transitions'
  | 'replies'
  | 'lost'
  | 'unsent'
  | 'ports'
  | 'hops';

/** Whatever stands for a name. */
export interface Name {
  /** Of the result's field, or of the start; undefined where there is only the list. */
  type: Type | undefined;
  /** The events that it names as a list. */
  list: { name: ListName; item: RecordType } | undefined;
  /** One of those events: the first of this kind. */
  first: First | undefined;
}

/** The first of a kind of segment. */
export interface First {
  list: ListName;
  item: RecordType;
  fits(segment: SegmentEvent): boolean;
}

/** The names of the lists that events of a type go to. */
export const LISTS: Readonly<Record<string, readonly ListName[]>> = {
  segment: ['segments', 'sent', 'received'],
  icmp: ['icmp'],
  note: ['notes'],
  state: ['transitions'],
  reply: ['replies'],
  lost: ['lost'],
  unsent: ['unsent'],
  port: ['ports'],
  hop: ['hops'],
};

/** The lists that an event goes to. */
export function listsOf(event: { type: string; direction?: 'sent' | 'received' }): readonly ListName[] {
  const lists = LISTS[event.type] ?? [];
  return event.type === 'segment' ? lists.filter((list) => list === 'segments' || list === event.direction) : lists;
}

/** Notes of segments that may be anybody's: their numbers don't fit, or their bytes. */
const DOUBTFUL: ReadonlySet<string> = new Set(['bad-ack', 'bad-rst', 'bad-checksum', 'malformed']);

const isFirst =
  (direction: 'sent' | 'received', ...flags: SegmentEvent['flags']) =>
  (segment: SegmentEvent): boolean =>
    segment.direction === direction && flags.every((flag) => segment.flags.includes(flag)) && !DOUBTFUL.has(segment.note ?? '');

/** Segments that have a name of their own. */
const FIRSTS: Readonly<Record<string, { list: ListName; fits(segment: SegmentEvent): boolean }>> = {
  synack: { list: 'received', fits: isFirst('received', 'SYN', 'ACK') },
  syn: { list: 'sent', fits: isFirst('sent', 'SYN') },
  rst: { list: 'received', fits: isFirst('received', 'RST') },
  fin: { list: 'received', fits: isFirst('received', 'FIN') },
};

/** Of a result: what it is called with, and what expectations themselves decide. */
const NOT_ASKED: ReadonlySet<string> = new Set(['type', 'exitCode', 'expectations']);

/** The bytes received, as far as they are kept. */
const DATA_TEXT: Type = { kind: 'text', pattern: undefined, words: [] };

const made = new Map<ExpectingCommand, ReadonlyMap<string, Name>>();

export function namesOf(command: ExpectingCommand): ReadonlyMap<string, Name> {
  const names = made.get(command) ?? makeNames(command);
  made.set(command, names);
  return names;
}

function makeNames(command: ExpectingCommand): Map<string, Name> {
  const typeOfLine = (type: string): RecordType | undefined => {
    const line = lineOf(command, type);
    if (line === undefined) return undefined;
    const { fields, ...record } = typeOf(line, '', undefined) as RecordType;
    return { ...record, fields: new Map([...fields].filter(([name]) => !NOT_ASKED.has(name))) };
  };
  const names = new Map<string, Name>();
  for (const [name, type] of typeOfLine('result')?.fields ?? [])
    names.set(name, { type: command === 'connect' && name === 'data' ? withText(type) : type, list: undefined, first: undefined });
  names.set('start', { type: typeOfLine('start'), list: undefined, first: undefined });
  for (const [type, lists] of Object.entries(LISTS)) {
    const item = typeOfLine(type);
    if (item === undefined) continue;
    for (const name of lists) names.set(name, { type: names.get(name)?.type, list: { name, item }, first: undefined });
    if (type === 'segment')
      for (const [name, first] of Object.entries(FIRSTS)) names.set(name, { type: undefined, list: undefined, first: { ...first, item } });
  }
  return names;
}

/** What a command's events of a type are made of; undefined where it tells none. */
export const lineOf = (command: ExpectingCommand, type: string): AnySchema | undefined =>
  (COMMAND_LINES[command] as readonly AnySchema[]).find(({ shape }) => typeField(shape as RecordShape) === type);

/** What the field `type` of a line is. */
function typeField({ fields }: RecordShape): unknown {
  const shape = fields.type?.shape;
  return shape?.kind === 'constant' ? shape.value : undefined;
}

const withText = (data: Type): Type =>
  data.kind === 'record' ? { ...data, fields: new Map([...data.fields, ['text', DATA_TEXT]]) } : data;
