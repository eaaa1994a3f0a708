/** `ping --full`: each probe a whole connection, and whatever the peer makes of it an answer or a loss. */
import { describe, expect, it } from 'vitest';
import type { SegmentEvent } from '../../../src/probe/events.ts';
import { ACK, FIN, RST, SYN } from '../../../src/wire/flags.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import { segLen, type TcpSegment } from '../../../src/wire/tcp.ts';
import type { TcpOption } from '../../../src/wire/tcp-options.ts';
import { IRS, later, of, type Peer, Scene, silence } from './scene.ts';

const FULL = { full: {}, timeoutMs: 1000, count: 1 };

/** Of illegal length. */
const MALFORMED: TcpOption[] = [{ name: 'malformed', kind: 2, bytes: Uint8Array.of(2, 0, 0, 0) }];

/** Takes every connection, and closes when we do. */
const server =
  (synAck: Partial<TcpSegment> = {}): Peer =>
  (segment) => {
    const ack = seqAdd(segment.seq, segLen(segment));
    if (segment.flags & SYN) return { flags: SYN | ACK, seq: IRS, ack, ...synAck };
    return segment.flags & FIN ? { flags: FIN | ACK, seq: seqAdd(IRS, 1), ack } : undefined;
  };

describe('a whole connection', () => {
  it('is one answer', async () => {
    const { result, replies } = await new Scene(server()).run(FULL);
    expect(replies).toMatchObject([{ verdict: 'open', reason: 'syn-ack', rttUs: 200, connection: { closed: true } }]);
    expect(result).toMatchObject({ verdict: 'open', sent: 1, received: 1, lost: 0 });
  });

  it('whose SYN+ACK has an option of illegal length is one too', async () => {
    const { result, replies } = await new Scene(server({ options: MALFORMED })).run(FULL);
    expect(replies).toMatchObject([{ verdict: 'open', flags: ['ACK', 'SYN'], rttUs: 200, connection: { closed: true } }]);
    expect(result).toMatchObject({ verdict: 'open', received: 1, lost: 0 });
  });

  it('refused by a RST with an option of illegal length is an answer', async () => {
    const refuse: Peer = (segment) => ({ flags: RST | ACK, ack: seqAdd(segment.seq, 1), options: MALFORMED });
    const { result, replies } = await new Scene(refuse).run(FULL);
    expect(replies).toMatchObject([{ verdict: 'closed', reason: 'rst', rttUs: 200 }]);
    expect(result).toMatchObject({ verdict: 'closed', received: 1, lost: 0 });
  });

  it('may take longer in all than an answer may: its handshake and its close have a time each', async () => {
    const { result, replies } = await new Scene(later(800_000, server())).run(FULL);
    expect(replies).toMatchObject([{ verdict: 'open', rttUs: 800_200, note: undefined, connection: { closed: true } }]);
    expect(result).toMatchObject({ received: 1, lost: 0 });
  });

  it('to silence is lost when its time is over; and its start is told before all else, also where nothing is found', async () => {
    const scene = new Scene(silence);
    const { events, lost } = await scene.run({ ...FULL, count: 2, intervalMs: 300, segments: true });
    expect(lost.map(({ atUs }) => atUs)).toEqual([1_000_000, 1_300_000]);
    expect(events.map(({ type }) => type).slice(0, 2)).toEqual(['start', 'segment']);
    const { events: few, result } = await new Scene(silence).run({ ...FULL, count: 2, intervalMs: 300, deadlineMs: 400, segments: true });
    expect(few.map(({ type }) => type)).toEqual(['start', 'segment', 'segment', 'result']);
    expect(result).toMatchObject({ ended: 'deadline', pending: 2 });
  });

  it('that a signal ends is reset, and that is told with all else', async () => {
    const neverCloses: Peer = (segment, n, packet) => (segment.flags & FIN ? undefined : server()(segment, n, packet));
    const controller = new AbortController();
    const scene = new Scene(neverCloses);
    scene.clock.setTimer(500_000, () => controller.abort());
    const { events, result } = await scene.run({ ...FULL, segments: true }, { signal: controller.signal });
    expect(result).toMatchObject({ ended: 'interrupted', pending: 1 });
    const sent = of<SegmentEvent>(events, 'segment').filter(({ direction }) => direction === 'sent');
    expect(sent).toHaveLength(scene.sent.length);
    expect(sent.at(-1)?.flags).toContain('RST');
  });
});
