/** What the path did to the segment, and what routers add to their answers, in words. */
import type { Change, ChangedField, HopExtensions, HopRemark } from '../probe/events.ts';
import type { Style } from './style.ts';

/** What each field is called, and what it is called to change it, where there is a better word. */
const FIELDS: Readonly<Record<ChangedField, readonly [name: string, verb?: string]>> = {
  ttl: ['TTL'],
  dscp: ['DSCP', 'rewritten'],
  ecn: ['ECN', 'rewritten'],
  'ip-id': ['IP identification', 'rewritten'],
  df: ['DF'],
  'more-fragments': ['more-fragments flag'],
  'reserved-bit': ['reserved bit of the IPv4 header'],
  'ip-options': ['IPv4 options'],
  'total-length': ['total length'],
  'source-address': ['source address', 'translated'],
  'destination-address': ['destination address', 'translated'],
  'source-port': ['source port', 'translated'],
  'destination-port': ['destination port', 'translated'],
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

/** `'MSS clamped: 1460 → 1400'`, `'option MPTCP removed'`. */
export function changeText({ field, how, sent, seen, shownBy }: Change, { escapeText, glyphs }: Style): string {
  const [name, verb = 'changed'] = FIELDS[field];
  const where = shownBy === 'answer' ? ", by the destination's answer" : '';
  const [before, after] = [sent, seen].map((value) => (value === undefined ? undefined : escapeText(value)));
  // Of an option without a name here, the value is the name.
  const what = field === 'option' ? `option ${before ?? after}` : name;
  const value = (text: string | undefined): string => (field === 'option' || text === undefined || text === '' ? '' : `: ${text}`);
  switch (how) {
    case 'removed':
      return `${what} removed${value(before)}${where}`;
    case 'replaced':
      return `${what} replaced by NOP${where}`;
    case 'added':
      return `${what} added${value(after)}${where}`;
    case 'changed': {
      const nat = verb === 'translated' ? ' (NAT)' : '';
      return `${name} ${field === 'mss' ? mssVerb(sent, seen) : verb}: ${before} ${glyphs.arrowRight} ${after}${nat}${where}`;
    }
  }
}

const mssVerb = (sent: string | undefined, seen: string | undefined): string => (Number(seen) < Number(sent) ? 'clamped' : 'raised');

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

/** `'MPLS 24012 tc 0 ttl 1'` for each label, and what else there is. */
export function extensionTexts({ mpls, others }: HopExtensions): string[] {
  const labels = mpls.map(({ label, trafficClass, ttl }) => `MPLS ${label} tc ${trafficClass} ttl ${ttl}`);
  return [...labels, ...others.map((other) => `extension class ${other.class} type ${other.type}, ${other.data.length} B`)];
}
