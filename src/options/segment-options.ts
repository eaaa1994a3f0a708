/** The options that craft a segment, as data, and what they make of it. */
import type { SegmentSpec } from '../probe/segment-spec.ts';
import { parseFlags } from '../wire/flags.ts';
import { FRAGMENT_UNIT } from '../wire/fragment.ts';
import { recordRoute, timestampOption } from '../wire/ipv4-options.ts';
import { decodeTcpOptions, KIND_END, KIND_NOP, MAX_OPTIONS_LENGTH, type TcpOption } from '../wire/tcp-options.ts';
import type { Args } from './args.ts';
import { readPayload } from './data.ts';
import { usageError } from './errors.ts';
import { DATA_OPTIONS, IP_HEADER_OPTIONS, type Option, reworded, SYN_OPTIONS } from './options.ts';
import { readSynOptions } from './syn-options.ts';
import { hex, integer, MAX_32, quote, within } from './values.ts';

/** Bytes behind an IPv4 header without options. */
const LONGEST_BODY = 65_515;

/** All of a TCP segment but its options and data. */
const TCP_OPTIONS: readonly Option[] = [
  {
    name: 'flags',
    argument: 'FLAGS',
    once: 'give all flags in one, with commas between',
    group: 'TCP header',
    describe: 'Any mix: SYN,ACK or SA or 0x12 or none; FIN SYN RST PSH ACK URG ECE CWR AE',
    default: 'SYN',
  },
  { name: 'seq', alias: 'isn', argument: 'N', group: 'TCP header', describe: 'Sequence number; default: random' },
  { name: 'ack', argument: 'N', group: 'TCP header', describe: 'Acknowledgment number; default: random with ACK, else 0' },
  { name: 'window', argument: 'N', group: 'TCP header', describe: 'Window; default: 64240 in a SYN, 0 in a RST, else 502' },
  { name: 'urgent', argument: 'N', group: 'TCP header', describe: 'Urgent pointer', default: '0' },
  { name: 'data-offset', argument: 'N', group: 'TCP header', describe: 'Header length in words, 0 to 15; default: what it is' },
  { name: 'reserved', argument: 'N', group: 'TCP header', describe: 'The three reserved bits', default: '0' },
  {
    name: 'checksum',
    argument: 'VALUE',
    group: 'TCP header',
    describe: 'A value, or wrong: any but the right one; with --hex also keep: as given there. Default: the right one',
  },
  {
    name: 'hex',
    argument: 'HEX',
    group: 'TCP header',
    describe: 'The whole segment, ports and all, in the place of every TCP and data option; PORT may be left out',
  },
];

const NAMED_TCP_OPTIONS: readonly Option[] = [
  ...reworded(SYN_OPTIONS, {
    'tcp-options': { describe: 'Whose SYN options to send: none, linux, bsd or windows; default: linux in a SYN', default: undefined },
    mss: { describe: 'Maximum segment size' },
    wscale: { describe: 'Window scale, 0 to 255' },
    'sack-permitted': { describe: 'Selective acknowledgment permitted' },
    timestamps: { describe: 'Timestamps; with values: TSval and TSecr' },
  }),
  {
    name: 'tcp-option',
    argument: 'KIND:HEX',
    repeatable: true,
    group: 'TCP options',
    describe:
      'Any option, after the named ones and in the order given; the length byte is put in, KIND/LEN:HEX sets it, kinds 0 and 1 have none. Alone it makes the preset none',
  },
];

const IP_OPTIONS: readonly Option[] = [
  ...reworded(IP_HEADER_OPTIONS, {
    ttl: { describe: 'Time to live, 0 to 255' },
    tos: { describe: 'Type of service: DSCP and ECN in one' },
  }),
  { name: 'dscp', argument: 'N', group: 'IPv4 header', describe: 'Differentiated services, 0 to 63', default: '0' },
  { name: 'ecn', argument: 'N', group: 'IPv4 header', describe: 'Congestion notification: 0, 1 ECT(1), 2 ECT(0), 3 CE', default: '0' },
  { name: 'ip-id', argument: 'N', group: 'IPv4 header', describe: 'Identification; default: random, one more for each copy' },
  { name: 'df', negatable: true, group: 'IPv4 header', describe: "Don't fragment; default: set, but not in a fragment" },
  { name: 'mf', group: 'IPv4 header', describe: 'More fragments' },
  { name: 'evil', group: 'IPv4 header', describe: 'The reserved bit (RFC 3514)' },
  { name: 'fragment-offset', argument: 'N', group: 'IPv4 header', describe: 'In units of 8 bytes', default: '0' },
  { name: 'ip-options', argument: 'HEX', group: 'IPv4 header', describe: 'Option bytes, or record-route or timestamp' },
  { name: 'fragment', argument: 'SIZE', group: 'IPv4 header', describe: 'Send in fragments of SIZE bytes each, a multiple of 8' },
];

export const SEGMENT_OPTIONS: readonly Option[] = [...TCP_OPTIONS, ...NAMED_TCP_OPTIONS, ...IP_OPTIONS, ...DATA_OPTIONS];

/** Of these, those that a whole connection has too. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  'window',
  'ttl',
  'tos',
  'dscp',
  'ecn',
  ...[...SYN_OPTIONS, ...DATA_OPTIONS].map(({ name }) => name),
]);

/** @param option that asks for a connection @throws CliError where something was given that no connection has */
export function checkConnectionOptions(args: Args, option: string, why: string): void {
  const other = SEGMENT_OPTIONS.find(({ name }) => !OF_CONNECTIONS.has(name) && args.flag(name) !== undefined);
  if (other === undefined) return;
  const given = args.flag(other.name) === false ? `no-${other.name}` : other.name;
  throw usageError(`--${option} and --${given} at once`, why);
}

/** What a raw IPv4 socket can't send, by the option that one would look for. */
export const REFUSED_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['ip-length', 'the kernel fills in the total length of every IPv4 datagram that a raw socket sends'],
  ['ip-checksum', 'the kernel fills in the IPv4 header checksum of everything that a raw socket sends'],
]);

/** @throws CliError where a value is not one of its field's, or two options contradict each other */
export function readSegmentSpec(args: Args): SegmentSpec {
  const number = (name: string, most: number) => args.read(name, within(0, most));
  const spec: SegmentSpec = {
    flags: args.read('flags', flags),
    seq: number('seq', MAX_32),
    ack: number('ack', MAX_32),
    window: number('window', 0xffff),
    urgent: number('urgent', 0xffff),
    dataOffset: number('data-offset', 15),
    reserved: number('reserved', 7),
    ...readTcpOptions(args),
    checksum: args.read('checksum', checksum),
    payload: readPayload(args, LONGEST_BODY),
    ttl: number('ttl', 255),
    tos: readTos(args),
    ipId: number('ip-id', 0xffff),
    dontFragment: args.flag('df'),
    moreFragments: args.flag('mf'),
    evil: args.flag('evil'),
    fragmentOffset: number('fragment-offset', 0x1fff),
    ipOptions: args.read('ip-options', ipOptions),
    fragmentBytes: args.read('fragment', fragmentSize),
  };
  const bytes = args.read('hex', wholeSegment);
  if (bytes === undefined) {
    if (spec.checksum === 'keep') throw usageError('--checksum keep without --hex', 'give a value, or wrong');
    return spec;
  }
  const replaced = [...TCP_OPTIONS, ...NAMED_TCP_OPTIONS, ...DATA_OPTIONS].map(({ name }) => name);
  const other = replaced.find((name) => name !== 'hex' && name !== 'checksum' && args.flag(name) !== undefined);
  if (other !== undefined) throw usageError(`--hex and --${other} at once`, '--hex is the whole segment: change it there');
  return { ...spec, bytes };
}

function readTcpOptions(args: Args): Pick<SegmentSpec, 'namedOptions' | 'options'> {
  const options = args.texts('tcp-option').map((text) => tcpOption('--tcp-option', text));
  const named = readSynOptions(args, 255);
  const preset = named.preset ?? (options.length > 0 ? 'none' : undefined);
  return { namedOptions: { ...named, preset }, options };
}

function readTos(args: Args): number | undefined {
  const tos = args.read('tos', within(0, 255));
  const dscp = args.read('dscp', within(0, 63));
  const ecn = args.read('ecn', within(0, 3));
  if (dscp === undefined && ecn === undefined) return tos;
  if (tos !== undefined)
    throw usageError(`--tos and --${dscp === undefined ? 'ecn' : 'dscp'} at once`, 'they are the same byte: give --tos or the other two');
  return ((dscp ?? 0) << 2) | (ecn ?? 0);
}

function flags(option: string, text: string): number {
  const bits = parseFlags(text);
  if (bits === undefined)
    throw usageError(
      `${option}: ${quote(text)} is no mix of TCP flags`,
      'give names as in SYN,ACK, letters as in SA, a number up to 0x1ff, or none',
    );
  return bits;
}

function checksum(option: string, text: string): number | 'wrong' | 'keep' {
  if (text === 'wrong' || text === 'keep') return text;
  if (/^[a-z]/i.test(text)) throw usageError(`${option}: ${quote(text)} is not known`, 'give 0 to 65535, wrong, or with --hex keep');
  return integer(option, text, 0, 0xffff);
}

/** KIND, KIND:HEX or KIND/LEN:HEX. A known kind of its own length becomes what it is. */
function tcpOption(option: string, text: string): TcpOption {
  const match = /^([^/:]+)(?:\/([^:]*))?(?::(.*))?$/s.exec(text);
  if (match === null) throw usageError(`${option}: ${quote(text)} is not KIND:HEX`, 'such as 2:05b4, or 2/9:05b4 with a length byte of 9');
  const [, kindText = '', lengthText, hexText = ''] = match;
  const kind = integer(option, kindText, 0, 255);
  const length = lengthText === undefined ? undefined : integer(option, lengthText, 0, 255);
  const data = hex(option, hexText);
  if (kind === KIND_END || kind === KIND_NOP) {
    if (length !== undefined) throw usageError(`${option}: kind ${kind} has no length byte`, `give ${kind}:`);
    if (kind === KIND_END) return { kind, name: 'end', padding: data };
    if (data.length > 0) throw usageError(`${option}: kind 1 has no data`, 'give 1: and the rest as an option of its own');
    return { kind, name: 'nop' };
  }
  if (data.length + 2 > MAX_OPTIONS_LENGTH) {
    throw usageError(`${option}: kind ${kind} with ${data.length + 2} bytes`, `all options together have room for ${MAX_OPTIONS_LENGTH}`);
  }
  if (length !== undefined && length !== data.length + 2) return { kind, name: 'unknown', data, length };
  return decodeTcpOptions(Uint8Array.of(kind, data.length + 2, ...data))[0] as TcpOption;
}

function ipOptions(option: string, text: string): Uint8Array {
  if (text === 'record-route') return recordRoute();
  return text === 'timestamp' ? timestampOption() : hex(option, text);
}

function fragmentSize(option: string, text: string): number {
  const size = integer(option, text, FRAGMENT_UNIT, LONGEST_BODY);
  if (size % FRAGMENT_UNIT !== 0)
    throw usageError(`${option}: ${size} is not a multiple of ${FRAGMENT_UNIT}`, 'fragment offsets count eight bytes');
  return size;
}

function wholeSegment(option: string, text: string): Uint8Array {
  const bytes = hex(option, text);
  if (bytes.length < 4)
    throw usageError(`${option}: ${bytes.length} of the 4 bytes that hold the ports`, 'give a segment from its first byte on');
  return bytes;
}
