/** What is kept of one distance, and what of it is news. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/net/random.ts';
import type { Change } from '../../../src/probe/events.ts';
import { firstSeen, Hop, type Try } from '../../../src/probe/trace/hop.ts';
import type { Finding, Probe } from '../../../src/probe/trace/prober.ts';
import type { IcmpExtension } from '../../../src/wire/icmp.ts';
import { ipv4Header } from '../../../src/wire/ipv4.ts';
import { hex } from '../../wire/vectors/vector.ts';

describe('a change', () => {
  const change = (fields: Partial<Change>): Change => ({
    field: 'mss',
    how: 'changed',
    sent: '1460',
    seen: '1380',
    shownBy: 'quote',
    ...fields,
  });
  const showing = (...changes: Change[]): Hop => Object.defineProperty(new Hop(1, seededRandom(1)), 'changes', { value: changes });

  it.each<[string, Change, Change, boolean]>([
    ['that a nearer hop has shown is no news', change({}), change({}), false],
    ['to something else is', change({}), change({ seen: '1200' }), true],
    ['of another field is', change({}), change({ field: 'window' }), true],
    ['of a number that every probe has another of is none', change({ field: 'seq' }), change({ field: 'seq', seen: '7' }), false],
    [
      'that the destination leaves unanswered is none where a quote has shown what became of it',
      change({ how: 'removed', seen: undefined }),
      change({ how: 'unanswered', seen: undefined, shownBy: 'answer' }),
      false,
    ],
    [
      'that the destination leaves unanswered is, where no quote has shown it',
      change({ field: 'window' }),
      change({ how: 'unanswered', seen: undefined, shownBy: 'answer' }),
      true,
    ],
  ])('%s', (_what, nearer, further, isNews) => {
    expect(firstSeen(showing(further), [showing(nearer)])).toEqual(isNews ? [further] : []);
  });
});

describe('a hop', () => {
  const hop = () => new Hop(1, seededRandom(1));
  const hears = (one: Hop, from: number, extensions: IcmpExtension[] = []) => {
    const probe = { datagram: new Uint8Array(40) } as Probe;
    one.leaves(probe, 1);
    const icmp = {
      type: 'icmp',
      probe,
      from,
      round: undefined,
      error: { name: 'ttl-exceeded', extensions },
      ip: ipv4Header({ source: from, destination: 9 }),
    };
    one.hearsIcmp(one.find(probe) as Try, icmp as unknown as Extract<Finding, { type: 'icmp' }>);
  };

  it('keeps what a router has said of itself (RFC 4884) though its next answer says nothing', () => {
    const one = hop();
    hears(one, 1, [{ class: 1, type: 1, data: hex('03e84140') }]);
    hears(one, 1);
    expect(one.extensions?.mpls).toMatchObject([{ label: 16_004 }]);
  });

  it('has the address of who answered most, and of as many the first', () => {
    const one = hop();
    for (const from of [7, 8, 8, 7]) hears(one, from);
    expect(one.address).toBe(7);
    hears(one, 8);
    expect(one.address).toBe(8);
  });
});
