import { describe, expect, it } from 'vitest';
import type { CheckEvent, DoctorEvent, DoctorResult } from '../../src/probe/events.ts';
import { createDoctorReporter } from '../../src/report/doctor.ts';

const check = (fields: Partial<CheckEvent>): CheckEvent => ({
  type: 'check',
  name: 'guard',
  ok: true,
  fatal: false,
  detail: 'connected and closed in 1.0 ms',
  remedy: undefined,
  ...fields,
});

const result = (fields: Partial<DoctorResult> = {}): DoctorResult => ({
  type: 'result',
  checks: 15,
  failed: [],
  verdict: 'open',
  reason: 'syn-ack',
  completed: true,
  error: undefined,
  ...fields,
});

function shown(events: readonly DoctorEvent[], { quiet = false, width = 80, colour = false } = {}): string {
  let text = '';
  const reporter = createDoctorReporter({ write: (part) => (text += part), colour, ascii: true, width, quiet });
  for (const event of events) reporter.event(event);
  return text;
}

describe('a line a check', () => {
  it('that works', () => expect(shown([check({})])).toBe('works   guard           connected and closed in 1.0 ms\n'));

  it('that fails, with a command to paste, whole however long', () => {
    const remedy = `sudo sysctl -w net.ipv4.ip_local_port_range="32768 60999" # ${'x'.repeat(80)}`;
    expect(shown([check({ ok: false, fatal: true, detail: 'CAP_NET_RAW is missing', remedy })])).toBe(
      `fails   guard           CAP_NET_RAW is missing\n                        $ ${remedy}\n`,
    );
  });

  it('that connect can do without', () =>
    expect(shown([check({ name: 'receive-buffer', ok: false, detail: '8 MiB of the 16 MiB asked for' })])).toBe(
      'note    receive-buffer  8 MiB of the 16 MiB asked for\n',
    ));

  it('in more lines where the terminal is narrow', () => {
    for (const line of shown([check({ detail: 'one two three four five six seven eight nine ten eleven twelve' })], { width: 50 }).split(
      '\n',
    ))
      expect(line.length).toBeLessThanOrEqual(50);
  });

  it('coloured on a terminal', () => expect(shown([check({})], { colour: true })).toContain('\x1b[1;32mworks'));

  it('never raw', () => expect(shown([check({ detail: 'a\x1b[2Jb', remedy: 'c\x07d' })])).toMatch(/^[\x20-\x7e\n]*$/));
});

describe('the conclusion', () => {
  it.each<[string, Partial<DoctorResult>, string]>([
    ['all is well', {}, 'rawshake works here\n'],
    ['with notes', { failed: ['receive-buffer', 'firewall'] }, 'rawshake works here, with a note on receive-buffer, firewall\n'],
    ['filtered', { verdict: 'filtered', completed: false }, 'rawshake does not work here\n'],
    ['not closed', { completed: false }, 'rawshake does not work here\n'],
    ['not tried', { verdict: undefined, reason: undefined, completed: false }, 'rawshake does not work here\n'],
  ])('%s', (_name, fields, line) => {
    expect(shown([check({}), result(fields)], { quiet: true })).toBe(line);
    expect(shown([result(fields)])).toBe(`\n${line}`);
  });
});
