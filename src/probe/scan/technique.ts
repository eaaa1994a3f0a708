/** How ports are probed, and what an answer says by it: nmap's techniques, read by the one table of verdict.ts. */
import { ACK, FIN, PSH, SYN, URG } from '../../wire/flags.ts';
import type { TcpSegment } from '../../wire/tcp.ts';
import type { Outcome } from '../events.ts';
import { answerKind, isFinalIcmp, type ProbeKind, probeKind, verdictOf } from '../verdict.ts';

export interface Technique {
  /** Of each probe, see wire/flags.ts. */
  readonly flags: number;
  /** How its answers are read. */
  readonly kind: ProbeKind;
}

/**
 * By nmap's names, as its book describes them (nmap.org/book/NAME.html): `synscan`, `scan-methods-ack-scan`,
 * `scan-methods-window-scan`, `scan-methods-null-fin-xmas-scan`, `scan-methods-maimon-scan`.
 *
 * Maimon's probe has ACK, to which by RFC 9293 §3.10.7.2 a listener too would send RST: it is for the hosts (BSD's) whose
 * listeners do not.
 */
export const TECHNIQUES = {
  syn: { flags: SYN, kind: 'syn' },
  ack: { flags: ACK, kind: 'ack' },
  window: { flags: ACK, kind: 'window' },
  fin: { flags: FIN, kind: 'other' },
  null: { flags: 0, kind: 'other' },
  xmas: { flags: FIN | PSH | URG, kind: 'other' },
  maimon: { flags: FIN | ACK, kind: 'other' },
} as const satisfies Readonly<Record<string, Technique>>;

export type TechniqueName = keyof typeof TECHNIQUES;

/** The technique of flags that a user chose. */
export const techniqueOf = (flags: number): Technique => ({ flags, kind: probeKind(flags) });

/** What a segment that answers a probe (cookie.ts) says of its port. */
export function outcomeOf({ kind }: Technique, { flags, window }: Pick<TcpSegment, 'flags' | 'window'>): Outcome {
  const answer = answerKind(flags);
  const verdict = verdictOf(kind, answer === 'rst' && window > 0 ? 'rst-window' : answer);
  return { verdict, reason: answer === 'other' ? 'answer' : answer };
}

/** What silence says, after as many attempts as are needed to believe it. */
export const outcomeOfSilence = ({ kind }: Technique): Outcome => ({ verdict: verdictOf(kind, 'none'), reason: 'no-response' });

/** What an ICMP error about a probe says; undefined where it settles nothing. @param name as readIcmpError has it */
export const outcomeOfIcmp = (name: string): Outcome | undefined =>
  isFinalIcmp(name) ? { verdict: 'filtered', reason: `icmp-${name}` } : undefined;
