/** A run and its reader. */
import { expect, it } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import { present } from '../../src/cli/present.ts';
import type { NoteEvent, SendEvent } from '../../src/probe/events.ts';
import { SILENT } from '../support/cli.ts';

const NOTE: NoteEvent = { type: 'note', atUs: 0, code: 'ignored', text: 'hello' };

it('waits for a reader of stdout that is far behind, and no longer than until it is to end', async () => {
  let isBehind = false;
  let caughtUp = (): void => undefined;
  let interrupt = (): void => undefined;
  const stdout = {
    ...SILENT,
    get isBehind() {
      return isBehind;
    },
    catchUp: (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        caughtUp = resolve;
        signal.addEventListener('abort', () => resolve());
      }),
  };
  const io = {
    stdout,
    stderr: SILENT,
    onSignal: (callback: (name: NodeJS.Signals, number: number) => void) => {
      interrupt = () => callback('SIGINT', 2);
      return () => undefined;
    },
    onOutputFailure: () => undefined,
  } satisfies Partial<Io> as unknown as Io;
  let made = 0;
  async function* notes(signal: AbortSignal): AsyncGenerator<SendEvent, void> {
    while (!signal.aborted) {
      made++;
      isBehind = made % 10 === 0;
      yield NOTE;
      await new Promise(setImmediate);
    }
    yield { type: 'result' } as SendEvent;
  }
  /** After more turns of the event loop than ten notes take. */
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  };
  const ended = present(
    (signal) => notes(signal) as AsyncGenerator<never, void>,
    { json: false, reporter: { event: () => undefined }, waitsFor: () => undefined, exitCode: () => 0 },
    io,
  );
  await settled();
  expect(made).toBe(10);
  caughtUp();
  await settled();
  expect(made).toBe(20);
  interrupt();
  expect(await ended).toBe(130);
  expect(made).toBeLessThanOrEqual(21);
});
