/** Listening as text. The pictures stand in pictures/, to be read as they are. */
import { describe, expect, it } from 'vitest';
import type { ListenEvent } from '../../src/probe/events.ts';
import { LISTEN_DEFAULTS } from '../../src/probe/listen/request.ts';
import { createListenReporter, type ListenReporterOptions } from '../../src/report/listen.ts';
import { displayWidth } from '../../src/report/text.ts';
import { Scene } from '../probe/listen/scene.ts';

/** What is told of one that closes, one that is reset and one that never comes back. */
async function events(): Promise<readonly ListenEvent[]> {
  const scene = new Scene({ loss: 0.1 }, 9);
  const misbehaviour = { ...LISTEN_DEFAULTS.misbehaviour, rstAfterBytes: 1000 };
  scene.listen({ echo: true, misbehaviour });
  await scene.run(scene.call({ data: [new TextEncoder().encode('hello')] }));
  await scene.run(scene.call({ data: [new Uint8Array(5000)] }));
  await scene.run(scene.call({ close: 'none' }));
  await scene.end();
  return scene.events;
}

function report(told: readonly ListenEvent[], options: Partial<ListenReporterOptions> = {}): string {
  let text = '';
  let nowMs = 0;
  const reporter = createListenReporter({
    write: (more) => {
      text += more;
    },
    colour: false,
    ascii: true,
    width: 80,
    doing: 'echoes what comes, closes after the peer; Ctrl-C ends it',
    quiet: false,
    verbose: false,
    absolute: false,
    now: () => nowMs++,
    ...options,
  });
  for (const event of told) reporter.event(event);
  return text;
}

describe('a listener', async () => {
  const told = await events();

  it.each([
    ['listen', {}],
    ['listen-v', { verbose: true }],
    ['listen-v-40-unicode', { verbose: true, width: 40, ascii: false }],
    ['listen-q', { quiet: true }],
    ['listen-120-colour', { width: 120, colour: true }],
  ] as const)('%s', async (name, options) => {
    await expect(report(told, options)).toMatchFileSnapshot(`pictures/${name}.txt`);
  });

  it('puts one blank line before its summary, also where nobody called', () => {
    const [listening, result] = [told[0], told.at(-1)] as [ListenEvent, ListenEvent];
    expect(report([listening, result])).toMatch(/\.\n\n {2}connections/);
    expect(report(told)).toMatch(/[^\n]\n\n {2}connections/);
  });

  it('says that it is unguarded where it is', () => {
    const [listening] = told as [Extract<ListenEvent, { type: 'listening' }>];
    expect(report([{ ...listening, guard: 'none' }])).toContain(', unguarded:');
    expect(report([{ ...listening, guard: 'socket' }])).toContain('of every address of this host: echoes');
  });

  it.each(['interrupted', 'deadline'])('says of a connection that was open at the end (%s) that we reset it, and no more', (ended) => {
    const one = told.find((event) => event.type === 'result');
    expect(report([{ ...one, ended } as ListenEvent])).toMatch(/^ +#\d+ still open at the end, reset by us, received [^,]+, sent [^,]+,/);
    expect(report([{ ...one, ended } as ListenEvent])).not.toContain('left in');
  });

  it('counts in its last line how the connections came out, one as well as many', () => {
    const counts = { connections: 4, completed: 1, resetByPeer: 1, timedOut: 1, interrupted: 1, durationUs: 2e6 };
    const ended = {
      ...(told.at(-1) as Extract<ListenEvent, { type: 'result' }>),
      ...counts,
      receivedBytes: 5,
      sentBytes: 0,
    } as ListenEvent;
    expect(report([ended], { quiet: true })).toBe(
      '4 connections, 1 ended as asked, 1 reset by the peer, 1 ended otherwise, 1 still open, received 5 B, sent 0 B, in 2.00 s\n',
    );
  });

  it.each([30, 40, 60, 80, 120])('keeps within %i columns', (width) => {
    for (const line of report(told, { width, verbose: true }).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
  });

  it('prints as many lines a second as can be read, and at once that there are more', () => {
    const many = told
      .slice(0, 1)
      .concat(
        Array.from(
          { length: 500 },
          (_, i) => ({ ...(told.find(({ type }) => type === 'start') as ListenEvent), conversation: i + 1 }) as ListenEvent,
        ),
      );
    // The first half of them in one second, the others in a later one.
    let calls = 0;
    const text = report(many, { now: () => (calls++ < 250 ? 0 : 1500) });
    const shown = text.split('\n').filter((line) => line.includes('connects to')).length;
    expect(shown).toBe(80);
    expect(
      text.split('\n').flatMap((line, i) => (line === '  : more than can be read: left out until the next second' ? [i] : [])),
    ).toEqual([43, 84]);
  });
});
