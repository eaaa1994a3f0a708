/** `connect` where a send is refused by this host, or by a router behind it. */
import { describe, expect, it } from 'vitest';
import { NetError, type NetErrorCode } from '../../src/net/errors.ts';
import type { ConnectEvent, NoteEvent } from '../../src/probe/events.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { changePorts, failSends } from '../support/ports.ts';
import { CLIENT, Scene, SERVER } from './listen/scene.ts';

type Segment = Extract<ConnectEvent, { type: 'segment' }>;

describe('a send that this host refuses', () => {
  const data = [Uint8Array.from({ length: 3000 }, (_, i) => i)];

  /** A call whose sends fail. @param fails why, of a datagram of this length, the n-th from 1 */
  async function call(fails: (length: number, n: number) => NetErrorCode | undefined, pathMtu = 1500) {
    const scene = new Scene();
    scene.listen({ echo: true, count: 1, deadlineMs: 10_000 });
    changePorts(scene.client, (port) => {
      port.pathMtu = () => pathMtu;
    });
    failSends(scene.client, (n, { length }) => {
      const code = fails(length, n);
      return code && new NetError(code, 'send', 'to 10.0.0.2', 'refused');
    });
    const notes: string[] = [];
    const told: Segment[] = [];
    const { result, bytes } = await scene.run(
      scene.call({ data }, (event) => {
        if (event.type === 'note') notes.push(event.code);
        if (event.type === 'segment' && event.direction === 'sent') told.push(event);
      }),
    );
    await scene.end();
    const left = scene.packets.flatMap(({ ip, tcp }) => (ip.source !== SERVER && tcp ? [tcp] : []));
    return { result, bytes, notes, told, left, longest: Math.max(...left.map(({ payload }) => payload.length)) };
  }

  it('for its size, where the kernel has heard of a narrower path: smaller ones go (RFC 1191)', async () => {
    const { result, bytes, notes, longest } = await call((length) => (length > 1000 ? 'message-too-long' : undefined), 1000);
    expect(result).toMatchObject({ verdict: 'open', ended: undefined, error: undefined });
    expect(bytes).toEqual(data[0]);
    expect(notes).toContain('mtu-lowered');
    expect(longest).toBeGreaterThan(900);
    expect(longest).toBeLessThanOrEqual(960);
  });

  it('for its size, where the path is wide enough, is an error', async () => {
    const { result } = await call((length) => (length > 1000 ? 'message-too-long' : undefined));
    expect(result.error).toMatchObject({ code: 'message-too-long' });
  });

  it('for another reason is that error, however narrow the path', async () => {
    const { result } = await call((length) => (length > 1000 ? 'no-route' : undefined), 1000);
    expect(result.error).toMatchObject({ code: 'no-route' });
  });

  it('ends the connection, and the RST that it leaves by is told as what was sent before', async () => {
    const { told, left } = await call((length) => (length > 1000 ? 'local-firewall' : undefined));
    expect(told.at(-1)?.flags).toContain('RST');
    expect(told.map(({ seq }) => seq)).toEqual(left.map(({ seq }) => seq));
  });

  it('because its queue is full is as lost as on the wire: it is sent again', async () => {
    const { result, bytes, notes } = await call((_length, n) => (n === 1 || n === 5 ? 'no-buffers' : undefined));
    expect(result).toMatchObject({ verdict: 'open', ended: undefined, error: undefined });
    expect(bytes).toEqual(data[0]);
    expect(notes.filter((code) => code === 'kernel-drops')).toHaveLength(2);
  });
});

describe('an ICMP error', () => {
  interface Said {
    type: number;
    code: number;
    rest?: number;
    from?: number;
    /** The segment that it quotes begins so much further on. */
    shift?: number;
  }

  /** A call to a host that nobody listens on, or everybody, whose first segment with data, or without, is answered by errors. */
  async function call(isListening: boolean, errors: readonly Said[]) {
    const scene = new Scene();
    if (isListening) scene.listen({ echo: true, count: 1, deadlineMs: 10_000 });
    let hasSaid = false;
    scene.wire.taps.push((datagram) => {
      const { ip, tcp } = decodePacket(datagram);
      if (hasSaid || ip.source === SERVER || tcp === undefined || (isListening && tcp.payload.length === 0)) return;
      hasSaid = true;
      for (const { type, code, rest = 0, from = 0x0a0000fe, shift = 0 } of errors) {
        const quote = encodePacket({ ip, tcp: { ...tcp, seq: seqAdd(tcp.seq, shift) } }).subarray(0, 28);
        const header = ipv4Header({ source: from, destination: CLIENT, protocol: PROTOCOL_ICMP });
        scene.wire.send(encodePacket({ ip: header, icmp: { type, code, rest, body: quote } }));
      }
    });
    const notes: NoteEvent[] = [];
    const request = { data: isListening ? [new Uint8Array(3000)] : [], timeoutMs: 1500 };
    const { result } = await scene.run(scene.call(request, (event) => event.type === 'note' && notes.push(event)));
    if (isListening) await scene.end();
    return { result, notes: notes.map(({ code }) => code), texts: notes.map(({ text }) => text).join() };
  }

  it.each([
    [1000, 1000],
    [68, 68],
    [67, 576],
    [0, 576],
  ])('that names an MTU of %i makes it %i (RFC 1191, RFC 791)', async (named, mtu) => {
    const { result, texts } = await call(true, [{ type: 3, code: 4, rest: named }]);
    expect(texts).toContain(`datagrams of ${mtu} bytes at most`);
    expect(result).toMatchObject({ verdict: 'open', ended: undefined, data: { ackedBytes: 3000 } });
  });

  it('about what is not on its way says nothing (RFC 5927 §4)', async () => {
    const { result, notes } = await call(true, [{ type: 3, code: 4, rest: 1000, shift: -2 }]);
    expect(notes).toEqual(['icmp-ignored']);
    expect(result.data.ackedBytes).toBe(3000);
  });

  it('about an established connection does not end it (RFC 5461 §4.1)', async () => {
    const { result } = await call(true, [{ type: 3, code: 13 }]);
    expect(result).toMatchObject({ verdict: 'open', reason: 'syn-ack', ended: undefined, data: { ackedBytes: 3000 } });
  });

  it('in the place of an answer is the reason', async () => {
    const { result } = await call(false, [{ type: 3, code: 13 }]);
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'icmp-admin-prohibited' });
  });

  it('of our own kernel says that its neighbour is silent, once', async () => {
    const own = { type: 3, code: 1, from: CLIENT };
    const { result, notes } = await call(false, [own, own]);
    expect(notes.filter((code) => code === 'no-arp-answer')).toHaveLength(1);
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'icmp-host-unreachable' });
    expect((await call(false, [{ ...own, from: 0x0a0000fe }])).notes).not.toContain('no-arp-answer');
    expect((await call(false, [{ ...own, code: 13 }])).notes).not.toContain('no-arp-answer');
  });
});
