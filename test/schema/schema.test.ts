/** The published JSON Schema is made from src/probe/schema/, which the compiler holds to the types of the events. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/net/errors.ts';
import type { ConnectEvent, TraceEvent } from '../../src/probe/events.ts';
import { resultLine, toJson } from '../../src/report/json.ts';
import * as conversations from '../report/conversations.ts';
import { flows, hostile as hostileTrace, motley, open, rejected, silent, watched } from '../report/traces.ts';
import { options } from '../wire/arbitraries.ts';
import { outputSchema } from './document.ts';
import { namesDocument } from './names.ts';
import { misfit } from './validate.ts';

it('is what src/probe/schema/ says (after a change of it: npx vitest run test/schema --update)', async () => {
  await expect(`${JSON.stringify(outputSchema(), undefined, 2)}\n`).toMatchFileSnapshot('../../schema/rawshake.schema.json');
});

it('is where docs/expectations.md has its names from', async () => {
  const file = 'docs/expectations.md';
  const [prose] = readFileSync(file, 'utf8').split(MADE);
  await expect(`${prose}${MADE}\n\n${namesDocument()}`).toMatchFileSnapshot(`../../${file}`);
});

/** What is above it is written by hand. */
const MADE = '<!-- The rest is made by `npm run documents`. -->';

const { ORDINARY, hostile, received, result } = conversations;

const line = (event: ConnectEvent | TraceEvent): unknown => {
  const text = event.type === 'result' ? resultLine(event, 0) : toJson(event);
  return text === undefined ? undefined : JSON.parse(text);
};

describe('takes', () => {
  it.each(Object.entries({ ...ORDINARY, hostile }))('every line of the conversation %s', (_name, conversation) => {
    for (const event of conversation()) {
      const printed = line(event);
      if (printed !== undefined) expect(misfit(printed, 'connect')).toBe('');
    }
  });

  it.each(Object.entries({ open, rejected, silent, motley, flows, hostileTrace, watched: () => watched(3) }))(
    'every line of the trace %s',
    (_name, events) => {
      for (const event of events()) expect(misfit(line(event), 'trace')).toBe('');
    },
  );

  it('any TCP options', () => {
    fc.assert(
      fc.property(options, (all) => {
        expect(misfit(line(received(1, 'ACK', 1, 1, 'ESTABLISHED', { options: all })), 'connect')).toBe('');
      }),
    );
  });

  it('an error, with or without a result', () => {
    const error = new NetError('no-route', 'send', 'to 192.0.2.1', 'none', 'see `ip route`');
    expect(misfit(JSON.parse(resultLine(result('active', { error }), 69)), 'connect')).toBe('');
    for (const command of ['connect', 'send', 'ping', 'trace', 'scan', 'dry-run', 'decode', 'doctor', undefined] as const) {
      expect(misfit(JSON.parse(resultLine(undefined, 64, { code: 'usage', message: 'no', hint: undefined })), command)).toBe('');
    }
  });
});

describe('refuses', () => {
  const state = { type: 'state', from: 'CLOSED', to: 'SYN-SENT', atUs: 0, cause: 'open' };

  it.each<[string, object]>([
    ['a field that no line has', { ...state, more: 1 }],
    ['a word that the type has not', { ...state, to: 'OPEN' }],
    ['a number as text', { ...state, atUs: '0' }],
    ['a field that is missing', { type: 'state', from: 'CLOSED', to: 'SYN-SENT', cause: 'open' }],
    ['a kind of line that there is not', { ...state, type: 'verdict' }],
  ])('%s', (_name, wrong) => {
    expect(misfit(state)).toBe('');
    expect(misfit(wrong)).not.toBe('');
  });

  it("a line of another command's", () => {
    expect(misfit(state, 'connect')).toBe('');
    expect(misfit(state, 'doctor')).not.toBe('');
  });
});
