/** What the endpoint wants done, in order, and what it has to tell. */
import type { TcpSegment } from '../wire/tcp.ts';
import type { State } from './state.ts';

/** What is remarkable about a segment that arrived. Where there is none, it did just what it should. */
export type ArrivalNote =
  /** Nothing in it that had not arrived before. */
  | 'duplicate'
  /** Kept until what comes before it arrives. */
  | 'out-of-order'
  /** Outside the receive window (RFC 9293 §3.4). */
  | 'out-of-window'
  /** It acknowledges what was never sent, or long past (RFC 9293 §3.10.7.3, RFC 5961 §5). */
  | 'bad-ack'
  /** A RST whose numbers don't show that it is the peer's (RFC 5961 §3). */
  | 'bad-rst'
  /** Its timestamp is older than the last one (PAWS, RFC 7323 §5). */
  | 'old-timestamp'
  /** Timestamps were agreed and it has none (RFC 7323 §3.2). */
  | 'no-timestamp'
  /** Without ACK, where every segment must have it. */
  | 'no-ack'
  /** An acknowledgment of our SYN without a SYN of its own. */
  | 'no-syn'
  /** A SYN in a connection that has its SYN already (RFC 5961 §4). */
  | 'unexpected-syn'
  /** An option of illegal length in it; the rest of the segment counts. */
  | 'malformed-options'
  /** Kept back until our own FIN was out, so that the two cross. */
  | 'held'
  /** From a connection between the same ports that the peer still remembers. */
  | 'old-connection'
  /** After the connection was over. */
  | 'late';

/** Why a segment is sent that is not simply the next one. */
export type SendNote = 'retransmission' | 'challenge-ack' | 'window-probe';

/** How a connection came to its end. */
export type EndReason =
  /** Both FINs acknowledged, or the user let go before there was a connection. */
  | 'closed'
  /** A RST instead of a SYN+ACK. */
  | 'refused'
  /** A RST in a connection. */
  | 'reset'
  /** We sent a RST because the user asked for it. */
  | 'aborted'
  /** The peer did not acknowledge for the user timeout (RFC 9293 §3.8.3). */
  | 'timeout';

export type Action =
  | { type: 'state'; from: State; to: State; cause: string }
  /** `state`: ours once it is out; a change of it that the sending makes follows. `transmission`: 1 for the first time. */
  | { type: 'send'; segment: TcpSegment; state: State; note: SendNote | undefined; transmission: number }
  /** The next bytes of the peer's stream. */
  | { type: 'deliver'; payload: Uint8Array }
  /** The peer acknowledged this many more payload bytes of ours. */
  | { type: 'acked'; bytes: number }
  /** About the segment that arrived. */
  | { type: 'note'; note: ArrivalNote }
  /** A round trip that is beyond doubt (Karn; or told by the timestamp echoed): `transmission` of the segment was answered. */
  | { type: 'rtt'; rttUs: number; of: 'syn' | 'data' | 'fin'; transmission: number }
  /** The peer's urgent data end before this sequence number. */
  | { type: 'urgent'; pointer: number }
  /** The peer's window closed or opened again. */
  | { type: 'window'; closed: boolean }
  | { type: 'end'; reason: EndReason };
