import { expect, it } from 'vitest';
import type { Outcome } from '../../src/probe/events.ts';
import { answerOutcome, isFinalIcmp, probeKind, saysMore, verdictExitCode, verdictOf } from '../../src/probe/verdict.ts';
import { ACK, FIN, PSH, RST, SYN, URG } from '../../src/wire/flags.ts';

it('of two outcomes one says more, whichever came first', () => {
  const silence: Outcome = { verdict: 'filtered', reason: 'no-response' };
  const refused: Outcome = { verdict: 'filtered', reason: 'icmp-admin-prohibited' };
  const closed: Outcome = { verdict: 'closed', reason: 'rst' };
  const open: Outcome = { verdict: 'open', reason: 'syn-ack' };
  const fromLeast = [silence, refused, closed, open];
  for (const [i, less] of fromLeast.entries()) {
    for (const more of fromLeast.slice(i)) expect([saysMore(less, more), saysMore(more, less)]).toEqual([more, more]);
  }
});

/** RFC 9293 §3.10.7, and the words of nmap's book. */
it.each<[string, number, number, Outcome]>([
  ['SYN, SYN+ACK', SYN, SYN | ACK, { verdict: 'open', reason: 'syn-ack' }],
  ['SYN, SYN: a simultaneous open', SYN, SYN, { verdict: 'open', reason: 'syn' }],
  ['SYN, RST', SYN, RST | ACK, { verdict: 'closed', reason: 'rst' }],
  ['SYN, a challenge ACK', SYN, ACK, { verdict: 'unfiltered', reason: 'ack' }],
  ['SYN, FIN', SYN, FIN, { verdict: 'unfiltered', reason: 'answer' }],
  ['ACK, RST', ACK, RST, { verdict: 'unfiltered', reason: 'rst' }],
  ['SYN+ACK, RST', SYN | ACK, RST, { verdict: 'unfiltered', reason: 'rst' }],
  ['FIN, RST', FIN, RST | ACK, { verdict: 'closed', reason: 'rst' }],
  ['SYN+FIN, SYN+ACK', SYN | FIN, SYN | ACK, { verdict: 'open', reason: 'syn-ack' }],
  ['RST+ACK, ACK', RST | ACK, ACK, { verdict: 'unfiltered', reason: 'ack' }],
])('an answer is read by the flags of what it answers: %s', (_what, asked, answered, outcome) => {
  expect(answerOutcome(asked, answered)).toEqual(outcome);
});

it('silence means what it means to the probe', () => {
  const silence = (flags: number) => verdictOf(probeKind(flags), 'none');
  expect([SYN, SYN | PSH, ACK, SYN | ACK, FIN | ACK].map(silence)).toEqual(Array(5).fill('filtered'));
  expect([0, FIN, FIN | PSH | URG, SYN | FIN, RST, RST | ACK].map(silence)).toEqual(Array(6).fill('open|filtered'));
});

it('only a RST with a window betrays a listener to a window probe', () => {
  expect(verdictOf('window', 'rst-window')).toBe('open');
  expect(verdictOf('window', 'rst')).toBe('closed');
  expect(verdictOf('ack', 'rst-window')).toBe('unfiltered');
});

it('an ICMP error settles a probe where nothing else will come', () => {
  expect(['admin-prohibited', 'port-unreachable', 'ttl-exceeded'].every(isFinalIcmp)).toBe(true);
  expect(['fragmentation-needed', 'reassembly-time-exceeded', 'toString'].some(isFinalIcmp)).toBe(false);
});

it('a verdict has its exit code', () => {
  expect((['open', 'unfiltered', 'closed', 'filtered', 'open|filtered'] as const).map(verdictExitCode)).toEqual([0, 0, 1, 2, 2]);
});
