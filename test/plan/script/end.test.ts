/** How scripts end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseScript } from '../../../src/plan/script/parse.ts';
import { runScript } from '../../../src/plan/script/run.ts';
import { createContext } from '../../../src/probe/context.ts';
import { ACK, FIN, PSH, RST, SYN } from '../../../src/wire/flags.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import { acks, acksAll, B, HANDSHAKE, IRS, ISS, type Peer, run, Scene } from './scene.ts';

describe('the end', () => {
  it('comes at the deadline, whatever the script waits for', async () => {
    expect((await run(() => undefined, '> S\n* < S.', { deadlineMs: 2000 })).result).toMatchObject({
      ok: false,
      failures: [{ line: 2, actual: 'nothing within 2 s' }],
    });
    expect((await run(() => undefined, '> S\n+10 > S', { deadlineMs: 2000 })).result).toMatchObject({
      ok: false,
      failures: [],
      ended: 'deadline',
      sent: 1,
    });
    const talker: Peer = (segment) => Array.from({ length: 300 }, (_, i) => ({ ...acks(segment), ack: i, afterMs: i * 10 }));
    expect((await run(talker, '> S\nanything for 1000', { deadlineMs: 2000 })).result).toMatchObject({ ok: false, ended: 'deadline' });
  });

  it('comes when asked, with the connection reset', async () => {
    const scene = new Scene(acksAll);
    const stop = new AbortController();
    scene.clock.setTimer(300_000, () => stop.abort());
    const { result } = await scene.run(`${HANDSHAKE}* < F.`, undefined, stop.signal);
    expect(result).toMatchObject({ ok: false, failures: [], ended: 'interrupted' });
    expect(scene.sent.at(-1)?.tcp).toMatchObject({ flags: RST, seq: seqAdd(ISS, 1) });
    expect(scene.clock.nowUs()).toBeLessThan(310_000);
  });

  it('comes early where nobody listens any more, with the connection reset', async () => {
    const scene = new Scene(acksAll);
    const leave = async () => {
      for await (const event of runScript(
        parseScript(`${HANDSHAKE}* < F.`),
        { host: 'peer', address: B, port: 80 },
        createContext(scene.network, 1),
      ))
        if (event.type === 'segment' && event.flags.length === 1 && event.flags[0] === 'ACK') return;
    };
    await scene.clock.run(leave());
    while (scene.clock.step());
    expect(scene.sent.at(-1)?.tcp).toMatchObject({ flags: RST, seq: seqAdd(ISS, 1) });
  });

  it('comes by the deadline with one result, whatever the script and the peer do', async () => {
    const flags = fc.constantFrom(SYN | ACK, ACK, PSH | ACK, FIN | ACK, RST, RST | ACK, 0);
    const answer = fc.record({
      flags,
      seqFrom: fc.constantFrom(0, 1, 2, 6, 70_000),
      ackFrom: fc.constantFrom(0, 1, 2, 6, 1000),
      length: fc.constantFrom(0, 0, 5),
      afterMs: fc.constantFrom(0, 0, 30, 400),
    });
    const lines = fc.constantFrom(
      ...[
        '> S 0:0(0)',
        '< S. 0:0(0) ack 1',
        '> .',
        '> P. length 5',
        '+0.05 > F.',
        '> R',
        '<? .',
        '< [P]. win ?w',
        '* < F.',
        '+0~0.3 < any',
      ],
      ...[
        'nothing for 50ms',
        'anything for 100ms',
        'anything\n< .',
        '{\n< .\n< F.\n}',
        'watch retransmissions',
        '> . ack=$irs+1',
        '< icmp any',
        'leave',
      ],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(lines, { maxLength: 12 }).filter((script) => script.some((line) => line !== 'leave' && !line.startsWith('watch'))),
        fc.array(fc.array(answer, { maxLength: 3 }), { maxLength: 8 }),
        async (script, answers) => {
          let turn = 0;
          const peer: Peer = () =>
            answers[turn++]?.map(({ seqFrom, ackFrom, length, ...rest }) => ({
              ...rest,
              seq: seqAdd(IRS, seqFrom),
              ack: seqAdd(ISS, ackFrom),
              payload: new Uint8Array(length),
            }));
          const scene = new Scene(peer);
          const { events, result } = await scene.run(`iss ${ISS}\n${script.join('\n')}`, { deadlineMs: 2000 });
          expect(events.filter(({ type }) => type === 'result')).toHaveLength(1);
          expect(result.ok).toBe(result.failures.length === 0 && result.ended === undefined);
          expect(result.durationUs).toBeLessThanOrEqual(2_100_000);
          expect(scene.sent.filter(({ tcp }) => tcp.flags === RST).length).toBeLessThanOrEqual(
            2 + script.filter((line) => line === '> R').length,
          );
        },
      ),
    );
  });
});
