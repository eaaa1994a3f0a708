/** Values and events of a run in a few words. */
import type {
  HopEvent,
  IcmpEvent,
  LostEvent,
  NoteEvent,
  PortEvent,
  ReplyEvent,
  SegmentEvent,
  StateEvent,
  UnsentEvent,
  UnsentPortEvent,
} from '../../probe/events.ts';
import { flagText } from '../../wire/flags.ts';
import { formatTcpOption } from '../../wire/format.ts';
import { toHex } from '../../wire/hex.ts';
import { type Found, Text } from './value.ts';

/** What lists are made of. */
export type ListedEvent =
  | SegmentEvent
  | IcmpEvent
  | NoteEvent
  | StateEvent
  | ReplyEvent
  | LostEvent
  | UnsentEvent
  | PortEvent
  | UnsentPortEvent
  | HopEvent;

/** To three digits, as the field has it. */
const at = (us: number): string => `${Number((us / 1000).toPrecision(3))} ms`;

function describeEvent(event: ListedEvent): string {
  switch (event.type) {
    case 'segment':
      return segmentText(event);
    case 'icmp':
      return `ICMP ${event.name} from ${event.from} at ${at(event.atUs)}`;
    case 'note':
      return `note at ${at(event.atUs)}: ${event.text}`;
    case 'state':
      return `${event.from} to ${event.to} at ${at(event.atUs)}: ${event.cause}`;
    case 'reply':
    case 'lost': {
      const after = event.rttUs === undefined ? '' : `, after ${at(event.rttUs)}`;
      return `probe ${event.sequence} to ${event.address}:${event.port}: ${event.verdict}, ${event.reason}${after}`;
    }
    case 'port':
      return `${event.address}:${event.port}: ${event.verdict}, ${event.reason}`;
    case 'unsent':
      return `${event.address}:${event.port}: ${event.message}`;
    case 'hop':
      return `hop ${event.ttl}: ${event.address ?? 'silent'}`;
  }
}

function segmentText(event: SegmentEvent): string {
  const { direction, flags, atUs, window, options, length, note } = event;
  const parts = [`the ${flagText(flags)} ${direction} at ${at(atUs)}: seq ${event.relativeSeq ?? event.seq}`];
  if (flags.includes('ACK')) parts.push(`ack ${event.relativeAck ?? event.ack}`);
  parts.push(`win ${window}`);
  const shown = options.filter(({ name }) => name !== 'nop' && name !== 'end').map(formatTcpOption);
  if (shown.length > 0) parts.push(`options [${shown.join(', ')}]`);
  parts.push(`length ${length}`);
  if (note !== undefined) parts.push(note);
  return parts.join(', ');
}

/** The events that a value was taken from; undefined where there are none. */
export function describeAbout({ about, aboutCount = about.length }: Found): string | undefined {
  if (about.length === 0) return undefined;
  const more = aboutCount > about.length ? [`and ${aboutCount - about.length} more`] : [];
  return [...about.map((event) => describeEvent(event as ListedEvent)), ...more].join('; ');
}

const LONGEST_TEXT = 60;

/** As a person would write it. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  if (typeof value === 'number') return String(Math.abs(value) < 1 ? Number(value.toPrecision(3)) : Math.round(value * 1000) / 1000);
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : value.map(nameOf).join(' ');
  if (typeof value === 'object' && !(value instanceof Text)) return 'there';
  const text = String(value);
  if (/^[\w|:.-]+$/.test(text) && text.length <= LONGEST_TEXT) return text;
  return JSON.stringify(text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text);
}

/** Of a record in a list: what tells it from the others. */
function nameOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return shown(item);
  const { name, field } = item as { name?: unknown; field?: unknown };
  return String(name ?? field ?? '...');
}
