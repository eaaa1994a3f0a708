/** Conversations of captures made by hand: what each packet is taken for, and what the whole is. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { ConversationEvent, ConversationResult, ReplayEvent, ReplayResult, SegmentEvent } from '../../src/probe/events.ts';
import { replay } from '../../src/probe/replay/replay.ts';
import type { ReplayRequest } from '../../src/probe/replay/request.ts';
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/flags.ts';
import { fragment } from '../../src/wire/fragment.ts';
import { type Ipv4Header, ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { encodePacket } from '../../src/wire/packet.ts';
import { type PacketDirection, PcapngEncoder } from '../../src/wire/pcapng.ts';
import { type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';

const CLIENT = 0x0a000001;
const SERVER = 0x0a000002;
/** Both just before the wrap. */
const ISS = 0xffff_fff0;
const IRS = 0xffff_fffe;
const START_NS = 1_767_323_045_000_000_000n;

interface Captured {
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

const client = (...rest: Tail): Captured => segment(true, ...rest);
const server = (...rest: Tail): Captured => segment(false, ...rest);
type Tail = [atUs: number, flags: number, seq: number, ack: number, fields?: Partial<TcpSegment>, ip?: Partial<Ipv4Header>];

const data = (length: number): Partial<TcpSegment> => ({ payload: new Uint8Array(length).fill(65) });

function file(packets: readonly Captured[], linkType = 101): Uint8Array {
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

async function tell(bytes: Uint8Array, request: Partial<ReplayRequest> = {}): Promise<Told> {
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

const replayed = (packets: readonly Captured[], request?: Partial<ReplayRequest>): Promise<Told> => tell(file(packets), request);

const handshake = (): Captured[] => [client(0, SYN, 0, 0), server(100, SYN | ACK, 0, 1), client(150, ACK, 1, 1)];

describe('a whole connection', () => {
  it('closed by the initiator', async () => {
    const { segments, results, events } = await replayed([
      ...handshake(),
      client(200, PSH | ACK, 1, 1, data(10)),
      server(300, ACK, 1, 11),
      server(900, PSH | ACK, 1, 11, data(20)),
      client(950, ACK, 11, 21),
      client(1000, FIN | ACK, 11, 21),
      server(1100, ACK, 21, 12),
      server(1200, FIN | ACK, 21, 12),
      client(1250, ACK, 12, 22),
    ]);
    expect(segments).toEqual([
      '> 0 SYN-SENT',
      '< 0 ESTABLISHED',
      '> 1 ESTABLISHED',
      '> 1 ESTABLISHED',
      '< 1 ESTABLISHED',
      '< 1 ESTABLISHED',
      '> 11 ESTABLISHED',
      '> 11 FIN-WAIT-1',
      '< 21 FIN-WAIT-2',
      '< 21 TIME-WAIT',
      '> 12 TIME-WAIT',
    ]);
    expect(events[0]).toMatchObject({
      type: 'start',
      sourceAddress: '10.0.0.1',
      sourcePort: 40_000,
      address: '10.0.0.2',
      port: 80,
      startedAtNs: START_NS,
    });
    expect(results).toMatchObject([
      {
        verdict: 'open',
        reason: 'syn-ack',
        evidence: 'data-acknowledged',
        rttUs: 100,
        handshakeUs: 150,
        iss: ISS,
        irs: IRS,
        data: { sentBytes: 10, ackedBytes: 10, receivedBytes: 20, ackUs: 100, firstByteUs: 700 },
        close: { kind: 'active', initiator: 'local', completed: true, finalState: 'TIME-WAIT', durationUs: 200 },
        retransmissions: 0,
        durationUs: 1250,
        segments: { sent: 6, received: 5 },
        beginsMidway: false,
        ended: undefined,
      },
    ]);
  });

  it('closed by the peer', async () => {
    const { results } = await replayed([
      ...handshake(),
      server(200, FIN | ACK, 1, 1),
      client(300, FIN | ACK, 1, 2),
      server(400, ACK, 2, 2),
    ]);
    expect(results[0]?.close).toMatchObject({ kind: 'passive', initiator: 'peer', completed: true, finalState: 'CLOSED' });
  });

  it('closed by both at once', async () => {
    const { results } = await replayed([
      ...handshake(),
      client(200, FIN | ACK, 1, 1),
      server(201, FIN | ACK, 1, 1),
      client(300, ACK, 2, 2),
      server(301, ACK, 2, 2),
    ]);
    expect(results[0]?.states).toEqual(['CLOSED', 'SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1', 'CLOSING', 'TIME-WAIT']);
    expect(results[0]?.close).toMatchObject({ kind: 'simultaneous', completed: true });
  });

  it('reset by either side', async () => {
    const byPeer = await replayed([...handshake(), server(200, RST | ACK, 1, 1)]);
    expect(byPeer.results[0]).toMatchObject({ ended: 'reset-by-peer', close: { kind: 'reset', initiator: 'peer', finalState: 'CLOSED' } });
    expect(byPeer.notes).toEqual(['reset-by-peer']);
    const byUs = await replayed([...handshake(), client(200, RST, 1, 0), server(300, ACK, 1, 1)]);
    expect(byUs.results[0]).toMatchObject({
      ended: undefined,
      close: { kind: 'reset', initiator: 'local', completed: true },
      ignored: { late: 1 },
    });
  });

  it('left open, refused, and not answered', async () => {
    expect((await replayed(handshake())).results[0]).toMatchObject({ verdict: 'open', close: { kind: 'none', finalState: 'ESTABLISHED' } });
    expect((await replayed([client(0, SYN, 0, 0), server(70, RST | ACK, -IRS, 1)])).results[0]).toMatchObject({
      verdict: 'closed',
      reason: 'rst',
      rttUs: 70,
    });
    expect((await replayed([client(0, SYN, 0, 0)])).results[0]).toMatchObject({ verdict: 'filtered', reason: 'no-response' });
  });
});

describe('what is lost, late or double', () => {
  it('a SYN sent again leaves the round trip in doubt (Karn)', async () => {
    const { segments, results } = await replayed([
      client(0, SYN, 0, 0),
      client(1_000_000, SYN, 0, 0),
      server(1_000_050, SYN | ACK, 0, 1),
      client(1_000_060, ACK, 1, 1),
    ]);
    expect(segments[1]).toBe('> 0 SYN-SENT retransmission');
    expect(results[0]).toMatchObject({ retransmissions: 1, rttUs: undefined, handshakeUs: undefined });
  });

  it('a clock that was set back makes no negative duration', async () => {
    const { results } = await replayed([client(0, SYN, 0, 0), server(-80, SYN | ACK, 0, 1), client(-50, ACK, 1, 1)]);
    expect(results[0]).toMatchObject({ verdict: 'open', rttUs: 0, handshakeUs: 0, durationUs: 0 });
  });

  it('a FIN with the number of the SYN is not acknowledged twice', async () => {
    const { results } = await replayed([client(0, SYN, 0, 0), client(10, FIN | ACK, 0, 0), server(100, SYN | ACK, 0, 1)]);
    expect(results[0]).toMatchObject({ data: { ackedBytes: 0 } });
  });

  it('unless a time stamp comes back', async () => {
    const stamps = (value: number, echoReply: number) => ({ options: [{ kind: 8, name: 'timestamps', value, echoReply } as const] });
    const { results } = await replayed([
      client(0, SYN, 0, 0, stamps(10, 0)),
      client(1_000_000, SYN, 0, 0, stamps(1010, 0)),
      server(1_000_050, SYN | ACK, 0, 1, stamps(5, 1010)),
    ]);
    expect(results[0]?.rttUs).toBe(50);
  });

  it('data sent again, by us and by them, and a copy that the network made', async () => {
    const sent = client(200, PSH | ACK, 1, 1, data(10));
    const { segments, results } = await replayed([
      ...handshake(),
      sent,
      { ...sent, atUs: 210 },
      client(300_000, PSH | ACK, 1, 1, data(10)),
      server(300_100, PSH | ACK, 1, 11, data(5)),
      server(600_000, PSH | ACK, 1, 11, data(5)),
    ]);
    expect(segments.slice(3)).toEqual([
      '> 1 ESTABLISHED',
      '> 1 ESTABLISHED duplicate',
      '> 1 ESTABLISHED retransmission',
      '< 1 ESTABLISHED',
      '< 1 ESTABLISHED retransmission',
    ]);
    expect(results[0]).toMatchObject({
      retransmissions: 1,
      peerRetransmissions: 1,
      data: { sentBytes: 10, receivedBytes: 5 },
      ignored: {},
    });
  });

  it('data out of order, overtaken or filled in late', async () => {
    const { segments, results } = await replayed([
      ...handshake(),
      server(200, ACK, 11, 1, data(10)),
      server(201, ACK, 1, 1, data(10)),
      server(300, ACK, 31, 1, data(10)),
      server(200_000, ACK, 21, 1, data(10)),
      client(200_010, ACK, 1, 41),
    ]);
    expect(segments.slice(3)).toEqual([
      '< 11 ESTABLISHED out-of-order',
      '< 1 ESTABLISHED',
      '< 31 ESTABLISHED out-of-order',
      '< 21 ESTABLISHED retransmission',
      '> 1 ESTABLISHED',
    ]);
    expect(results[0]).toMatchObject({ data: { receivedBytes: 40 }, missingBytes: 0 });
  });

  it('a FIN that waits for what comes before it', async () => {
    const { segments } = await replayed([...handshake(), server(200, FIN | ACK, 11, 1), server(201, ACK, 1, 1, data(10))]);
    expect(segments.slice(3)).toEqual(['< 11 ESTABLISHED out-of-order', '< 1 CLOSE-WAIT']);
  });

  it('bytes that were acknowledged and are not in the capture', async () => {
    const { results, notes } = await replayed([
      ...handshake(),
      server(200, ACK, 1, 101),
      server(300, ACK, 51, 101, data(10)),
      client(310, ACK, 101, 61),
    ]);
    expect(notes).toEqual(['not-captured', 'not-captured']);
    expect(results[0]).toMatchObject({ missingBytes: 150, data: { ackedBytes: 100, receivedBytes: 10 } });
  });

  it('a keep-alive, a closed window and its probe', async () => {
    const { segments, notes } = await replayed([
      ...handshake(),
      client(1000, ACK, 0, 1),
      server(1100, ACK, 1, 1, { window: 0 }),
      client(2000, ACK, 0, 1),
      server(3000, ACK, 1, 1),
    ]);
    expect(segments.slice(3)).toEqual(['> 0 ESTABLISHED keep-alive', '< 1 ESTABLISHED', '> 0 ESTABLISHED window-probe', '< 1 ESTABLISHED']);
    expect(notes).toEqual(['zero-window', 'zero-window']);
  });

  it('a wrong checksum counts where others of that side are right', async () => {
    const wrong = (atUs: number) => server(atUs, ACK, 1, 1, { checksum: 1 });
    expect((await replayed([...handshake(), wrong(200)])).results[0]?.ignored).toEqual({ 'bad-checksum': 1 });
    // Offloaded by a card that does not even fill in the pseudo-header.
    const offloaded = (packets: Captured[]) => packets.map((packet) => ({ ...packet, bytes: packet.bytes.with(37, 1) }));
    expect((await replayed(offloaded(handshake()))).results[0]).toMatchObject({ verdict: 'open', ignored: {} });
  });

  it('a forged RST and a forged SYN+ACK end nothing', async () => {
    const { segments } = await replayed([
      client(0, SYN, 0, 0),
      server(50, SYN | ACK, 5, 77),
      server(60, RST | ACK, 0, 9),
      ...handshake().slice(1),
      server(200, RST, 500, 0),
    ]);
    expect(segments).toEqual([
      '> 0 SYN-SENT',
      '< SYN-SENT bad-ack',
      '< SYN-SENT bad-rst',
      '< 0 ESTABLISHED',
      '> 1 ESTABLISHED',
      '< 500 ESTABLISHED bad-rst',
    ]);
  });
});

describe('where a conversation begins', () => {
  it('in its middle: servers have the lower port', async () => {
    const { segments, results, notes } = await replayed([
      server(0, PSH | ACK, 100, 50, data(10)),
      client(10, ACK, 50, 110),
      client(20, FIN | ACK, 50, 110),
    ]);
    expect(notes).toEqual(['begins-midway']);
    expect(segments).toEqual(['< 1 ESTABLISHED', '> 1 ESTABLISHED', '> 1 FIN-WAIT-1']);
    expect(results[0]).toMatchObject({
      beginsMidway: true,
      verdict: 'open',
      reason: 'ack',
      iss: undefined,
      irs: undefined,
      states: ['ESTABLISHED', 'FIN-WAIT-1'],
      data: { firstByteUs: undefined },
    });
  });

  it('with its answer', async () => {
    const { segments, results } = await replayed(handshake().slice(1));
    expect(segments).toEqual(['< 0 ESTABLISHED', '> 1 ESTABLISHED']);
    expect(results[0]).toMatchObject({ beginsMidway: true, verdict: 'open', reason: 'syn-ack', iss: ISS, irs: IRS, rttUs: undefined });
  });

  it('with a SYN of another ISN between the same ports', async () => {
    const { results } = await replayed([...handshake(), client(5000, SYN, 9_000_000, 0), server(5100, RST | ACK, 0, 9_000_001)]);
    expect(results.map(({ conversation, verdict }) => [conversation, verdict])).toEqual([
      [1, 'open'],
      [2, 'closed'],
    ]);
  });

  it('not with the SYN of the other side in answer to one: both asked at once', async () => {
    const { results } = await replayed([
      client(0, SYN, 0, 0),
      server(10, SYN, 0, 0),
      client(20, SYN | ACK, 0, 1),
      server(30, SYN | ACK, 0, 1),
    ]);
    expect(results).toMatchObject([{ states: ['CLOSED', 'SYN-SENT', 'SYN-RECEIVED', 'ESTABLISHED'] }]);
  });
});

describe('what else a capture holds', () => {
  it('an ICMP error about a segment', async () => {
    const syn = client(0, SYN, 0, 0);
    const icmp = encodePacket({
      ip: ipv4Header({ source: 0x0a0000fe, destination: CLIENT, protocol: PROTOCOL_ICMP }),
      icmp: { type: 3, code: 13, rest: 0, body: syn.bytes.subarray(0, 28) },
    });
    const { events, results, result } = await replayed([syn, { atUs: 500, bytes: icmp }]);
    expect(events.find(({ type }) => type === 'icmp')).toMatchObject({ name: 'admin-prohibited', from: '10.0.0.254', atUs: 500, seq: ISS });
    expect(results[0]).toMatchObject({ verdict: 'filtered', reason: 'icmp-admin-prohibited' });
    expect(result.passedOver).toEqual({});
  });

  it('packets cut short: lengths are those of the headers', async () => {
    const { results, segments } = await replayed([
      ...handshake(),
      { ...client(200, PSH | ACK, 1, 1, data(1000)), snap: 60 },
      server(300, ACK, 1, 1001),
    ]);
    expect(segments).toHaveLength(5);
    expect(results[0]?.data).toMatchObject({ sentBytes: 1000, ackedBytes: 1000 });
  });

  it('is counted by what it is', async () => {
    const udp = encodePacket({ ip: ipv4Header({ source: CLIENT, destination: SERVER, protocol: 17 }), payload: new Uint8Array(20) });
    const [first] = fragment(client(0, PSH | ACK, 1, 1, data(64)).bytes, 32);
    const { result } = await replayed([
      ...handshake(),
      { atUs: 1, bytes: udp },
      { atUs: 2, bytes: first as Uint8Array },
      { atUs: 3, bytes: Uint8Array.of(0x60) },
      { atUs: 4, bytes: Uint8Array.of(0x45, 0) },
    ]);
    expect(result).toMatchObject({
      packets: 7,
      conversations: 1,
      passedOver: { 'other-protocol': 1, fragment: 1, ipv6: 1, unreadable: 1 },
    });
  });

  it('each packet of loopback twice, leaving and arriving, is one', async () => {
    const twice = handshake().flatMap((packet): Captured[] => [
      { ...packet, direction: 'outbound' },
      { ...packet, atUs: packet.atUs + 5, direction: 'inbound' },
    ]);
    const { result, results } = await replayed(twice);
    expect(result.passedOver).toEqual({ copy: 3 });
    expect(results[0]).toMatchObject({ retransmissions: 0, segments: { sent: 2, received: 1 } });
  });
});

describe('what is told', () => {
  const other = (packets: Captured[]): Captured[] =>
    packets.map((packet) => {
      const bytes = packet.bytes.slice();
      // Port 80 becomes 81, on either side.
      for (const at of [21, 23]) if (bytes[at] === 80) bytes[at] = 81;
      return { ...packet, bytes };
    });
  const both = () => [...handshake(), ...other(handshake())];

  it('can be chosen by number, port and address; numbers stay', async () => {
    const numbers = async (request: Partial<ReplayRequest>) =>
      (await replayed(both(), request)).results.map(({ conversation }) => conversation);
    expect(await numbers({})).toEqual([1, 2]);
    expect(await numbers({ conversations: new Set([2]) })).toEqual([2]);
    expect(await numbers({ port: 81 })).toEqual([2]);
    expect(await numbers({ address: CLIENT })).toEqual([1, 2]);
    expect(await numbers({ address: 1 })).toEqual([]);
  });

  it('of a damaged file is all before the damage, and where that is', async () => {
    const whole = file(handshake());
    const { segments, results, result } = await tell(whole.subarray(0, whole.length - 10));
    expect(segments).toEqual(['> 0 SYN-SENT', '< 0 ESTABLISHED']);
    expect(results).toHaveLength(1);
    expect(result.stopped).toMatchObject({ protocol: 'pcapng', offset: whole.length - 10 });
  });

  it('of a file with any byte flipped is some reading of it', async () => {
    const whole = file([...handshake(), client(200, PSH | ACK, 1, 1, data(3)), server(300, FIN | ACK, 1, 4), client(400, RST, 4, 0)]);
    for (let at = 0; at < whole.length; at++) {
      const { result } = await tell(whole.with(at, (whole[at] as number) ^ 0xff));
      expect(result.packets).toBeLessThanOrEqual(6);
    }
  });

  it('is followed without keeping the file: of each conversation under way a little, not the piece that it began in', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const PIECE = 1 << 20;
    const MOST_KEPT = 8;
    const buffers: WeakRef<ArrayBufferLike>[] = [];
    const kept = (): number => buffers.filter((buffer) => buffer.deref() !== undefined).length;
    let keptAtTheEnd = 0;
    async function* chunks() {
      for (let i = 0; i < 32; i++) {
        const syn = file([client(i, SYN, 0, 0, { sourcePort: 1000 + i })]);
        const piece = new Uint8Array(PIECE);
        buffers.push(new WeakRef(piece.buffer));
        piece.set(syn);
        // The rest is a block that nobody knows.
        const [view, length] = [new DataView(piece.buffer), PIECE - syn.length];
        view.setUint32(syn.length, 0xbad, true);
        view.setUint32(syn.length + 4, length, true);
        view.setUint32(PIECE - 4, length, true);
        yield piece;
      }
      // What was looked at in a turn of the event loop lives through it; a collection may leave some for the next one.
      for (let tries = 0; tries < 10 && (tries === 0 || keptAtTheEnd >= MOST_KEPT); tries++) {
        await new Promise(setImmediate);
        gc();
        keptAtTheEnd = kept();
      }
    }
    let begun = 0;
    for await (const { type } of replay({ chunks: chunks(), conversations: new Set(), address: undefined, port: undefined }))
      if (type === 'start') begun++;
    expect(begun).toBe(32);
    expect(keptAtTheEnd).toBeLessThan(MOST_KEPT);
  });

  it('ends where it is asked to: what lies beyond is not looked at', async () => {
    const cut = file(handshake()).subarray(0, -10);
    expect((await tell(cut, { signal: AbortSignal.abort() })).result).toMatchObject({ packets: 2, stopped: undefined });
  });
});
