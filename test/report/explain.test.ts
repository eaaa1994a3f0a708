/** The explanation says what is true of the step at hand, once. Whole conversations: pictures/. */
import { describe, expect, test } from 'vitest';
import type { ConnectEvent } from '../../src/probe/events.ts';
import { Explainer } from '../../src/report/explain.ts';
import { createStyle } from '../../src/report/style.ts';
import { active, change, closedPort, handshake, IRS, ISS, icmp, passive, received, result, sent, start, text } from './conversations.ts';

/** What is said of the last of the events. */
function explain(events: readonly ConnectEvent[], absolute = false): string | undefined {
  const explainer = new Explainer({ style: createStyle({ colour: false, ascii: true, width: 80 }), absolute });
  let said: string | undefined;
  for (const event of events) said = explainer.event(event);
  return said;
}

describe('numbers', () => {
  test('ISNs are told as they are, the rest as in the rows', () => {
    expect(explain(handshake().slice(0, 2))).toContain(`our ISN, ${ISS};`);
    expect(explain(handshake().slice(0, 3))).toContain(`its own ISN, ${IRS}; its ACK of 1 is`);
    expect(explain(handshake().slice(0, 3), true)).toContain(`its ACK of ${ISS + 1} is`);
  });

  test('the wrap at 2^32 is crossed', () => {
    const payload = new Uint8Array(20);
    expect(explain([...handshake(), sent(1, 'ACK', 1, 1, 'ESTABLISHED', { payload })], true)).toContain('numbers 4294967281 to 4.');
  });

  test('one byte', () => {
    expect(explain([...handshake(), sent(1, 'ACK', 1, 1, 'ESTABLISHED', { payload: text('x') })])).toBe('We send 1 byte, number 1.');
  });
});

test('what was said once is not said again', () => {
  const payload = text('more');
  const events = active().slice(0, 9);
  expect(explain([...events, sent(2000, 'PSH+ACK', 19, 63, 'ESTABLISHED', { payload })])).toBeUndefined();
  expect(explain([...events, received(2000, 'PSH+ACK', 63, 19, 'ESTABLISHED', { payload })])).toBeUndefined();
});

test('data and FIN in one segment are both explained', () => {
  const said = explain([...handshake(), received(500, 'FIN+PSH+ACK', 1, 1, 'CLOSE-WAIT', { payload: text('bye') })]);
  expect(said).toContain('The peer sends 3 bytes, numbers 1 to 3.');
  expect(said).toContain('its FIN, number 4,');
});

describe('waits', () => {
  const syn = (atUs: number, transmission: number) =>
    sent(atUs, 'SYN', 0, undefined, 'SYN-SENT', transmission > 1 ? { note: 'retransmission', transmission } : {});

  test('are said to double where they do', () => {
    expect(explain([start(), syn(0, 1), syn(1_000_000, 2), syn(3_000_000, 3)])).toContain('twice the one before');
  });

  test('and not where they do not', () => {
    expect(explain([start(), syn(0, 1), syn(1_000_000, 2)])).not.toContain('twice');
    expect(explain([start(), syn(0, 1), syn(1_000_000, 2), syn(2_000_000, 3)])).toBe(
      'Still no answer after another 1.00 s, so we send the SYN again.',
    );
  });

  test('are not told of a segment that was not the last', () => {
    const events = [
      ...handshake(),
      sent(1, 'ACK', 1, 1, 'ESTABLISHED', { payload: text('one') }),
      sent(2, 'ACK', 4, 1, 'ESTABLISHED', { payload: text('two') }),
      sent(9000, 'ACK', 1, 1, 'ESTABLISHED', { payload: text('one'), note: 'retransmission', transmission: 2 }),
    ];
    expect(explain(events)).toBe('Sent again: as far as we can tell it was lost, or its ACK was.');
  });
});

describe('acknowledgments', () => {
  const data = sent(400, 'PSH+ACK', 1, 1, 'ESTABLISHED', { payload: text('data') });

  test('the same again is a duplicate only while something is on its way', () => {
    const again = [received(500, 'ACK', 1, 1, 'ESTABLISHED'), received(600, 'ACK', 1, 1, 'ESTABLISHED')];
    expect(explain([...handshake(), data, ...again])).toContain('The same ACK again');
    expect(explain([...handshake(), ...again])).toBeUndefined();
  });

  test('one of a closed window is none', () => {
    const closed = [received(500, 'ACK', 1, 1, 'ESTABLISHED', { window: 0 }), received(600, 'ACK', 1, 1, 'ESTABLISHED', { window: 0 })];
    expect(explain([...handshake(), data, ...closed])).toBeUndefined();
  });
});

test('what only we offer is not used', () => {
  const bare = received(300, 'SYN+ACK', 0, 1, 'ESTABLISHED', { options: [{ kind: 2, name: 'mss', mss: 1460 }] });
  expect(explain([...handshake().slice(0, 2), bare])).toContain('It does not offer sackOK, TS, wscale 7: so neither side uses that.');
});

test('the RST of a closed port is tied to our SYN only where its ACK says so', () => {
  const [first, syn] = closedPort();
  expect(explain([first, syn, received(1, 'RST+ACK', undefined, 1, 'CLOSED')] as ConnectEvent[])).toContain('our ISN plus one');
  expect(explain([first, syn, received(1, 'RST', undefined, undefined, 'CLOSED')] as ConnectEvent[])).not.toContain('ISN');
});

test('a FIN that came out of order is acknowledged later', () => {
  const events = [
    ...handshake(),
    received(500, 'FIN+ACK', 4, 1, 'ESTABLISHED', { note: 'out-of-order' }),
    received(600, 'ACK', 1, 1, 'CLOSE-WAIT', { payload: text('abc') }),
    sent(620, 'ACK', 1, 5, 'CLOSE-WAIT'),
  ];
  expect(explain(events)).toContain('We acknowledge the FIN: 5');
});

test('TIME-WAIT is left after as long as it was kept', () => {
  expect(explain(active().slice(0, -1))).toContain('after 2.00 s');
  expect(explain([change(1, 'SYN-SENT', 'CLOSED', 'x')])).toBeUndefined();
});

test.each([
  ['host-unreachable', '10.0.0.1', {}, 'Our own kernel'],
  ['host-unreachable', '10.0.0.254', {}, '10.0.0.254, on the way, says that it cannot reach that host.'],
  ['port-unreachable', '10.0.0.2', {}, 'The host itself says that the port cannot be reached.'],
  ['fragmentation-needed', '10.0.0.254', { nextHopMtu: 1400 }, '(DF): 1400 bytes at most.'],
  ['type-3-code-99', '10.0.0.254', {}, 'reports an error about our segment.'],
])('ICMP %s from %s', (name, from, fields, said) => {
  expect(explain([start(), icmp(1, 3, 0, name, from, fields)])).toContain(said);
});

describe('the story', () => {
  const closing = (kind: Parameters<typeof result>[0], fields: Parameters<typeof result>[1]) => explain([result(kind, fields)]);

  test('of an active close that the peer began', () => {
    const { states } = passive().at(-1) as ReturnType<typeof result>;
    expect(closing('active', { states })).toMatch(/^The peer began to close before we did/);
    expect(closing('passive', { states })).toMatch(/^A passive close: the peer began/);
  });

  test('of one that did not come to its end', () => {
    const close = { kind: 'active', initiator: 'local', completed: false, finalState: 'CLOSED', durationUs: 1 } as const;
    expect(closing('active', { close, ended: 'reset-by-peer' })).toBe('The close did not come to its end: the peer reset the connection.');
    expect(closing('active', { close })).toBe('The close did not come to its end.');
  });

  test('of a run that was interrupted before an answer', () => {
    expect(closing('active', { verdict: 'filtered', reason: 'interrupted' })).toContain('no verdict');
  });
});
