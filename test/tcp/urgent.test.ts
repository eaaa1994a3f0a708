/** The urgent pointer: told, and its data delivered in line (RFC 6093). */
import { describe, expect, it } from 'vitest';
import { seqAdd } from '../../src/wire/seq.ts';
import { IRS } from '../support/tcp-script.ts';
import { inState } from '../support/tcp-states.ts';

const pointer = (relative: number) => ({ type: 'urgent', pointer: seqAdd(IRS, relative) });

describe('the urgent pointer', () => {
  it('is told, across the wrap, and the data come in line', () => {
    const t = inState('ESTABLISHED');
    t.gets('PU. 1:11(10) ack 1 urg 5');
    t.delivers(10);
    t.sends('. 1:1(0) ack 11');
    expect(t.told('urgent')).toEqual([pointer(6)]);
  });

  it('is told once for each advance', () => {
    const t = inState('ESTABLISHED');
    t.getsUnwatched('PU. 1:11(10) ack 1 urg 10');
    t.getsUnwatched('PU. 1:11(10) ack 1 urg 10');
    t.getsUnwatched('PU. 11:21(10) ack 1 urg 0');
    expect(t.told('urgent')).toEqual([pointer(11)]);
    t.getsUnwatched('PU. 21:31(10) ack 1 urg 10');
    t.getsUnwatched('PU. 31:41(10) ack 1 urg 5');
    expect(t.told('urgent')).toEqual([pointer(31), pointer(36)]);
  });

  it('may come without data, and point far ahead of them', () => {
    const t = inState('ESTABLISHED');
    t.gets('U. 1:1(0) ack 1 urg 60000');
    t.sendsNothing();
    expect(t.told('urgent')).toEqual([pointer(60_001)]);
  });

  it('is not read without the flag, nor after the FIN', () => {
    const t = inState('ESTABLISHED');
    t.getsUnwatched('P. 1:11(10) ack 1 urg 5');
    t.getsUnwatched('F. 11:11(0) ack 1');
    t.getsUnwatched('U. 12:12(0) ack 1 urg 5');
    expect(t.told('urgent')).toEqual([]);
  });

  it.each(['FIN-WAIT-1', 'FIN-WAIT-2'] as const)('is read in %s', (state) => {
    const t = inState(state);
    t.getsUnwatched(`PU. 1:11(10) ack ${t.sndUna} urg 5`);
    expect(t.told('urgent')).toEqual([pointer(6)]);
  });
});
