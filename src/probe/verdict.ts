/** From an answer, or the lack of one, to nmap's verdict: one table for every probe. */
import { ACK, FIN, RST, SYN } from '../wire/flags.ts';
import type { Outcome, Verdict } from './events.ts';

/** What a probe's flags make of it: what an answer means depends on them. */
export type ProbeKind = 'syn' | 'ack' | 'other';

/** What came back. */
export type AnswerKind = 'syn-ack' | 'syn' | 'rst' | 'ack' | 'other' | 'none';

/**
 * `syn`: asks for a connection. `ack`: claims to belong to one. `other`: neither (FIN, NULL, Xmas), or what listeners
 * may drop in silence though it asks for one (SYN with FIN; Linux does).
 */
export function probeKind(flags: number): ProbeKind {
  if (flags & RST) return 'other';
  if (flags & ACK) return 'ack';
  return (flags & (SYN | FIN)) === SYN ? 'syn' : 'other';
}

export function answerKind(flags: number): Exclude<AnswerKind, 'none'> {
  if (flags & RST) return 'rst';
  if (flags & SYN) return flags & ACK ? 'syn-ack' : 'syn';
  return flags & ACK ? 'ack' : 'other';
}

/**
 * - A SYN: RFC 9293 §3.10.7.2 and §3.10.7.1. A SYN in answer is a simultaneous open; a bare ACK challenges our SYN
 *   (RFC 5961 §4): there is a connection between these ports, and nothing is said of a listener.
 * - An ACK: both a listener and a closed port answer RST, so it tells only that segments pass (nmap's ACK scan).
 * - Neither: a closed port answers RST, a listener drops it in silence (RFC 9293 §3.10.7.2; nmap's FIN, NULL, Xmas scans).
 */
const VERDICTS: Readonly<Record<ProbeKind, Readonly<Record<AnswerKind, Verdict>>>> = {
  syn: { 'syn-ack': 'open', syn: 'open', rst: 'closed', ack: 'unfiltered', other: 'unfiltered', none: 'filtered' },
  ack: { 'syn-ack': 'unfiltered', syn: 'unfiltered', rst: 'unfiltered', ack: 'unfiltered', other: 'unfiltered', none: 'filtered' },
  other: { 'syn-ack': 'open', syn: 'open', rst: 'closed', ack: 'unfiltered', other: 'unfiltered', none: 'open|filtered' },
};

export const verdictOf = (probe: ProbeKind, answer: AnswerKind): Verdict => VERDICTS[probe][answer];

/** From the one that says most to the one that says least. */
const BEST_FIRST: readonly Verdict[] = ['open', 'unfiltered', 'closed', 'open|filtered', 'filtered'];

/** Of two outcomes the one that says more; the first where they say the same. */
export const saysMore = <T extends Outcome>(a: T, b: T): T => (BEST_FIRST.indexOf(b.verdict) < BEST_FIRST.indexOf(a.verdict) ? b : a);

/** 0 for yes (open, unfiltered), 1 for no, 2 where nothing sure came back. */
export function verdictExitCode(verdict: Verdict): 0 | 1 | 2 {
  if (verdict === 'open' || verdict === 'unfiltered') return 0;
  return verdict === 'closed' ? 1 : 2;
}
