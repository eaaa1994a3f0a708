/** What became of single probes of a ping, written by hand. */
import type { LostEvent, ReplyEvent } from '../../src/probe/events.ts';

/** Who is pinged. */
export const B = '10.0.0.2';

export const reply = (sequence: number, rttUs: number, fields: Partial<ReplyEvent> = {}): ReplyEvent => ({
  type: 'reply',
  address: B,
  port: 80,
  sequence,
  verdict: 'open',
  reason: 'syn-ack',
  atUs: sequence * 1e6 + rttUs,
  rttUs,
  rttClock: 'kernel',
  flags: ['ACK', 'SYN'],
  ttl: 63,
  window: 65_160,
  sourcePort: 51_233 + sequence,
  note: undefined,
  connection: undefined,
  ...fields,
});

export const lost = (sequence: number, fields: Partial<LostEvent> = {}): LostEvent => ({
  type: 'lost',
  address: B,
  port: 80,
  sequence,
  verdict: 'filtered',
  reason: 'no-response',
  atUs: sequence * 1e6 + 1e6,
  sourcePort: 51_233 + sequence,
  from: undefined,
  rttUs: undefined,
  ...fields,
});
