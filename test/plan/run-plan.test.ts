/** `runPlan`, as programs call it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { PlanError, type RunEvent, runExitCode, runPlan } from '../../src/index.ts';
import { CLOSED, OPEN, plan, Scene } from './scene.ts';

const directory = mkdtempSync(join(tmpdir(), 'rawshake-plan-'));
afterAll(() => rmSync(directory, { recursive: true }));

it('takes files and texts, values for variables and filters', async () => {
  const file = join(directory, 'a.yaml');
  writeFileSync(file, `vars: { port: ${CLOSED} }\n${plan({ '"${port} of a file"': [OPEN], other: [OPEN] })}`);
  const text = { file: 'b', text: plan({ 'of a text': [CLOSED] }) };
  const scene = new Scene();
  const events = runPlan([file, text], { vars: { port: '7' }, filters: ['/^\\d+ of/', 'TEXT'], ...scene.context });
  // What it loads takes time by another clock than the scene's.
  const all: RunEvent[] = [(await events.next()).value as RunEvent];
  const collect = async () => {
    for await (const event of events) all.push(event);
  };
  await scene.clock.run(collect());
  expect(
    all.map((event) => (event.type === 'test' ? `${event.plan === file ? 'a' : event.plan}: ${event.name} ${event.status}` : event.type)),
  ).toEqual(['start', 'a: 7 of a file passed', 'b: of a text failed', 'result']);
  const result = all.at(-1);
  expect(result?.type === 'result' && runExitCode(result)).toBe(3);
});

it('refuses plans that are wrong, and shell commands that nobody is to run', async () => {
  const refusal = async (text: string): Promise<unknown> =>
    runPlan({ file: 'p', text }, new Scene().context)
      .next()
      .catch((error) => error);
  expect(await refusal('tests: 1')).toBeInstanceOf(PlanError);
  expect(await refusal(`setup: reboot\n${plan({ a: [OPEN] })}`)).toMatchObject({
    name: 'PlanError',
    code: 'bad-data',
    problems: [{ file: 'p', line: 1, column: 8, message: 'setup runs shell commands' }],
  });
});
