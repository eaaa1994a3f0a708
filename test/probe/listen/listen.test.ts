import { describe, expect, it } from 'vitest';
import { NetError } from '../../../src/net/errors.ts';
import { rememberedOptions } from '../../../src/probe/listen/syn-cookies.ts';
import { listenExitCode } from '../../../src/probe/listen/tally.ts';
import { ACK, FIN, PSH, RST, SYN } from '../../../src/wire/flags.ts';
import { ipv4Header } from '../../../src/wire/ipv4.ts';
import { encodePacket } from '../../../src/wire/packet.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import { type TcpSegment, tcpSegment } from '../../../src/wire/tcp.ts';
import { findOption, KIND_TIMESTAMPS, KIND_WINDOW_SCALE, type TcpOption } from '../../../src/wire/tcp-options.ts';
import { CLIENT, PORT, Scene, SERVER } from './scene.ts';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const pattern = (length: number, from = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => ((i + from) * 2_654_435_761) >>> 24);

/** A caller that says what it likes. */
function caller({ client }: Scene): (segment: Partial<TcpSegment>) => void {
  const port = client.openPort({ destination: SERVER, destinationPort: PORT });
  const ip = ipv4Header({ source: CLIENT, destination: SERVER });
  return (segment) => port.send(encodePacket({ ip, tcp: tcpSegment({ sourcePort: port.port, destinationPort: PORT, ...segment }) }));
}

describe('a listener', () => {
  it('echoes what comes and closes after its caller', async () => {
    const scene = new Scene();
    scene.listen({ echo: true, count: 1 });
    const { result, bytes } = await scene.run(scene.call({ data: [text('hello')] }));
    expect(bytes).toEqual(text('hello'));
    expect(result).toMatchObject({ verdict: 'open', close: { completed: true, initiator: 'local' } });
    const ended = await scene.end(false);
    expect(ended).toMatchObject({ connections: 1, completed: 1, receivedBytes: 5, sentBytes: 5, countReached: true });
    expect(listenExitCode(ended)).toBe(0);
    // RFC 9293 §3.7.1: the MSS is what the interface takes less both headers.
    const synAck = scene.packets.find(({ tcp }) => tcp?.flags === (SYN | ACK));
    expect(findOption(synAck?.tcp?.options ?? [], 'mss')?.mss).toBe(1460);
    expect(scene.conversations[0]).toMatchObject({
      conversation: 1,
      close: { kind: 'passive', completed: true, initiator: 'peer' },
      states: ['CLOSED', 'LISTEN', 'SYN-RECEIVED', 'ESTABLISHED', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED'],
    });
  });

  it.each([true, false])('tells of segments where it is asked to: %s', async (segments) => {
    const scene = new Scene();
    scene.listen({ count: 1, segments });
    await scene.run(scene.call());
    await scene.end(false);
    const told = scene.events.filter(({ type }) => type === 'segment');
    expect(told).toHaveLength(segments ? scene.packets.length : 0);
  });

  it.each([
    [undefined, undefined],
    [SERVER, '10.0.0.2'],
  ])('says which address it listens on: %s', async (source, address) => {
    const scene = new Scene();
    scene.listen({ source, deadlineMs: 10 });
    await scene.end(false);
    expect(scene.events[0]).toMatchObject({ type: 'listening', address });
  });

  it('acknowledges by its echo, and by itself what brings none', async () => {
    const scene = new Scene();
    scene.listen({ echo: true, count: 1 });
    await scene.run(scene.call({ data: [text('hello')] }));
    await scene.end(false);
    const fromServer = scene.packets.filter(({ ip, tcp }) => ip.source === SERVER && tcp);
    expect(fromServer.map(({ tcp }) => tcp?.flags)).toEqual([SYN | ACK, PSH | ACK, ACK, FIN | ACK]);
    const [hello] = scene.packets.filter(({ ip, tcp }) => ip.source === CLIENT && tcp?.payload.length);
    expect(fromServer[1]?.tcp?.ack).toBe(seqAdd(hello?.tcp?.seq ?? 0, 5));
  });

  it.each([
    ['active', 'passive', ['FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT']],
    ['half', 'passive', ['FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT']],
    ['passive', 'active', ['CLOSE-WAIT', 'LAST-ACK', 'CLOSED']],
  ] as const)('closes as asked: %s', async (close, callerCloses, states) => {
    const scene = new Scene();
    scene.listen({ data: () => [text('a greeting')], close, count: 1 });
    const { result, bytes } = await scene.run(scene.call({ close: callerCloses }));
    expect(bytes).toEqual(text('a greeting'));
    expect(result.close.completed).toBe(true);
    await scene.end(false);
    expect(scene.conversations[0]?.states.slice(-3)).toEqual(states);
    expect(scene.conversations[0]?.close.completed).toBe(true);
  });

  it('resets after its data where it is asked to', async () => {
    const scene = new Scene();
    scene.listen({ data: () => [text('and now')], close: 'reset', count: 1 });
    const { result, bytes } = await scene.run(scene.call({ close: 'passive' }));
    expect(bytes).toEqual(text('and now'));
    expect(result.ended).toBe('reset-by-peer');
    expect(listenExitCode(await scene.end(false))).toBe(0);
  });

  it('falls silent where it is asked to leave the connection open', async () => {
    const scene = new Scene();
    scene.listen({ close: 'none', count: 1, timeoutMs: 3000 });
    const { result } = await scene.run(scene.call({ data: [text('anybody there?')], timeoutMs: 2000 }));
    expect(result.ended).toBe('timeout');
    // It is told while it goes on.
    expect(scene.events.map(({ type }) => type).slice(0, 2)).toEqual(['listening', 'start']);
    const fromServer = scene.packets.filter(({ ip, tcp }) => ip.source === SERVER && tcp);
    expect(fromServer.map(({ tcp }) => tcp?.flags)).toEqual([SYN | ACK]);
    await scene.end(false);
    expect(scene.conversations[0]).toMatchObject({ close: { kind: 'none', finalState: 'ESTABLISHED' } });
  });

  it('gives each caller all of the data', async () => {
    const scene = new Scene();
    const data = pattern(20_000);
    scene.listen({ data: () => [data], close: 'active', count: 8 });
    const calls = await scene.run(Promise.all(Array.from({ length: 8 }, () => scene.call({ close: 'passive' }))));
    for (const { bytes } of calls) expect(bytes).toEqual(data);
    expect(await scene.end(false)).toMatchObject({ connections: 8, completed: 8, sentBytes: 8 * data.length });
  });

  it('sends the fields and options that were asked for', async () => {
    const scene = new Scene();
    scene.listen({ iss: 4_294_967_290, window: 1234, ttl: 33, tos: 8, synOptions: { preset: 'none', mss: 700, windowScale: 3 }, count: 1 });
    await scene.run(scene.call({ data: [pattern(3000)] }));
    await scene.end(false);
    const synAck = scene.packets.find(({ ip, tcp }) => ip.source === SERVER && tcp !== undefined && tcp.flags & SYN);
    expect(synAck).toMatchObject({ ip: { ttl: 33, tos: 8 }, tcp: { seq: 4_294_967_290, window: 1234, flags: SYN | ACK } });
    expect(findOption(synAck?.tcp?.options ?? [], 'mss')?.mss).toBe(700);
    expect(findOption(synAck?.tcp?.options ?? [], 'window-scale')?.shift).toBe(3);
    expect(findOption(synAck?.tcp?.options ?? [], 'timestamps')).toBeUndefined();
    expect(scene.conversations[0]?.data.receivedBytes).toBe(3000);
  });

  it('answers what belongs to no connection with RST, and a caller beyond its count', async () => {
    const scene = new Scene();
    scene.listen({ count: 1, timeoutMs: 2000 });
    const first = scene.call({ close: 'none', holdMs: 1000 });
    await scene.run(first);
    const { result } = await scene.run(scene.call());
    // A RST offers nothing.
    expect(result).toMatchObject({ verdict: 'closed', reason: 'rst', irs: undefined, peer: undefined });
    const ended = await scene.end(false);
    expect(ended).toMatchObject({ connections: 1, strays: 1 });
  });

  it('takes no more than its count of those who call at once, and resets the others', async () => {
    const scene = new Scene();
    scene.listen({ count: 2, close: 'active', idleMs: 0 });
    const calls = await scene.run(Promise.all(Array.from({ length: 5 }, () => scene.call({ close: 'passive', timeoutMs: 1000 }))));
    expect(calls.map(({ result }) => result.ended).sort()).toEqual([
      'reset-by-peer',
      'reset-by-peer',
      'reset-by-peer',
      undefined,
      undefined,
    ]);
    expect(await scene.end(false)).toMatchObject({ connections: 2, completed: 2, halfOpen: 3 });
  });

  it('takes no more than its count of those who were answered by a cookie', async () => {
    const scene = new Scene();
    scene.listen({ count: 2, backlog: 0, close: 'active', idleMs: 0 });
    const calls = await scene.run(Promise.all(Array.from({ length: 5 }, () => scene.call({ close: 'passive', timeoutMs: 1000 }))));
    expect(calls.filter(({ result }) => result.ended === 'reset-by-peer')).toHaveLength(3);
    expect(await scene.end(false)).toMatchObject({ connections: 2, completed: 2 });
  });

  it('drops a SYN where there are connections enough', async () => {
    const scene = new Scene();
    scene.listen({ maxConnections: 1 });
    await scene.run(scene.call({ close: 'none' }));
    const { result } = await scene.run(scene.call({ timeoutMs: 2500 }));
    expect(result.verdict).toBe('filtered');
    expect((await scene.end()).refused).toBeGreaterThan(0);
    expect(scene.events).toContainEqual(expect.objectContaining({ type: 'note', code: 'table-full' }));
  });

  it('resets what is open when it is stopped', async () => {
    const scene = new Scene();
    scene.listen({ timeoutMs: 60_000 });
    const call = scene.call({ close: 'passive', timeoutMs: 30_000 });
    await scene.run(new Promise<void>((resolve) => void scene.clock.setTimer(1_000_000, resolve)));
    const ended = await scene.end();
    expect(ended).toMatchObject({ connections: 1, interrupted: 1, ended: 'interrupted' });
    expect(listenExitCode(ended)).toBe(0);
    expect((await scene.run(call)).result.ended).toBe('reset-by-peer');
  });

  it('resets a caller whom this host sends nothing of its data', async () => {
    const scene = new Scene();
    const { openListener } = scene.server;
    scene.server.openListener = (request) => {
      const ports = openListener.call(scene.server, request);
      const { send } = ports;
      return Object.assign(ports, {
        send(datagram: Uint8Array) {
          if (datagram.length > 1000) throw new NetError('local-firewall', 'send', 'to 10.0.0.1', 'refused');
          return send(datagram);
        },
      });
    };
    scene.listen({ data: () => [pattern(3000)] });
    const { result } = await scene.run(scene.call({ close: 'passive', timeoutMs: 20_000 }));
    expect(result.ended).toBe('reset-by-peer');
    await scene.end();
    expect(scene.conversations).toMatchObject([{ error: { code: 'local-firewall' } }]);
  });

  it('counts a connection that its caller leaves as timed out, and it did not go as asked', async () => {
    const scene = new Scene();
    scene.listen({ count: 1, timeoutMs: 2000 });
    await scene.run(scene.call({ close: 'none' }));
    const ended = await scene.end(false);
    expect(ended).toMatchObject({ connections: 1, completed: 0, timedOut: 1, interrupted: 0, resetByPeer: 0 });
    expect(listenExitCode(ended)).toBe(3);
  });

  it('resets nobody in TIME-WAIT when it is stopped: all is done but the waiting (RFC 9293 §3.6.1)', async () => {
    const scene = new Scene();
    scene.listen({ close: 'active', data: () => [text('bye')], timeWaitMs: 60_000 });
    await scene.run(scene.call({ close: 'passive' }));
    const ended = await scene.end();
    expect(ended).toMatchObject({ connections: 1, completed: 1, ended: 'interrupted' });
    expect(scene.packets.some(({ tcp }) => tcp && tcp.flags & RST)).toBe(false);
  });

  it('ends at its deadline, and says that fewer came than were awaited', async () => {
    const scene = new Scene();
    scene.listen({ count: 1, deadlineMs: 2000 });
    const ended = await scene.end(false);
    expect(ended).toMatchObject({ connections: 0, ended: 'deadline', countReached: false });
    expect(listenExitCode(ended)).toBe(2);
    expect(scene.clock.nowUs()).toBe(2_000_000);
  });

  it('drops what has neither SYN nor ACK nor RST, while it listens', async () => {
    const scene = new Scene();
    scene.listen({ deadlineMs: 1000 });
    const say = caller(scene);
    say({ flags: PSH, payload: text('hello') });
    say({ flags: FIN });
    say({ flags: 0, payload: text('hello') });
    expect(await scene.end(false)).toMatchObject({ connections: 0, strays: 3 });
    expect(scene.packets).toHaveLength(3);
  });

  it('answers a SYN right behind the RST that ended a handshake with another ISN', async () => {
    const scene = new Scene();
    scene.listen({ deadlineMs: 500 });
    const say = caller(scene);
    say({ flags: SYN, seq: 100 });
    await scene.run(new Promise<void>((resolve) => scene.clock.setTimer(50_000, resolve)));
    say({ flags: RST, seq: 101 });
    say({ flags: SYN, seq: 5000 });
    // Both are there before the listener looks.
    scene.clock.step();
    scene.clock.step();
    expect(await scene.end(false)).toMatchObject({ connections: 0, halfOpen: 2 });
    const [first, second] = scene.packets.map(({ tcp }) => tcp).filter((tcp) => tcp?.sourcePort === PORT);
    expect(first).toMatchObject({ flags: SYN | ACK, ack: 101 });
    expect(second).toMatchObject({ flags: SYN | ACK, ack: 5001 });
    expect(second?.seq).not.toBe(first?.seq);
  });

  it('has in the timestamp of a cookie what was offered, however long it takes to make', async () => {
    const scene = new Scene();
    // A machine so busy that each look at the clock comes milliseconds after the last one.
    const nowUs = scene.clock.nowUs.bind(scene.clock);
    let looks = 0;
    scene.clock.nowUs = () => nowUs() + 3000 * looks++;
    scene.listen({ backlog: 0, deadlineMs: 1000 });
    const timestamps: TcpOption = { kind: KIND_TIMESTAMPS, name: 'timestamps', value: 7, echoReply: 0 };
    caller(scene)({ flags: SYN, options: [timestamps, { kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: 5 }] });
    expect(await scene.end(false)).toMatchObject({ cookiesSent: 1 });
    const synAck = scene.packets.find(({ tcp }) => tcp?.flags === (SYN | ACK));
    const { value = 0 } = findOption(synAck?.tcp?.options ?? [], 'timestamps') ?? {};
    const carried = rememberedOptions(1460, [{ ...timestamps, echoReply: value }]);
    expect(findOption(carried, 'window-scale')?.shift).toBe(5);
    expect(findOption(carried, 'sack-permitted')).toBeUndefined();
  });

  it('takes the answer to an earlier cookie though it has answered the SYN, sent again, by a connection', async () => {
    const scene = new Scene();
    scene.listen({ backlog: 1, deadlineMs: 500 });
    const pause = () => scene.run(new Promise<void>((resolve) => scene.clock.setTimer(scene.clock.nowUs() + 1000, resolve)));
    const answers = () => scene.packets.flatMap(({ tcp }) => (tcp?.flags === (SYN | ACK) ? [tcp] : []));
    const [one, another] = [caller(scene), caller(scene)];
    one({ flags: SYN, seq: 1 });
    another({ flags: SYN, seq: 100 });
    await pause();
    const [first, cookie] = answers();
    // The backlog has room again.
    one({ flags: ACK, seq: 2, ack: seqAdd(first?.seq ?? 0, 1) });
    another({ flags: SYN, seq: 100 });
    await pause();
    expect(answers()).toHaveLength(3);
    expect(answers()[2]?.seq).not.toBe(cookie?.seq);
    another({ flags: ACK, seq: 101, ack: seqAdd(cookie?.seq ?? 0, 1) });
    await pause();
    expect(scene.packets.some(({ tcp }) => tcp && tcp.flags & RST)).toBe(false);
    expect(await scene.end(false)).toMatchObject({ connections: 2, cookiesSent: 1, cookiesUsed: 1 });
    // What the cookie remembers of a SYN without options (RFC 9293 §3.7.1).
    expect(scene.conversations.map(({ irs, peer }) => [irs, peer?.mss])).toContainEqual([100, 536]);
  });

  it('gives up a handshake that its peer leaves half open', async () => {
    const scene = new Scene();
    scene.listen({ deadlineMs: 30_000 });
    caller(scene)({ flags: SYN, seq: 1 });
    expect(await scene.end(false)).toMatchObject({ connections: 0, halfOpen: 1 });
    expect(scene.packets.filter(({ ip: { source }, tcp }) => source === SERVER && tcp && tcp.flags === (SYN | ACK)).length).toBeGreaterThan(
      2,
    );
    expect(scene.packets.some(({ tcp }) => tcp && tcp.flags & (RST | FIN))).toBe(false);
  });
});
