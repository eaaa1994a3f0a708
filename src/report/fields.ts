/** A datagram field by field, with a hex dump: `decode`, `send --dry-run` and `send -v`. */
import { formatIpv4 } from '../wire/address.ts';
import type { ChecksumVerdict } from '../wire/checksum.ts';
import { flagNames, flagText } from '../wire/flags.ts';
import { formatTcpOption } from '../wire/format.ts';
import { toHex } from '../wire/hex.ts';
import { type IcmpError, type IcmpMessage, icmpName, readIcmpError } from '../wire/icmp.ts';
import { type Ipv4Header, PROTOCOL_ICMP, PROTOCOL_TCP } from '../wire/ipv4.ts';
import { decodeIpv4Options, type Ipv4Option } from '../wire/ipv4-options.ts';
import { decodeMplsStack, isMplsStack } from '../wire/mpls.ts';
import type { LaxPacket } from '../wire/packet.ts';
import type { TcpSegment } from '../wire/tcp.ts';
import { hexDump } from './hexdump.ts';
import { checksumsOf } from './reading.ts';
import type { Ink, Style } from './style.ts';
import { flow, padEnd, truncate } from './text.ts';
import { count } from './units.ts';

/** A line: its name, and its value with what that means. */
interface Field {
  name: string;
  parts: string[];
  ink?: Ink | undefined;
}

interface Section {
  title: string;
  fields: Field[];
}

const NAME_WIDTH = 22;
const PROTOCOLS: Readonly<Record<number, string>> = { [PROTOCOL_ICMP]: 'ICMP', [PROTOCOL_TCP]: 'TCP', 17: 'UDP', 47: 'GRE', 132: 'SCTP' };

const field = (name: string, ...parts: (string | undefined)[]): Field => ({ name, parts: parts.filter((part) => part !== undefined) });
const hexNumber = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

/** Fields that are there; a value that could not be read leaves its line out. */
const known = <T>(value: T | undefined, line: (value: T) => Field): Field[] => (value === undefined ? [] : [line(value)]);

/**
 * @param bytes what the packet was read from
 * @param cameThroughKernel it arrived here: the kernel has checked the header and may have written into its options since
 */
export function fieldsText(packet: LaxPacket, bytes: Uint8Array, style: Style, cameThroughKernel = false): string {
  const checksums = checksumsOf(packet, bytes);
  const sections: Section[] = [];
  if (packet.ip !== undefined)
    sections.push(ipSection(packet.ip, cameThroughKernel && checksums.ip === 'wrong' ? 'changed' : checksums.ip));
  if (packet.tcp !== undefined) sections.push(tcpSection(packet.tcp, checksums.body, style));
  if (packet.icmp !== undefined) sections.push(...icmpSections(packet.icmp, checksums.body, style));
  if (packet.payload !== undefined) sections.push({ title: 'Payload', fields: [field('length', count(packet.payload.length, 'byte'))] });
  if (packet.trailer !== undefined)
    sections.push({ title: 'Trailer', fields: [field('length', `${count(packet.trailer.length, 'byte')} after the datagram`)] });
  const { stopped } = packet;
  if (stopped !== undefined) {
    const where = { ...field('at byte', String(stopped.offset)), ink: 'bad' } as const;
    const why = { ...field('reason', `${stopped.protocol}: ${stopped.reason}`), ink: 'bad' } as const;
    sections.push({ title: 'Stopped', fields: [where, why] });
  }
  return sections.map((section) => formatSection(section, style)).join('') + hexDump(bytes, style, '  ');
}

function ipSection(ip: Partial<Ipv4Header>, checksum: ChecksumVerdict | 'changed' | undefined): Section {
  const { source, destination } = ip;
  const title = source === undefined || destination === undefined ? 'IPv4' : `IPv4  ${formatIpv4(source)} > ${formatIpv4(destination)}`;
  const flags = [ip.reservedBit && 'evil', ip.dontFragment && 'DF', ip.moreFragments && 'MF'].filter((flag) => typeof flag === 'string');
  return {
    title,
    fields: [
      ...known(ip.ihl, (ihl) => field('header length', `${ihl} words`, `${ihl * 4} bytes`)),
      ...known(ip.tos, (tos) => field('type of service', hexNumber(tos, 2), `DSCP ${tos >> 2}`, `ECN ${tos & 3}`)),
      ...known(ip.totalLength, (length) => field('total length', count(length, 'byte'))),
      ...known(ip.id, (id) => field('identification', String(id), hexNumber(id, 4))),
      ...known(ip.dontFragment, () => field('flags', flags.join(' ') || 'none')),
      ...known(ip.fragmentOffset, (offset) => field('fragment offset', String(offset), offset > 0 ? `byte ${offset * 8}` : undefined)),
      ...known(ip.ttl, (ttl) => field('TTL', String(ttl))),
      ...known(ip.protocol, (protocol) => field('protocol', String(protocol), PROTOCOLS[protocol])),
      ...known(ip.checksum, (value) => checksumField(value, checksum)),
      ...decodeIpv4Options(ip.options ?? new Uint8Array(0)).map((option) => field('option', ...ipOptionParts(option))),
    ],
  };
}

function tcpSection(tcp: Partial<TcpSegment>, checksum: ChecksumVerdict | undefined, style: Style): Section {
  const { sourcePort, destinationPort } = tcp;
  const ports = [sourcePort, destinationPort].filter((port) => port !== undefined).join(' > ');
  return {
    title: ports === '' ? 'TCP' : `TCP  ${ports}`,
    fields: [
      ...known(tcp.seq, (seq) => field('sequence', String(seq), hexNumber(seq, 8))),
      ...known(tcp.ack, (ack) => field('acknowledgment', String(ack), hexNumber(ack, 8))),
      ...known(tcp.dataOffset, (offset) => field('data offset', `${offset} words`, `${offset * 4} bytes`)),
      ...known(tcp.reserved, (reserved) => field('reserved', String(reserved))),
      ...known(tcp.flags, (flags) => field('flags', hexNumber(flags, 3), flagText(flagNames(flags)))),
      ...known(tcp.window, (window) => field('window', String(window))),
      ...known(tcp.checksum, (value) => checksumField(value, checksum)),
      ...known(tcp.urgent, (urgent) => field('urgent pointer', String(urgent))),
      ...(tcp.options ?? []).map((option) => field('option', formatTcpOption(option))),
      ...known(tcp.payload, (payload) => field('payload', count(payload.length, 'byte'), payloadText(payload, style))),
    ],
  };
}

function icmpSections(icmp: Partial<IcmpMessage>, checksum: ChecksumVerdict | undefined, style: Style): Section[] {
  const { type, code, rest } = icmp;
  const name = type === undefined || code === undefined ? undefined : icmpName(type, code);
  const error = isWhole(icmp) ? readIcmpError(icmp) : undefined;
  const message: Section = {
    title: name === undefined ? 'ICMP' : `ICMP  ${name}`,
    fields: [
      ...known(type, (value) => field('type', String(value))),
      ...known(code, (value) => field('code', String(value))),
      ...known(icmp.checksum, (value) => checksumField(value, checksum)),
      ...known(rest, (value) => field('rest of header', hexNumber(value, 8))),
      ...known(error?.nextHopMtu, (mtu) => field('next hop MTU', String(mtu))),
      ...known(error?.pointer, (pointer) => field('pointer', `byte ${pointer}`)),
      ...(error?.extensions ?? []).map(extensionField),
    ],
  };
  return error === undefined ? [message] : [message, ...quoteSections(error, style)];
}

const isWhole = (icmp: Partial<IcmpMessage>): icmp is IcmpMessage => icmp.body !== undefined;

function quoteSections({ ip, tcp }: IcmpError, style: Style): Section[] {
  const sections: Section[] = [];
  if (ip !== undefined) sections.push(ipSection(ip, undefined));
  if (tcp !== undefined) sections.push(tcpSection(tcp, undefined, style));
  return sections.map((section) => ({ ...section, title: `Quoted ${section.title}` }));
}

function extensionField(object: IcmpError['extensions'][number]): Field {
  const { class: group, type, data } = object;
  if (!isMplsStack(object) || data.length % 4 !== 0) return field('extension', `class ${group}`, `type ${type}`, `0x${toHex(data)}`);
  return field('MPLS', ...decodeMplsStack(data).map(({ label, ttl }) => `label ${label} TTL ${ttl}`));
}

const CHECKSUM_WORDS: Readonly<Record<ChecksumVerdict | 'changed', string>> = {
  correct: 'correct',
  partial: "partial: left to the sender's network card",
  wrong: 'wrong',
  changed: 'as it came: our kernel has written into the options since',
};

const checksumField = (value: number, verdict: ChecksumVerdict | 'changed' | undefined): Field => ({
  ...field('checksum', hexNumber(value, 4), verdict && CHECKSUM_WORDS[verdict]),
  ink: verdict === 'wrong' ? 'bad' : undefined,
});

/** Shown in the hex dump in full. */
const PREVIEW_BYTES = 48;

function payloadText(payload: Uint8Array, { escapeBytes, glyphs }: Style): string | undefined {
  if (payload.length === 0) return undefined;
  const shown = escapeBytes(payload.subarray(0, PREVIEW_BYTES));
  return `"${shown}"${payload.length > PREVIEW_BYTES ? glyphs.ellipsis : ''}`;
}

function ipOptionParts(option: Ipv4Option): (string | undefined)[] {
  switch (option.name) {
    case 'end':
      return ['end of list', option.padding.some((byte) => byte !== 0) ? `then 0x${toHex(option.padding)}` : undefined];
    case 'nop':
      return ['no operation'];
    case 'record-route':
    case 'loose-source-route':
    case 'strict-source-route':
      return [option.name, `pointer ${option.pointer}`, ...option.addresses.map(formatIpv4)];
    case 'timestamp':
      return [
        option.name,
        `pointer ${option.pointer}`,
        `overflow ${option.overflow}`,
        `flag ${option.flag}`,
        ...option.words.map((word) => String(word)),
      ];
    case 'router-alert':
      return [option.name, String(option.value)];
    case 'unknown':
      return [`kind ${option.kind}`, `0x${toHex(option.data)}`];
    case 'malformed':
      return [`kind ${option.kind}`, `malformed: 0x${toHex(option.bytes)}`];
  }
}

function formatSection({ title, fields }: Section, style: Style): string {
  const { paint, width, glyphs } = style;
  const lines = fields.map(({ name, parts, ink }) =>
    flow(parts, ', ', width - NAME_WIDTH)
      .map(
        (line, i) => `${paint('faint', padEnd(i === 0 ? `    ${name}` : '', NAME_WIDTH))}${ink === undefined ? line : paint(ink, line)}\n`,
      )
      .join(''),
  );
  return `  ${paint('strong', truncate(title, width - 2, glyphs.ellipsis))}\n${lines.join('')}`;
}
