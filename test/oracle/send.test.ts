/**
 * Two thousand segments drawn from a seed, asked for as a user would, sent over veth and read by tshark: each field must
 * be what was asked for, and the checksum as right or wrong as it was meant to be.
 *
 * `RAWSHAKE_SEED=4711 node scripts/test.js test/oracle/send.test.ts` draws others.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from '../../src/cli/parse.ts';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import { readSegmentSpec } from '../../src/options/segment-options.ts';
import { createContext } from '../../src/probe/context.ts';
import type { SegmentEvent } from '../../src/probe/events.ts';
import { SEND_DEFAULTS, type SendRequest, type Variant } from '../../src/probe/send/request.ts';
import { send } from '../../src/probe/send/send.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { RST } from '../../src/wire/flags.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { startCapture } from '../support/capture.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Network } from '../support/netns.ts';
import { readPcap } from '../support/pcap.ts';
import { CHECKSUM_STATUS, tshark, type Values } from '../support/tshark.ts';
import { type Asked, drawAsked } from './crafted.ts';

const COUNT = 2400;
const SEED = Number(process.env.RAWSHAKE_SEED ?? 1);
const PORT = 81;

const FIELDS = [
  'ip.hdr_len',
  'ip.dsfield',
  'ip.id',
  'ip.flags.rb',
  'ip.flags.df',
  'ip.flags.mf',
  'ip.frag_offset',
  'ip.ttl',
  'ip.src',
  'ip.dst',
  'ip.len',
  'ip.checksum.status',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.seq_raw',
  'tcp.ack_raw',
  'tcp.hdr_len',
  'tcp.flags',
  'tcp.window_size_value',
  'tcp.urgent_pointer',
  'tcp.checksum',
  'tcp.checksum.status',
  'tcp.options',
  'tcp.payload',
  'tcp.len',
  '_ws.malformed',
] as const;

type Read = Record<(typeof FIELDS)[number], Values>;

/** A packet three times over: as it was asked for, as we said that we sent it, as tshark reads it, and its bytes. */
interface Packet {
  asked: Asked;
  told: SegmentEvent;
  read: Read;
  bytes: Uint8Array;
}

describeNeeding(['namespaces'], `segments drawn from seed ${SEED}, as tshark reads them`, () => {
  let network: Network;
  const packets: Packet[] = [];
  const name = ({ asked }: Packet): string => asked.words.join(' ');
  const number = ([value]: Values): number => Number(value);

  beforeAll(async () => {
    network = createPair();
    const asked = drawAsked(SEED, COUNT);
    const variants = await Promise.all(asked.map(variantOf));
    const capture = await startCapture(network.server, 'any', 2000);
    const told = await sendAll(network, variants);
    await capture.stop();
    const ours = `ip.src == ${network.clientAddress} && ip.proto == 6`;
    const read = tshark(capture.file, ours, FIELDS);
    const source = parseIpv4(network.clientAddress);
    const bytes = readPcap(capture.file).filter((datagram) => datagram[9] === 6 && new DataView(datagram.buffer).getUint32(12) === source);
    expect([told.length, read.length, bytes.length]).toEqual([COUNT, COUNT, COUNT]);
    asked.forEach((one, i) => {
      packets.push({ asked: one, told: told[i] as SegmentEvent, read: read[i] as Read, bytes: bytes[i] as Uint8Array });
    });
  }, 120_000);
  afterAll(() => network.remove());

  it('the IPv4 header', () => {
    for (const packet of packets) {
      const { asked, told, read } = packet;
      expect({
        name: name(packet),
        headerLength: number(read['ip.hdr_len']),
        tos: number(read['ip.dsfield']),
        id: number(read['ip.id']),
        evil: read['ip.flags.rb'][0],
        dontFragment: read['ip.flags.df'][0],
        moreFragments: read['ip.flags.mf'][0],
        fragmentOffset: number(read['ip.frag_offset']),
        ttl: number(read['ip.ttl']),
        source: read['ip.src'][0],
        destination: read['ip.dst'][0],
        length: number(read['ip.len']),
        checksum: CHECKSUM_STATUS[read['ip.checksum.status'][0] as string],
      }).toEqual({
        name: name(packet),
        headerLength: 20 + asked.ipOptions.length,
        tos: asked.tos,
        id: asked.ipId ?? told.ipId,
        evil: flag(asked.evil),
        dontFragment: flag(asked.dontFragment),
        moreFragments: flag(asked.moreFragments),
        fragmentOffset: asked.fragmentOffset,
        ttl: asked.ttl,
        source: network.clientAddress,
        destination: network.serverAddress,
        length: told.datagram.length,
        checksum: 'correct',
      });
    }
  });

  /** tshark reads the segment in a first fragment too, and gives up on a data offset that says less than a header. */
  const readable = () => packets.filter(({ asked }) => asked.fragmentOffset === 0);

  it('the TCP header', () => {
    for (const packet of readable().filter(({ asked }) => asked.dataOffset >= 5)) {
      const { asked, told, read } = packet;
      const flags = number(read['tcp.flags']);
      expect({
        name: name(packet),
        destinationPort: number(read['tcp.dstport']),
        seq: number(read['tcp.seq_raw']),
        ack: number(read['tcp.ack_raw']),
        headerLength: number(read['tcp.hdr_len']),
        flags: flags & 0x1ff,
        reserved: flags >> 9,
        window: number(read['tcp.window_size_value']),
        urgent: number(read['tcp.urgent_pointer']),
      }).toEqual({
        name: name(packet),
        destinationPort: PORT,
        seq: asked.seq ?? told.seq,
        ack: asked.ack ?? told.ack,
        headerLength: asked.dataOffset * 4,
        flags: asked.flags,
        reserved: asked.reserved,
        window: asked.window ?? told.window,
        urgent: asked.urgent,
      });
    }
  });

  it('options and data', () => {
    let compared = 0;
    for (const packet of readable().filter(({ asked }) => !asked.lies)) {
      const { asked, read } = packet;
      if (asked.options !== undefined)
        expect([name(packet), read['tcp.options'][0] ?? '']).toEqual([name(packet), asked.options.toString('hex')]);
      if (asked.moreFragments) continue;
      expect([name(packet), number(read['tcp.len'])]).toEqual([name(packet), asked.payload.length]);
      // The data of a RST are the reason to tshark, and after a known option of a wrong length it reads no more.
      if (asked.flags & RST || read['_ws.malformed'].length > 0) continue;
      expect([name(packet), read['tcp.payload'][0] ?? '']).toEqual([name(packet), asked.payload.toString('hex')]);
      compared++;
    }
    expect(compared).toBeGreaterThan(COUNT / 5);
  });

  it('the checksum, and whether it is right', () => {
    const judged: Record<string, number> = {};
    for (const packet of readable().filter(({ asked }) => !asked.moreFragments && asked.dataOffset >= 5)) {
      const { asked, read } = packet;
      const status = CHECKSUM_STATUS[read['tcp.checksum.status'][0] as string] as string;
      judged[status] = (judged[status] ?? 0) + 1;
      if (typeof asked.checksum === 'number') {
        expect([name(packet), number(read['tcp.checksum'])]).toEqual([name(packet), asked.checksum]);
        // One in 65,536 is right by chance.
        expect([name(packet), status]).toEqual([name(packet), sumOf(packet) === 0xffff ? 'correct' : 'wrong']);
      } else {
        expect([name(packet), status]).toEqual([name(packet), asked.checksum === 'right' ? 'correct' : 'wrong']);
      }
    }
    expect(judged.correct).toBeGreaterThan(COUNT / 2);
    expect(judged.wrong).toBeGreaterThan(COUNT / 8);
    expect(Object.keys(judged).sort()).toEqual(['correct', 'wrong']);
  });

  it('every byte, also where tshark can not tell', () => {
    for (const packet of packets) {
      const { asked, told, bytes } = packet;
      expect([name(packet), hex(bytes)]).toEqual([name(packet), hex(told.datagram)]);
      const headerLength = 20 + asked.ipOptions.length;
      expect([name(packet), hex(bytes.subarray(20, headerLength))]).toEqual([name(packet), asked.ipOptions.toString('hex')]);
      expect([name(packet), (bytes[headerLength + 12] as number) >> 4]).toEqual([name(packet), asked.dataOffset]);
      if (asked.options === undefined) continue;
      const rest = Buffer.concat([asked.options, asked.payload]);
      expect([name(packet), hex(bytes.subarray(headerLength + 20))]).toEqual([name(packet), rest.toString('hex')]);
    }
  });
});

const flag = (set: boolean): string => (set ? '1' : '0');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The folded sum over pseudo-header and segment, by hand (RFC 1071): all ones where the checksum is right. */
function sumOf({ bytes, asked }: Packet): number {
  const start = 20 + asked.ipOptions.length;
  const words = [...bytes.subarray(12, 20), 0, 6, (bytes.length - start) >> 8, (bytes.length - start) & 0xff, ...bytes.subarray(start)];
  let sum = 0;
  for (let i = 0; i < words.length; i += 2) sum += ((words[i] as number) << 8) + (words[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** As the command would read the words. */
async function variantOf({ words }: Asked, index: number): Promise<Variant> {
  const request = await parse(['send', '192.0.2.1', '81', ...words]);
  if (request.type !== 'run') throw new Error(`not run: ${words.join(' ')}`);
  return { label: String(index), spec: readSegmentSpec(request.args) };
}

/** @returns what was told of each, in order */
async function sendAll({ client, serverAddress }: Network, variants: Variant[]): Promise<SegmentEvent[]> {
  const moveBack = moveInto(client);
  const network = openKernelNetwork();
  try {
    const address = parseIpv4(serverAddress) as number;
    const request: SendRequest = {
      ...SEND_DEFAULTS,
      host: serverAddress,
      address,
      port: PORT,
      variants,
      intervalMs: 0,
      timeoutMs: 200,
      cleanup: false,
    };
    const told: SegmentEvent[] = [];
    for await (const event of send(request, createContext(network, SEED))) {
      if (event.type === 'segment' && event.direction === 'sent') told.push(event);
      if (event.type === 'result' && event.error !== undefined) throw event.error;
    }
    return told;
  } finally {
    network.close();
    moveBack();
  }
}
