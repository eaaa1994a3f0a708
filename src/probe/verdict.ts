/** From an answer, or the lack of one, to nmap's verdict: one table for every probe. */
import { ACK, FIN, RST, SYN } from '../wire/flags.ts';
import type { Outcome, Verdict } from './events.ts';

/**
 * What a probe is read as: what an answer means depends on that. Its flags tell (probeKind), but for `window`, which is an
 * ACK probe to hosts whose RSTs betray by their window whether somebody listens.
 */
export type ProbeKind = 'syn' | 'ack' | 'window' | 'other';

/** What came back. `rst-window`: a RST with a window; only `window` probes tell it from `rst`. */
export type AnswerKind = 'syn-ack' | 'syn' | 'rst' | 'rst-window' | 'ack' | 'other' | 'none';

/**
 * `syn`: asks for a connection. `ack`: claims to belong to one. `other`: neither (FIN, NULL, Xmas), or what listeners
 * may drop in silence though it asks for one (SYN with FIN; Linux does).
 */
export function probeKind(flags: number): Exclude<ProbeKind, 'window'> {
  if (flags & RST) return 'other';
  if (flags & ACK) return 'ack';
  return (flags & (SYN | FIN)) === SYN ? 'syn' : 'other';
}

export function answerKind(flags: number): Exclude<AnswerKind, 'rst-window' | 'none'> {
  if (flags & RST) return 'rst';
  if (flags & SYN) return flags & ACK ? 'syn-ack' : 'syn';
  return flags & ACK ? 'ack' : 'other';
}

/** A row of the table. */
export interface Rule {
  verdict: Verdict;
  /** Sections of RFCs, and pages of nmap's book (nmap.org/book/NAME.html). */
  source: string;
}

const rule = (verdict: Verdict, source: string): Rule => ({ verdict, source });

/** They differ in what RST and silence mean. Anything else says at least that segments pass. */
export const RULES: Readonly<Record<ProbeKind, Readonly<Record<AnswerKind, Rule>>>> = {
  syn: {
    'syn-ack': rule('open', 'RFC 9293 §3.10.7.2; nmap synscan'),
    syn: rule('open', 'RFC 9293 §3.5, simultaneous open; nmap synscan'),
    rst: rule('closed', 'RFC 9293 §3.10.7.1; nmap synscan'),
    'rst-window': rule('closed', 'RFC 9293 §3.10.7.1; nmap synscan'),
    ack: rule(
      'unfiltered',
      'RFC 5961 §4: it challenges our SYN, for there is a connection between these ports; nothing is said of a listener',
    ),
    other: rule('unfiltered', 'no rule has it'),
    none: rule('filtered', 'nmap synscan'),
  },
  ack: {
    'syn-ack': rule('unfiltered', 'no rule has it'),
    syn: rule('unfiltered', 'no rule has it'),
    rst: rule('unfiltered', 'RFC 9293 §3.10.7.1, §3.10.7.2: listeners send it and closed ports; nmap scan-methods-ack-scan'),
    'rst-window': rule('unfiltered', 'RFC 9293 §3.10.7.1, §3.10.7.2: listeners send it and closed ports; nmap scan-methods-ack-scan'),
    ack: rule('unfiltered', 'RFC 9293 §3.10.7.4: there is a connection between these ports'),
    other: rule('unfiltered', 'no rule has it'),
    none: rule('filtered', 'nmap scan-methods-ack-scan'),
  },
  window: {
    'syn-ack': rule('unfiltered', 'no rule has it'),
    syn: rule('unfiltered', 'no rule has it'),
    rst: rule('closed', 'nmap scan-methods-window-scan'),
    'rst-window': rule('open', 'nmap scan-methods-window-scan'),
    ack: rule('unfiltered', 'RFC 9293 §3.10.7.4: there is a connection between these ports'),
    other: rule('unfiltered', 'no rule has it'),
    none: rule('filtered', 'nmap scan-methods-window-scan'),
  },
  other: {
    'syn-ack': rule('open', 'RFC 9293 §3.10.7.2: to a SYN with other flags beside it'),
    syn: rule('open', 'RFC 9293 §3.5, simultaneous open: to a SYN with other flags beside it'),
    rst: rule('closed', 'RFC 9293 §3.10.7.1; nmap scan-methods-null-fin-xmas-scan, scan-methods-maimon-scan'),
    'rst-window': rule('closed', 'RFC 9293 §3.10.7.1; nmap scan-methods-null-fin-xmas-scan, scan-methods-maimon-scan'),
    ack: rule('unfiltered', 'RFC 9293 §3.10.7.4: there is a connection between these ports'),
    other: rule('unfiltered', 'no rule has it'),
    none: rule('open|filtered', 'RFC 9293 §3.10.7.2: listeners drop it; nmap scan-methods-null-fin-xmas-scan, scan-methods-maimon-scan'),
  },
};

export const verdictOf = (probe: ProbeKind, answer: AnswerKind): Verdict => RULES[probe][answer].verdict;

/** What an answer says of the port, by the flags of the probe and its own. */
export function answerOutcome(asked: number, answered: number): Outcome {
  const kind = answerKind(answered);
  return { verdict: verdictOf(probeKind(asked), kind), reason: kind === 'other' ? 'answer' : kind };
}

const FIREWALL = 'RFC 1812 §5.2.7.1: a filter sends it';
const NO_WAY = 'RFC 1812 §5.2.7.1: there is no way there';

/**
 * ICMP errors that settle a probe of any kind as filtered: nothing else will come. Of "unreachable" they are those that
 * nmap's book has (codes 0, 1, 2, 3, 9, 10, 13). After any other error an answer may still come to this probe or the next.
 */
export const ICMP_RULES: Readonly<Record<string, Rule>> = {
  'net-unreachable': rule('filtered', `${NO_WAY}; nmap synscan`),
  'host-unreachable': rule('filtered', `${NO_WAY}; nmap synscan`),
  'protocol-unreachable': rule('filtered', 'RFC 1122 §3.2.2.1: a host without TCP, or what poses as one; nmap synscan'),
  'port-unreachable': rule('filtered', 'RFC 1122 §3.2.2.1: TCP answers RST instead, so it is a filter that rejects; nmap synscan'),
  'net-prohibited': rule('filtered', `${FIREWALL}; nmap synscan`),
  'host-prohibited': rule('filtered', `${FIREWALL}; nmap synscan`),
  'admin-prohibited': rule('filtered', `${FIREWALL}; nmap synscan`),
  'ttl-exceeded': rule('filtered', 'RFC 792: it went round in a loop, or its TTL was too low'),
};

/** True where an ICMP error settles a probe at once. @param name as readIcmpError has it */
export const isFinalIcmp = (name: string): boolean => Object.hasOwn(ICMP_RULES, name);

/** From the one that says most to the one that says least. */
const BEST_FIRST: readonly Verdict[] = ['open', 'unfiltered', 'closed', 'open|filtered', 'filtered'];

/** Of two outcomes the one that says more; the first where they say the same. Of one verdict, any answer says more than silence. */
export function saysMore<T extends Outcome>(a: T, b: T): T {
  if (a.verdict === b.verdict) return a.reason === 'no-response' ? b : a;
  return BEST_FIRST.indexOf(b.verdict) < BEST_FIRST.indexOf(a.verdict) ? b : a;
}

/** 0 for yes (open, unfiltered), 1 for no, 2 where nothing sure came back. */
export function verdictExitCode(verdict: Verdict): 0 | 1 | 2 {
  if (verdict === 'open' || verdict === 'unfiltered') return 0;
  return verdict === 'closed' ? 1 : 2;
}
