/**
 * More than two thousand packets that scapy makes from a seed: what `rawshake decode` says of each must be what tshark says.
 *
 * `RAWSHAKE_SEED=4711 node scripts/test.js test/oracle/decode.test.ts` makes others.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Reading } from '../../src/probe/events.ts';
import { command } from '../support/command.ts';
import { temporaryDirectory } from '../support/netns.ts';
import { readPcap } from '../support/pcap.ts';
import { rawshakeArgv } from '../support/rawshake.ts';
import { CHECKSUM_STATUS, tshark, type Values } from '../support/tshark.ts';

const COUNT = 2400;
const SEED = Number(process.env.RAWSHAKE_SEED ?? 1);

const FIELDS = [
  'ip.hdr_len',
  'ip.dsfield',
  'ip.len',
  'ip.id',
  'ip.flags.rb',
  'ip.flags.df',
  'ip.flags.mf',
  'ip.frag_offset',
  'ip.ttl',
  'ip.proto',
  'ip.checksum',
  'ip.checksum.status',
  'ip.src',
  'ip.dst',
  'ip.opt.type',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.seq',
  'tcp.seq_raw',
  'tcp.ack_raw',
  'tcp.hdr_len',
  'tcp.flags',
  'tcp.window_size_value',
  'tcp.urgent_pointer',
  'tcp.checksum',
  'tcp.checksum.status',
  'tcp.len',
  'tcp.option_kind',
  'tcp.options.mss_val',
  'tcp.options.wscale.shift',
  'tcp.options.timestamp.tsval',
  'tcp.options.timestamp.tsecr',
  'tcp.options.sack_le',
  'tcp.options.sack_re',
  'icmp.type',
  'icmp.code',
  'icmp.checksum',
  'icmp.checksum.status',
  'icmp.mtu',
  'icmp.pointer',
  '_ws.malformed',
] as const;

type Theirs = Record<(typeof FIELDS)[number], Values>;
/** A line of `decode --json`: every field of every type, any of them absent. */
type Ours = { type: Reading['type']; stopped?: { protocol: string; offset: number; reason: string }; hex: string } & Record<string, never>;

describe(`packets of scapy from seed ${SEED}, decoded as tshark does`, () => {
  const packets: { ours: Ours; theirs: Theirs }[] = [];

  beforeAll(() => {
    const file = join(temporaryDirectory(), 'scapy.pcap');
    // Debian's, which has Debian's scapy.
    command(['/usr/bin/python3', 'test/oracle/packets.py', String(SEED), String(COUNT), file]);
    const lines = readPcap(file).map((bytes) => Buffer.from(bytes).toString('hex'));
    const ours = decode(lines);
    const theirs = tshark(file, 'frame', FIELDS);
    expect([ours.length, theirs.length]).toEqual([COUNT, COUNT]);
    ours.forEach((one, i) => {
      packets.push({ ours: one, theirs: theirs[i] as Theirs });
    });
  }, 120_000);

  /** Those in which the other reader has gone as far as we. */
  const whole = () => packets.filter(({ ours }) => ours.stopped === undefined);
  const numbers = (values: Values): number[] => values.map(Number);

  it('holds packets of each kind', () => {
    const count = (fits: (ours: Ours) => boolean) => packets.filter(({ ours }) => fits(ours)).length;
    expect(count(({ type }) => type === 'segment')).toBeGreaterThan(COUNT / 3);
    expect(count(({ type }) => type === 'icmp')).toBeGreaterThan(COUNT / 10);
    expect(count(({ type }) => type === 'datagram')).toBeGreaterThan(COUNT / 10);
    expect(count(({ stopped }) => stopped !== undefined)).toBeGreaterThan(COUNT / 20);
    expect(count(({ checksumVerdict }) => checksumVerdict === 'wrong')).toBeGreaterThan(COUNT / 20);
    expect(count(({ ipHeaderLength }) => ipHeaderLength > 20)).toBeGreaterThan(COUNT / 10);
  });

  it('the IPv4 header, also of what is cut off behind it', () => {
    let compared = 0;
    for (const { ours, theirs } of packets.filter(({ ours }) => ours.hex.length >= 40 && ours.ipHeaderLength * 2 <= ours.hex.length)) {
      const flag = (values: Values) => values[0] === '1';
      const first = (name: keyof Theirs) => Number(theirs[name][0]);
      expect({
        hex: ours.hex,
        source: ours.source,
        // On a source route it gives the one at the end of it.
        destination: theirs['ip.opt.type'].includes('131') ? theirs['ip.dst'][0] : ours.destination,
        headerLength: ours.ipHeaderLength,
        tos: ours.tos,
        length: ours.totalLength,
        id: ours.ipId,
        evil: ours.evil,
        dontFragment: ours.dontFragment,
        moreFragments: ours.moreFragments,
        fragmentOffset: ours.fragmentOffset,
        ttl: ours.ttl,
        protocol: ours.protocol,
        checksum: ours.ipChecksum,
        verdict: ours.ipChecksumVerdict,
      }).toEqual({
        hex: ours.hex,
        source: theirs['ip.src'][0],
        destination: theirs['ip.dst'][0],
        headerLength: first('ip.hdr_len'),
        tos: first('ip.dsfield'),
        length: first('ip.len'),
        id: first('ip.id'),
        evil: flag(theirs['ip.flags.rb']),
        dontFragment: flag(theirs['ip.flags.df']),
        moreFragments: flag(theirs['ip.flags.mf']),
        fragmentOffset: first('ip.frag_offset'),
        ttl: first('ip.ttl'),
        protocol: first('ip.proto'),
        checksum: first('ip.checksum'),
        verdict: CHECKSUM_STATUS[theirs['ip.checksum.status'][0] as string],
      });
      compared++;
    }
    expect(compared).toBeGreaterThan(COUNT * 0.9);
  });

  it('the kinds of IPv4 options', () => {
    for (const { ours, theirs } of whole().filter(({ ours }) => ours.type !== 'icmp')) {
      const kinds = (ours.ipOptions as unknown as { kind: number }[]).map(({ kind }) => kind);
      expect([ours.hex, kinds]).toEqual([ours.hex, numbers(theirs['ip.opt.type'])]);
    }
  });

  it('the TCP header and how its checksum stands', () => {
    let compared = 0;
    for (const { ours, theirs } of whole().filter(({ ours }) => ours.type === 'segment')) {
      const first = (name: keyof Theirs) => Number(theirs[name][0]);
      const flags = first('tcp.flags');
      const verdict = ours.checksumVerdict as string;
      expect({
        hex: ours.hex,
        sourcePort: ours.sourcePort,
        destinationPort: ours.destinationPort,
        seq: ours.seq,
        ack: ours.ack,
        headerLength: ours.dataOffset * 4,
        flags: bitsOf(ours.flags),
        reserved: ours.reserved,
        window: ours.window,
        urgent: ours.urgent,
        checksum: ours.checksum,
        // What is left to the network card it calls wrong.
        verdict: verdict === 'partial' ? 'wrong' : verdict,
        length: ours.length,
      }).toEqual({
        hex: ours.hex,
        sourcePort: first('tcp.srcport'),
        destinationPort: first('tcp.dstport'),
        seq: first('tcp.seq_raw'),
        ack: first('tcp.ack_raw'),
        headerLength: first('tcp.hdr_len'),
        flags: flags & 0x1ff,
        reserved: flags >> 9,
        window: first('tcp.window_size_value'),
        urgent: first('tcp.urgent_pointer'),
        checksum: first('tcp.checksum'),
        verdict: CHECKSUM_STATUS[theirs['tcp.checksum.status'][0] as string],
        length: first('tcp.len'),
      });
      compared++;
    }
    expect(compared).toBeGreaterThan(COUNT / 3);
  });

  it('TCP options', () => {
    let compared = 0;
    for (const { ours, theirs } of whole().filter(({ ours }) => ours.type === 'segment')) {
      // After a known option of a wrong length it reads no more.
      if (theirs['_ws.malformed'].length > 0) continue;
      const options = ours.options as unknown as Record<string, never>[];
      const legible = options.filter(({ name }) => name !== 'malformed');
      const of = (name: string) => options.filter((option) => option.name === name);
      const blocks = of('sack').flatMap((option) => option.blocks as { left: number; right: number }[]);
      expect({
        hex: ours.hex,
        kinds: legible.map(({ kind }) => kind),
        mss: of('mss').map(({ mss }) => mss),
        shifts: of('window-scale').map(({ shift }) => shift),
        values: of('timestamps').map(({ value }) => value),
        echoes: of('timestamps').map(({ echoReply }) => echoReply),
        lefts: blocks.map(({ left }) => left),
        rights: blocks.map(({ right }) => right),
      }).toEqual({
        hex: ours.hex,
        // Some of one that is cut off it reads, and the padding.
        kinds: numbers(theirs['tcp.option_kind']).slice(0, legible.length),
        mss: numbers(theirs['tcp.options.mss_val']),
        shifts: numbers(theirs['tcp.options.wscale.shift']),
        values: numbers(theirs['tcp.options.timestamp.tsval']),
        echoes: numbers(theirs['tcp.options.timestamp.tsecr']),
        lefts: numbers(theirs['tcp.options.sack_le']),
        rights: numbers(theirs['tcp.options.sack_re']),
      });
      compared++;
    }
    expect(compared).toBeGreaterThan(COUNT / 4);
  });

  it('ICMP, and the datagram that an error quotes', () => {
    let quotes = 0;
    for (const { ours, theirs } of whole().filter(({ ours }) => ours.type === 'icmp')) {
      expect({
        hex: ours.hex,
        type: ours.icmpType,
        code: ours.code,
        checksum: ours.checksum,
        verdict: ours.checksumVerdict,
      }).toEqual({
        hex: ours.hex,
        type: Number(theirs['icmp.type'][0]),
        code: Number(theirs['icmp.code'][0]),
        checksum: Number(theirs['icmp.checksum'][0]),
        verdict: CHECKSUM_STATUS[theirs['icmp.checksum.status'][0] as string],
      });
      const quoted = ours.quoted as unknown as Record<string, unknown> | undefined;
      if (quoted === undefined) continue;
      quotes++;
      expect({ hex: ours.hex, ...pick(quoted, ['source', 'destination', 'ttl', 'ipId', 'sourcePort', 'destinationPort', 'seq']) }).toEqual({
        hex: ours.hex,
        source: theirs['ip.src'][1],
        destination: theirs['ip.dst'][1],
        ttl: Number(theirs['ip.ttl'][1]),
        ipId: Number(theirs['ip.id'][1]),
        sourcePort: Number(theirs['tcp.srcport'][0]),
        destinationPort: Number(theirs['tcp.dstport'][0]),
        // Of a segment that is cut off it gives no raw one.
        seq: Number(theirs['tcp.seq_raw'][0] ?? theirs['tcp.seq'][0]),
      });
      if (ours.nextHopMtu !== undefined) expect([ours.hex, ours.nextHopMtu]).toEqual([ours.hex, Number(theirs['icmp.mtu'][0])]);
      if (ours.pointer !== undefined) expect([ours.hex, ours.pointer]).toEqual([ours.hex, Number(theirs['icmp.pointer'][0])]);
    }
    expect(quotes).toBeGreaterThan(COUNT / 20);
  });

  it('what can not be read to its end is cut off, or lies about its length', () => {
    for (const { ours } of packets.filter(({ ours }) => ours.stopped !== undefined)) {
      const { protocol, reason } = ours.stopped as NonNullable<Ours['stopped']>;
      const isCut = ours.totalLength === undefined || ours.totalLength * 2 > ours.hex.length;
      const lies = protocol === 'TCP' && (ours.dataOffset < 5 || ours.dataOffset * 4 > ours.totalLength - ours.ipHeaderLength);
      expect([ours.hex, reason, isCut || lies]).toEqual([ours.hex, reason, true]);
    }
  });
});

/** Through the command, as a user would. */
function decode(lines: string[]): Ours[] {
  const [program = '', ...argv] = rawshakeArgv(['decode', '--ip', '--json']);
  const run = () => execFileSync(program, argv, { input: lines.join('\n'), encoding: 'utf8', maxBuffer: 1 << 28 });
  const parse = (stdout: string) =>
    stdout
      .split('\n')
      .slice(0, -2)
      .map((line) => JSON.parse(line));
  try {
    return parse(run());
  } catch (error) {
    // Some are cut off, which it says by its exit code.
    const { status, stdout } = error as { status: number; stdout: string };
    if (status !== 65) throw error;
    return parse(stdout);
  }
}

const ORDER = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'AE'];
const bitsOf = (names: readonly string[]): number => names.reduce((bits, name) => bits | (1 << ORDER.indexOf(name)), 0);

const pick = (from: Record<string, unknown>, names: readonly string[]) => Object.fromEntries(names.map((name) => [name, from[name]]));
