/** The runner on the network in memory. */
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/net/errors.ts';
import { readPlans } from '../../src/plan/read.ts';
import { RUN_DEFAULTS, runPlans } from '../../src/plan/run.ts';
import { CLOSED, FICKLE, OPEN, plan, Scene, SILENT } from './scene.ts';

const outcomes = (tests: readonly { name: string; status: string }[]) => tests.map(({ name, status }) => `${name} ${status}`);

describe('tells of each test', () => {
  it('whether it passed, and of what kept it from it', async () => {
    const { tests, result } = await new Scene().run(plan({ good: [OPEN], bad: [CLOSED], mute: [SILENT] }));
    expect(outcomes(tests)).toEqual(['good passed', 'bad failed', 'mute failed']);
    expect(tests[1]?.failures).toEqual([
      {
        field: 'verdict',
        expected: '== open',
        actual: 'closed',
        step: 1,
        kind: 'send',
        expectation: 'verdict == open',
        line: 3,
        detail: undefined,
      },
    ]);
    expect(tests[1]?.records?.[0]?.commandLine).toBe('rawshake send peer 81 --timeout 0.1');
    expect(tests[1]?.records?.[0]?.events.map(({ type }) => type)).toEqual(['start', 'segment', 'segment', 'result']);
    expect(tests[0]?.records).toBeUndefined();
    expect(result).toMatchObject({ passed: 1, failed: 2, known: 0, skipped: 0, notRun: 0, flaky: 0, ended: undefined });
  });

  it.each([
    ['a block: its own line', 'text: |\n        > S\n        < S.', 7],
    ['text in quotes, whose lines are not those of the plan: the step', 'text: "> S\\n< S."', 2],
  ])('the line of a script that is not met, of %s', async (_what, script, line) => {
    const text = `tests:\n  - script:\n      host: peer\n      port: ${CLOSED}\n      ${script}\n    name: a\n`;
    const { tests } = await new Scene().run(text);
    expect(tests[0]?.failures).toMatchObject([{ field: 'flags', expected: 'S.', line }]);
  });

  it('without expectations: as the command would exit', async () => {
    const text = 'tests:\n  - { name: a, send: { host: peer, port: 81, timeout: 0.1 } }\n';
    const { tests } = await new Scene().run(text);
    expect(tests[0]?.failures).toMatchObject([{ field: 'exit code', expected: '0', actual: '1', detail: 'closed (rst)', line: 2 }]);
  });

  it('that it failed as it is known to, or was skipped: neither counts', async () => {
    const { tests, result } = await new Scene().run(
      plan({ odd: [CLOSED, 'known: not mended'], mended: [OPEN, 'known: mended since'], left: [OPEN, 'only-if: env NOPE'] }),
    );
    expect(outcomes(tests)).toEqual(['odd known', 'mended passed', 'left skipped']);
    expect(tests.map(({ ok, reason }) => [ok, reason])).toEqual([
      [true, 'not mended'],
      [true, undefined],
      [true, 'not so here: env NOPE'],
    ]);
    expect(tests.map(({ attempts }) => attempts)).toEqual([1, 1, 0]);
    expect(result).toMatchObject({ passed: 1, failed: 0, known: 1, skipped: 1 });
  });

  it('a name that can not be resolved, and goes on', async () => {
    const resolve = async (host: string) => {
      if (host === 'nobody') throw new NetError('name-not-resolved', 'resolve', '"nobody"', 'no such name');
      return 0x0a000002;
    };
    const text = plan({ a: [OPEN], b: [OPEN] }).replace('peer', 'nobody');
    const { tests } = await new Scene().run(text, {}, { resolve });
    expect(outcomes(tests)).toEqual(['a failed', 'b passed']);
    expect(tests[0]?.failures).toMatchObject([{ field: 'error', actual: 'resolve "nobody": no such name' }]);
  });

  it('a name whose look-up never ends, within the time of the test', async () => {
    const resolve = (host: string) => (host === 'nobody' ? new Promise<never>(() => undefined) : Promise.resolve(0x0a000002));
    const text = plan({ a: [OPEN, 'timeout: 2'], b: [OPEN] }).replace('peer', 'nobody');
    const scene = new Scene();
    const { tests } = await scene.run(text, {}, { resolve });
    expect(outcomes(tests)).toEqual(['a failed', 'b passed']);
    expect(tests[0]).toMatchObject({ durationMs: 2000, failures: [{ field: 'timeout' }] });
    expect(tests[1]?.durationMs).toBe(100);
  });

  it('names that many steps want, each asked for once, and a scan leaves alone all that one to be excluded has', async () => {
    const asked: string[] = [];
    const resolve = async (host: string) => {
      asked.push(host);
      return host === 'peer' ? 0x0a000002 : { address: 0x0a000003, addresses: [0x0a000003, 0x0a000004] };
    };
    const scan = `{ targets: [peer, 10.0.0.3-4], exclude: spare, ports: ${OPEN}, require: open }`;
    const text = `tests:\n  - name: a\n    steps:\n      - scan: ${scan}\n      - scan: ${scan}\n      - send: peer:${OPEN}\n`;
    const { tests } = await new Scene().run(text, {}, { resolve });
    expect(tests[0]).toMatchObject({ status: 'passed', failures: [] });
    expect(asked.toSorted()).toEqual(['peer', 'spare']);
  });

  describe('a slow look-up takes its time from the deadline of', () => {
    const options = {
      send: ', timeout: 9',
      connect: ', timeout: 9',
      trace: ', wait: 9',
      script: '',
    };
    const texts = { script: ', text: "> S\\n< S."' };
    it.each(Object.entries(options))('%s', async (kind, option) => {
      const scene = new Scene();
      const slow = () => new Promise<number>((resolve) => void scene.clock.setTimer(1_500_000, () => resolve(0x0a000002)));
      const more = (texts as Record<string, string>)[kind] ?? '';
      const text = `tests:\n  - { name: a, ${kind}: { host: peer, port: ${SILENT}, deadline: 2${option}${more} } }\n`;
      const { tests } = await scene.run(text, {}, { resolve: slow });
      expect(tests[0]).toMatchObject({ status: 'failed', durationMs: 2000 });
    });

    it.each(['send: { host: nobody, port: 80, deadline: 2 }', 'scan: { host: nobody, ports: 80, max-time: 2 }'])(
      'a look-up that never ends, and is given up then: %s',
      async (step) => {
        const text = `tests:\n  - { name: a, ${step} }\n`;
        const { tests } = await new Scene().run(text, {}, { resolve: () => new Promise<never>(() => undefined) });
        expect(tests[0]).toMatchObject({ durationMs: 2000, failures: [{ field: 'error', actual: expect.stringContaining('in time') }] });
      },
    );
  });
});

describe('runs', () => {
  it('tests beside each other, and tells of them in their order', async () => {
    const scene = new Scene();
    const tests = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`t${i}`, [i % 7 === 0 ? SILENT : OPEN] as const]));
    const { tests: told, result } = await scene.run(plan(tests), { jobs: 8 });
    expect(told.map(({ name }) => name)).toEqual(Object.keys(tests));
    expect(told.map(({ number }) => number)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    // 40 listen 100 ms each.
    expect(result.durationMs).toBeGreaterThanOrEqual(500);
    expect(result.durationMs).toBeLessThan(700);
  });

  it('alone what is not to have others beside it', async () => {
    const { result } = await new Scene().run(plan({ a: [OPEN], b: [OPEN, 'parallel: false'], c: [OPEN], d: [OPEN] }), { jobs: 4 });
    expect(result.durationMs).toBeGreaterThanOrEqual(300);
    expect(result.durationMs).toBeLessThan(350);
  });

  it('a test again that failed, as often as it may', async () => {
    const { tests, result } = await new Scene().run(plan({ fickle: [FICKLE, 'retry: 2'], bad: [CLOSED, 'retry: 2'] }));
    expect(tests.map(({ status, attempts, flaky }) => [status, attempts, flaky])).toEqual([
      ['passed', 2, true],
      ['failed', 3, false],
    ]);
    expect(result.flaky).toBe(1);
  });

  it('each test so often, and says which are flaky', async () => {
    const { tests, result } = await new Scene().run(plan({ good: [OPEN], fickle: [FICKLE], bad: [CLOSED] }), { repeat: 4 });
    expect(tests.map(({ status, failedRuns, flaky }) => [status, failedRuns, flaky])).toEqual([
      ['passed', 0, false],
      ['failed', 2, true],
      ['failed', 4, false],
    ]);
    expect(result.flaky).toBe(1);
  });

  it('no more after the first failure, where that is asked', async () => {
    const { tests, result } = await new Scene().run(plan({ a: [OPEN], b: [CLOSED], c: [OPEN], d: [OPEN] }), { bail: true });
    expect(outcomes(tests)).toEqual(['a passed', 'b failed']);
    expect(result).toMatchObject({ notRun: 2, ended: 'bail' });
  });

  it('steps in order, up to the first that fails', async () => {
    const scene = new Scene();
    const step = (port: number) => `{ send: { host: peer, port: ${port}, timeout: 0.1 }, expect: verdict == open }`;
    const { tests } = await scene.run(`tests:\n  - name: one\n    steps: [${[OPEN, CLOSED, SILENT].map(step).join(', ')}]\n`);
    expect(tests[0]?.failures).toMatchObject([{ step: 2, field: 'verdict' }]);
    expect(scene.syns).toEqual([OPEN, CLOSED]);
  });
});

describe('ends', () => {
  it('a test whose time is over', async () => {
    const text = `tests:\n  - { name: slow, timeout: 2, connect: { host: peer, port: ${SILENT}, timeout: 60 } }\n  - { name: next, send: { host: peer, port: ${OPEN}, timeout: 0.1 } }\n`;
    const { tests } = await new Scene().run(text);
    expect(outcomes(tests)).toEqual(['slow failed', 'next passed']);
    expect(tests[0]?.failures).toMatchObject([{ field: 'timeout', expected: '2 s', actual: 'still running' }]);
    // It had time to close what was open, and to tell of it.
    expect(tests[0]?.records?.[0]?.events.at(-1)).toMatchObject({ type: 'result', ended: 'interrupted' });
    expect(tests[0]?.durationMs).toBeLessThan(2100);
  });

  it('a script that waits for ever, with its test', async () => {
    const text = `tests:\n  - { name: waits, timeout: 3, script: { host: peer, port: ${SILENT}, deadline: 1000, text: "> S\\n* < S." } }\n`;
    const { tests, result } = await new Scene().run(text);
    expect(tests[0]).toMatchObject({ status: 'failed' });
    expect(result.durationMs).toBeLessThan(3100);
  });

  it('at once where a signal says so, with the results so far', async () => {
    const scene = new Scene();
    const controller = new AbortController();
    scene.clock.setTimer(250_000, () => controller.abort());
    const { tests, result } = await scene.run(plan({ a: [OPEN], b: [OPEN], c: [OPEN], d: [OPEN] }), {}, { signal: controller.signal });
    expect(outcomes(tests)).toEqual(['a passed', 'b passed']);
    expect(result).toMatchObject({ passed: 2, notRun: 2, ended: 'interrupted' });
  });

  it('no further where nobody wants the rest: what is under way is reset', async () => {
    const scene = new Scene();
    const tests = [OPEN, SILENT, SILENT].map((port, i) => `  - { name: t${i}, connect: { host: peer, port: ${port}, timeout: 30 } }\n`);
    const plans = readPlans([{ file: 'plan.yaml', text: `tests:\n${tests.join('')}` }], {
      ...{ vars: new Map(), allowCommands: false, env: {}, capabilities: new Set<string>() },
    });
    const leaveAtFirst = async () => {
      for await (const { type } of runPlans(plans, { ...RUN_DEFAULTS, jobs: 2 }, scene.context)) if (type === 'test') return;
    };
    await scene.clock.run(leaveAtFirst());
    const syns = scene.syns.length;
    await scene.clock.run(new Promise<void>((resolve) => void scene.clock.setTimer(scene.clock.nowUs() + 60e6, resolve)));
    expect(scene.syns).toHaveLength(syns);
    expect(scene.syns).toContain(SILENT);
  });

  it('with an error where no test can be run', async () => {
    const broken = new NetError('no-permission', 'open', 'a raw socket', 'not permitted');
    const resolve = async () => {
      throw broken;
    };
    await expect(new Scene().run(plan({ a: [OPEN] }), {}, { resolve })).rejects.toBe(broken);
  });
});

describe('commands', () => {
  const text = `setup: [up]\nteardown: [down]\n${plan({ a: [OPEN, 'setup: [one, two], teardown: [three]'], b: [OPEN] })}`;

  it('are run before and after, of the plan and of a test', async () => {
    const ran: string[] = [];
    const runCommand = async (command: string) => {
      ran.push(command);
      return { exitCode: 0, output: '' };
    };
    const { result } = await new Scene().run(text, {}, { runCommand });
    expect(ran).toEqual(['up', 'one', 'two', 'three', 'down']);
    expect(result.passed).toBe(2);
  });

  it('that never end are ended with the time of their test', async () => {
    const ran: string[] = [];
    const runCommand = (command: string, signal: AbortSignal) =>
      new Promise<{ exitCode: number; output: string }>((resolve) => {
        ran.push(command);
        signal.addEventListener('abort', () => resolve({ exitCode: 137, output: '' }));
        if (command !== 'hang') resolve({ exitCode: 0, output: '' });
      });
    const hanging = `teardown: hang\n${plan({ a: [OPEN, 'timeout: 2, teardown: hang'] })}`;
    const { tests, result } = await new Scene().run(hanging, {}, { runCommand });
    expect(ran).toEqual(['hang', 'hang']);
    expect(tests[0]?.failures).toMatchObject([{ field: 'teardown', actual: 'exit code 137' }]);
    expect(result.failures).toMatchObject([{ field: 'teardown', detail: 'hang' }]);
  });

  it('that fail fail what they are for, and what clears up is run all the same', async () => {
    const ran: string[] = [];
    const runCommand = async (command: string) => {
      ran.push(command);
      return command === 'one' ? { exitCode: 4, output: 'no such thing' } : { exitCode: 0, output: '' };
    };
    const { tests } = await new Scene().run(text, {}, { runCommand });
    expect(ran).toEqual(['up', 'one', 'three', 'down']);
    expect(outcomes(tests)).toEqual(['a failed', 'b passed']);
    expect(tests[0]?.failures).toMatchObject([
      { field: 'setup', expected: 'exit code 0', actual: 'exit code 4', detail: 'one: no such thing' },
    ]);
  });
});
