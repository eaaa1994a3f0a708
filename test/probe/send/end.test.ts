/** How sending ends, and what this machine refuses. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { NetError } from '../../../src/net/errors.ts';
import { MemoryWire, VirtualClock } from '../../../src/net/memory.ts';
import { createContext } from '../../../src/probe/context.ts';
import { SEND_DEFAULTS, type SendRequest } from '../../../src/probe/send/request.ts';
import { send } from '../../../src/probe/send/send.ts';
import { Trial } from '../../../src/probe/send/trial.ts';
import { ACK, RST } from '../../../src/wire/flags.ts';
import { type TcpSegment, tcpSegment } from '../../../src/wire/tcp.ts';
import { failSends } from '../../support/ports.ts';
import { A, B, type Peer, Scene, SEQ, silence, synAck } from './scene.ts';

describe('the end', () => {
  it('--no-cleanup sends nothing, tells what comes while it holds, and says what is left', async () => {
    const again: Peer = (segment, n, packet) => {
      const answer = synAck(segment, n, packet) as Partial<TcpSegment>;
      scene.clock.setTimer(scene.clock.nowUs() + 1_500_000, () => scene.answer(segment, answer));
      return answer;
    };
    const scene = new Scene(again);
    const { events, segments } = await scene.run({ cleanup: false, holdMs: 2000 });
    expect(scene.sent).toHaveLength(1);
    expect(segments.at(-1)).toMatchObject({ direction: 'received', note: 'retransmission', atUs: 1_500_200 });
    expect(events.at(-2)).toMatchObject({ type: 'note', code: 'guard-released' });
    expect(scene.clock.nowUs()).toBe(3_000_000);
  });

  it('a signal ends it with what is known, and resets', async () => {
    const controller = new AbortController();
    const scene = new Scene(synAck);
    scene.clock.setTimer(300_000, () => controller.abort());
    const { result } = await scene.run({ timeoutMs: 5000 }, controller.signal);
    expect(result).toMatchObject({ verdict: 'open', ended: 'interrupted' });
    expect(scene.clock.nowUs()).toBe(300_000);
    expect(scene.sent.at(-1)?.packet.tcp?.flags).toBe(RST);
  });

  it('a signal ends a flood to which nothing answers', async () => {
    const controller = new AbortController();
    // As the event loop tells of a signal: in a turn of its own.
    setTimeout(() => controller.abort(), 1);
    const { result } = await new Scene(silence).run({ count: 100_000, intervalMs: 0 }, controller.signal);
    expect(result).toMatchObject({ ended: 'interrupted', reason: 'no-response' });
    expect(result.sent).toBeLessThan(100_000);
  });

  it('a signal before the first answer gives the verdict of silence so far', async () => {
    const controller = new AbortController();
    const scene = new Scene(silence);
    scene.clock.setTimer(300_000, () => controller.abort());
    expect((await scene.run({ count: 9 }, controller.signal)).result).toMatchObject({ sent: 1, received: 0, ended: 'interrupted' });
  });

  it('the deadline ends sending', async () => {
    const { result } = await new Scene(silence).run({ count: 100, deadlineMs: 3500 });
    expect(result).toMatchObject({ sent: 4, ended: 'deadline' });
  });

  it('a peer that goes on and on does not keep it from ending', async () => {
    const scene = new Scene(synAck);
    const flood = () => {
      scene.answer(tcpSegment({ sourcePort: 49_152, destinationPort: 80 }), { flags: ACK });
      scene.clock.setTimer(scene.clock.nowUs() + 1000, flood);
    };
    flood();
    const { result } = await scene.run();
    expect(result.received).toBeGreaterThan(900);
    expect(scene.clock.nowUs()).toBeLessThan(1_100_000);
  });

  it('nor does it fill the memory, whatever numbers it makes up', () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const flow = { source: A, sourcePort: 1, destination: B, destinationPort: 80 };
    const numbers = { seq: SEQ, ack: 0, ipId: 1, timestamp: 0, mss: 1460 };
    const port = new MemoryWire(new VirtualClock()).host(A).openPort({ destination: B, destinationPort: 80 });
    const trial = new Trial(port, { spec: {} }, flow, numbers);
    const at = { atUs: 0, stamped: false, wallSteps: 0 };
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 200_000; n++) trial.hears(tcpSegment({ sourcePort: 80, destinationPort: 1, flags: ACK, seq: n, ack: n }), 64, at);
    gc();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4e6);
    expect(trial.received).toBe(200_000);
  });

  it('who leaves early leaves nothing half open', async () => {
    const scene = new Scene(synAck);
    const request: SendRequest = { ...SEND_DEFAULTS, host: 'peer', address: B, port: 80, variants: [{ spec: {} }] };
    const leave = async () => {
      for await (const event of send(request, createContext(scene.network)))
        if (event.type === 'segment' && event.direction === 'received') break;
    };
    await scene.clock.run(leave());
    expect(scene.sent.at(-1)?.packet.tcp?.flags).toBe(RST);
  });
});

describe('an error of this machine', () => {
  const noRoute = new NetError('no-route', 'send', 'to 10.0.0.2', 'gone');

  const failAt = ({ network }: Scene, at: number): void => failSends(network, (n) => (n === at ? noRoute : undefined));

  it('before the first segment is thrown', async () => {
    const scene = new Scene(silence);
    failAt(scene, 1);
    await expect(scene.run()).rejects.toBe(noRoute);
  });

  it('later stands in the result, beside what is known; and what is half open is reset', async () => {
    const scene = new Scene(synAck);
    failAt(scene, 2);
    const { result } = await scene.run({ count: 3 });
    expect(result).toMatchObject({ verdict: 'open', sent: 1, received: 1, error: noRoute });
    expect(scene.sent.at(-1)?.packet.tcp?.flags).toBe(RST);
  });
});
