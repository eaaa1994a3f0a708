/** What the path did to the segment, and what routers add to their answers, in words. */
import type { Change, ChangedField, HopExtensions, HopInterface, HopRemark } from '../probe/events.ts';
import { escapeText } from './escape.ts';
import type { Style } from './style.ts';

/** What each field is called, and what it is called to change it, where there is a better word. */
const FIELDS: Readonly<Record<ChangedField, readonly [name: string, verb?: string]>> = {
  ttl: ['TTL', 'set anew'],
  dscp: ['DSCP', 'rewritten'],
  ecn: ['ECN', 'rewritten'],
  'ip-id': ['IP identification', 'rewritten'],
  df: ['DF'],
  'more-fragments': ['more-fragments flag'],
  'reserved-bit': ['reserved bit of the IPv4 header'],
  'ip-options': ['IPv4 options'],
  'total-length': ['total length'],
  'source-address': ['source address', 'translated (NAT)'],
  'destination-address': ['destination address', 'translated (NAT)'],
  'source-port': ['source port', 'translated (NAT)'],
  'destination-port': ['destination port', 'translated (NAT)'],
  seq: ['sequence number', 'shifted'],
  ack: ['acknowledgment number', 'shifted'],
  'data-offset': ['data offset'],
  reserved: ['reserved bits of the TCP header'],
  flags: ['flags'],
  window: ['window'],
  checksum: ['checksum'],
  urgent: ['urgent pointer'],
  mss: ['MSS'],
  'window-scale': ['window scale'],
  'sack-permitted': ['SACK-permitted'],
  timestamps: ['timestamps'],
  option: ['option'],
  'option-order': ['order of the TCP options'],
  payload: ['data'],
};

/** Fields of one bit. */
const BITS: ReadonlySet<ChangedField> = new Set<ChangedField>(['df', 'more-fragments', 'reserved-bit']);
/** Fields that are gone with no value worth a word. */
const NO_VALUE: ReadonlySet<ChangedField> = new Set<ChangedField>(['option', 'sack-permitted', 'timestamps']);

/** `'MSS clamped: 1460 → 1400'`, `'option mptcp removed'`. */
export function changeText(change: Change, { escapeText, glyphs }: Style): string {
  const { field, how, shownBy } = change;
  const [before, after] = [change.sent, change.seen].map((value) => (value === undefined ? '' : escapeText(value)));
  const [fieldName] = FIELDS[field];
  // Of an option without a name here, the value is the name.
  const name = field === 'option' && how !== 'changed' ? `option ${before || after}` : fieldName;
  const value = (text: string | undefined): string => (NO_VALUE.has(field) || !text ? '' : `: ${text}`);
  const source = shownBy === 'answer' ? ", by the destination's answer" : '';
  switch (how) {
    case 'removed':
      return `${name} removed${value(before)}${source}`;
    case 'replaced':
      return `${name} replaced by NOP${source}`;
    case 'added':
      return `${name} added${value(after)}${source}`;
    case 'unanswered':
      return `${name} not taken up: lost on the way, or not spoken there`;
    case 'changed':
      if (BITS.has(field)) return `${name} ${after === '1' ? 'set' : 'cleared'}${source}`;
      return `${name} ${verbOf(change)}: ${before} ${glyphs.arrowRight} ${after}${source}`;
  }
}

function verbOf({ field, sent, seen }: Change): string {
  if (field === 'mss') return Number(seen) < Number(sent) ? 'clamped' : 'raised';
  return FIELDS[field][1] ?? 'changed';
}

/** Each once. */
export const distinct = (changes: readonly Change[]): Change[] => [
  ...new Map(changes.map((change) => [JSON.stringify(change), change])).values(),
];

/** What is to be said of a hop; undefined where its lines show it. */
export const REMARK_TEXTS: Readonly<Record<HopRemark, string | undefined>> = {
  'rate-limited': 'limits how often it answers: silence of some is no loss',
  loop: 'a loop: this address stood at an earlier hop',
  'zero-ttl': 'the same router as before, which forwards with a TTL of zero',
  'ttl-reset': 'something on the way sets the TTL anew',
  'from-destination': 'answers from the address that we trace to',
  several: undefined,
  asymmetric: 'its answers come back a way of another length',
  local: 'our own kernel: the next hop does not answer ARP, or a rule here refuses',
};

const ROLE_TEXTS: Readonly<Record<HopInterface['role'], string>> = {
  incoming: 'came in by',
  'sub-ip-incoming': 'came in by, below IP,',
  outgoing: 'would go out by',
  'next-hop': 'would go to',
};

/** `'came in by eth1 (10.0.3.2, index 4, MTU 1500)'`. */
function interfaceText({ role, name, index, address, mtu }: HopInterface, ascii: boolean): string {
  const parts = [address, index === undefined ? undefined : `index ${index}`, mtu === undefined ? undefined : `MTU ${mtu}`];
  const details = parts.filter((part) => part !== undefined).join(', ');
  if (name === undefined) return `${ROLE_TEXTS[role]} an interface${details && `: ${details}`}`;
  return `${ROLE_TEXTS[role]} ${escapeText(name, ascii)}${details && ` (${details})`}`;
}

/** `'MPLS 24012 tc 0 ttl 1'` for each label, and what else there is. */
export function extensionTexts({ mpls, interfaces, others }: HopExtensions, ascii: boolean): string[] {
  const labels = mpls.map(({ label, trafficClass, ttl }) => `MPLS ${label} tc ${trafficClass} ttl ${ttl}`);
  const told = interfaces.map((one) => interfaceText(one, ascii));
  return [...labels, ...told, ...others.map((other) => `extension class ${other.class} type ${other.type}, ${other.data.length} B`)];
}
