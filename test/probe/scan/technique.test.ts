/** Techniques against the tables of nmap's book, page by page. */
import { describe, expect, it } from 'vitest';
import {
  outcomeOf,
  outcomeOfIcmp,
  outcomeOfSilence,
  TECHNIQUES,
  type TechniqueName,
  techniqueOf,
} from '../../../src/probe/scan/technique.ts';
import { ICMP_RULES, RULES } from '../../../src/probe/verdict.ts';
import { ACK, CWR, ECE, FIN, PSH, RST, SYN } from '../../../src/wire/flags.ts';
import { icmpName } from '../../../src/wire/icmp.ts';

const NAMES = Object.keys(TECHNIQUES) as TechniqueName[];
const said = (name: TechniqueName, flags: number, window = 0) => {
  const { verdict, reason } = outcomeOf(TECHNIQUES[name], { flags, window });
  return `${verdict}, ${reason}`;
};
const silence = (name: TechniqueName) => {
  const { verdict, reason } = outcomeOfSilence(TECHNIQUES[name]);
  return `${verdict}, ${reason}`;
};

describe('the probe of a technique', () => {
  it.each([
    ['syn', SYN],
    ['ack', ACK],
    ['window', ACK],
    ['fin', FIN],
    ['null', 0],
    ['xmas', 0x29],
    ['maimon', FIN | ACK],
  ] as const)('%s', (name, flags) => {
    expect(TECHNIQUES[name].flags).toBe(flags);
  });
});

describe('what is said by', () => {
  it('synscan', () => {
    expect(said('syn', SYN | ACK, 65_535)).toBe('open, syn-ack');
    expect(said('syn', SYN | ACK | ECE)).toBe('open, syn-ack');
    expect(said('syn', RST | ACK)).toBe('closed, rst');
    expect(said('syn', RST | ACK, 1024)).toBe('closed, rst');
    expect(silence('syn')).toBe('filtered, no-response');
  });

  it('scan-methods-ack-scan', () => {
    expect(said('ack', RST)).toBe('unfiltered, rst');
    expect(said('ack', RST, 1024)).toBe('unfiltered, rst');
    expect(silence('ack')).toBe('filtered, no-response');
  });

  it('scan-methods-window-scan', () => {
    expect(said('window', RST, 1)).toBe('open, rst');
    expect(said('window', RST, 0)).toBe('closed, rst');
    expect(silence('window')).toBe('filtered, no-response');
  });

  it.each(['fin', 'null', 'xmas', 'maimon'] as const)('scan-methods-null-fin-xmas-scan, scan-methods-maimon-scan: %s', (name) => {
    expect(said(name, RST | ACK)).toBe('closed, rst');
    expect(said(name, RST, 512)).toBe('closed, rst');
    expect(silence(name)).toBe('open|filtered, no-response');
  });

  it('the ICMP errors that all of these pages name, and no other code of "unreachable"', () => {
    const settling = Array.from({ length: 16 }, (_, code) => code).filter((code) => outcomeOfIcmp(icmpName(3, code)) !== undefined);
    expect(settling).toEqual([0, 1, 2, 3, 9, 10, 13]);
    expect(outcomeOfIcmp('host-unreachable')).toEqual({ verdict: 'filtered', reason: 'icmp-host-unreachable' });
    expect(outcomeOfIcmp(icmpName(11, 0))).toEqual({ verdict: 'filtered', reason: 'icmp-ttl-exceeded' });
    for (const name of [icmpName(11, 1), icmpName(12, 0), 'constructor']) expect(outcomeOfIcmp(name)).toBeUndefined();
  });
});

describe('flags of one’s own', () => {
  it('are read by what they ask', () => {
    expect(techniqueOf(SYN | ECE | CWR)).toEqual({ flags: SYN | ECE | CWR, kind: 'syn' });
    expect(techniqueOf(PSH | ACK).kind).toBe('ack');
    expect(techniqueOf(SYN | FIN).kind).toBe('other');
  });

  it('are read as the technique that has them, but for the two that read more into an ACK', () => {
    const read = NAMES.filter((name) => techniqueOf(TECHNIQUES[name].flags).kind === TECHNIQUES[name].kind);
    expect(read).toEqual(['syn', 'ack', 'fin', 'null', 'xmas']);
  });
});

it('each rule says where it comes from', () => {
  const rules = [...Object.values(RULES).flatMap((row) => Object.values(row)), ...Object.values(ICMP_RULES)];
  expect(rules.filter(({ source }) => !/RFC \d+|nmap \w|^no rule has it$/.test(source))).toEqual([]);
});
