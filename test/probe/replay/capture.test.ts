/** Where conversations begin, what else a capture holds, and what of it is told. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { replay } from '../../../src/probe/replay/replay.ts';
import type { ReplayRequest } from '../../../src/probe/replay/request.ts';
import { ACK, FIN, PSH, RST, SYN } from '../../../src/wire/flags.ts';
import { fragment } from '../../../src/wire/fragment.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../../src/wire/ipv4.ts';
import { encodePacket } from '../../../src/wire/packet.ts';
import { type Captured, CLIENT, client, data, file, handshake, IRS, ISS, replayed, SERVER, server, tell } from './scene.ts';

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
