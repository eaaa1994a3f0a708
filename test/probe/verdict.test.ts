import { expect, it } from 'vitest';
import type { Outcome } from '../../src/probe/events.ts';
import { saysMore } from '../../src/probe/verdict.ts';

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
