import type { ConversationEvent, ConversationResult, ReplayEvent, ReplayResult, SegmentEvent } from '../../../src/probe/events.ts';
import { replay } from '../../../src/probe/replay/replay.ts';
import type { ReplayRequest } from '../../../src/probe/replay/request.ts';
import { ACK, SYN } from '../../../src/wire/flags.ts';
import { type Ipv4Header, ipv4Header } from '../../../src/wire/ipv4.ts';
import { encodePacket } from '../../../src/wire/packet.ts';
import { type PacketDirection, PcapngEncoder } from '../../../src/wire/pcapng.ts';
import { type TcpSegment, tcpSegment } from '../../../src/wire/tcp.ts';

export const CLIENT = 0x0a000001;
export const SERVER = 0x0a000002;
/** Both just before the wrap. */
export const ISS = 0xffff_fff0;
export const IRS = 0xffff_fffe;
export const START_NS = 1_767_323_045_000_000_000n;

export interface Captured {
  atUs: number;
  bytes: Uint8Array;
  /** Cut to so many bytes. */
  snap?: number;
  direction?: PacketDirection;
}

let nextId = 1;

/** Numbers relative to the ISNs; each datagram has an identification of its own unless one is given. */
function segment(
  isClient: boolean,
  atUs: number,
  flags: number,
  seq: number,
  ack: number,
  fields: Partial<TcpSegment> = {},
  ip: Partial<Ipv4Header> = {},
): Captured {
  const [source, destination] = isClient ? [CLIENT, SERVER] : [SERVER, CLIENT];
  const [sourcePort, destinationPort] = isClient ? [40_000, 80] : [80, 40_000];
  const [own, other] = isClient ? [ISS, IRS] : [IRS, ISS];
  const tcp = tcpSegment({
    sourcePort,
    destinationPort,
    flags,
    seq: (own + seq) >>> 0,
    ack: flags & ACK ? (other + ack) >>> 0 : 0,
    window: 1000,
    ...fields,
  });
  return { atUs, bytes: encodePacket({ ip: { ...ipv4Header({ source, destination, id: nextId++ & 0xffff }), ...ip }, tcp }) };
}

export const client = (...rest: Tail): Captured => segment(true, ...rest);
export const server = (...rest: Tail): Captured => segment(false, ...rest);
type Tail = [atUs: number, flags: number, seq: number, ack: number, fields?: Partial<TcpSegment>, ip?: Partial<Ipv4Header>];

export const data = (length: number): Partial<TcpSegment> => ({ payload: new Uint8Array(length).fill(65) });

export function file(packets: readonly Captured[], linkType = 101): Uint8Array {
  const encoder = new PcapngEncoder();
  const blocks = [
    encoder.sectionHeader({}),
    encoder.interfaceDescription({ linkType }),
    ...packets.map(({ atUs, bytes, snap = bytes.length, direction }) =>
      encoder.enhancedPacket({
        interfaceId: 0,
        timeNs: START_NS + BigInt(Math.round(atUs * 1000)),
        bytes: bytes.subarray(0, snap),
        originalLength: bytes.length,
        direction,
      }),
    ),
  ];
  return Uint8Array.from(blocks.flatMap((block) => [...block]));
}

export async function tell(bytes: Uint8Array, request: Partial<ReplayRequest> = {}): Promise<Told> {
  async function* chunks() {
    yield bytes;
  }
  const events: ReplayEvent[] = [];
  for await (const event of replay({ chunks: chunks(), conversations: new Set(), address: undefined, port: undefined, ...request }))
    events.push(event);
  const result = events.at(-1) as ReplayResult;
  const steps = events.slice(0, -1) as ConversationEvent[];
  return {
    events: steps,
    result,
    results: steps.filter((event): event is ConversationResult => event.type === 'result'),
    segments: steps
      .filter((event): event is SegmentEvent & { conversation: number } => event.type === 'segment')
      .map(({ direction, relativeSeq, state, note }) =>
        [direction === 'sent' ? '>' : '<', relativeSeq, state, note].filter((part) => part !== undefined).join(' '),
      ),
    notes: steps.flatMap((event) => (event.type === 'note' ? [event.code] : [])),
  };
}

interface Told {
  events: ConversationEvent[];
  result: ReplayResult;
  results: ConversationResult[];
  /** `> 0 SYN-SENT`: direction, relative number, state after it, note. */
  segments: string[];
  notes: string[];
}

export const replayed = (packets: readonly Captured[], request?: Partial<ReplayRequest>): Promise<Told> => tell(file(packets), request);

export const handshake = (): Captured[] => [client(0, SYN, 0, 0), server(100, SYN | ACK, 0, 1), client(150, ACK, 1, 1)];
