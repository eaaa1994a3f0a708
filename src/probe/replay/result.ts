/** The last event of a conversation. */
import { closeReport, dataReport } from '../connection-report.ts';
import type { CloseKind, ConversationResult, Outcome } from '../events.ts';
import type { Conversation } from './conversation.ts';

export function conversationResult(conversation: Conversation): ConversationResult {
  const { ours, theirs, record, number } = conversation;
  const close = closeReport(closeKind(conversation), record);
  record.sentBytes = ours.bytes;
  record.ackedBytes = ours.ackedBytes;
  record.receivedBytes = theirs.bytes;
  const data = dataReport(record);
  // Without our first data there must be a handshake to count from.
  const isAnswerTimed = record.firstDataSent !== undefined || !conversation.beginsMidway;
  const isOpen = record.established !== undefined;
  return {
    type: 'result',
    conversation: number,
    ...outcomeOf(conversation),
    rttUs: record.rtt?.us,
    rttClock: record.rtt?.clock,
    handshakeUs: conversation.handshakeUs,
    evidence: !isOpen ? undefined : ours.ackedBytes > 0 ? 'data-acknowledged' : ours.finAcked ? 'fin-acknowledged' : 'syn-ack',
    iss: ours.isn,
    irs: record.irs,
    peer: record.peer,
    retransmissions: record.retransmissions,
    peerRetransmissions: theirs.retransmissions,
    ignored: record.ignored,
    data: isAnswerTimed ? data : { ...data, firstByteUs: undefined },
    close,
    states: [...record.states],
    ended: record.end === 'reset' ? 'reset-by-peer' : undefined,
    durationUs: conversation.lastAtUs,
    segments: { sent: ours.segments, received: theirs.segments },
    missingBytes: ours.missingBytes + theirs.missingBytes,
    beginsMidway: conversation.beginsMidway,
    kernelDrops: 0,
    error: undefined,
  };
}

function outcomeOf({ record, beginsMidway, peerHasSpoken }: Conversation): Outcome {
  const isMidway = beginsMidway && record.irs === undefined;
  if (isMidway && peerHasSpoken) return { verdict: 'open', reason: 'ack' };
  if (!isMidway && record.established !== undefined) return { verdict: 'open', reason: 'syn-ack' };
  if (record.end === 'refused' || record.end === 'reset') return { verdict: 'closed', reason: 'rst' };
  return { verdict: 'filtered', reason: record.icmp === undefined ? 'no-response' : `icmp-${record.icmp}` };
}

/** Of the ways in which one may ask for a close, the one that it looks like. */
function closeKind({ record, receivedAfterFin }: Conversation): CloseKind {
  if (record.end === 'aborted' || record.end === 'reset') return 'reset';
  if (record.states.includes('CLOSING')) return 'simultaneous';
  if (record.initiator === 'peer') return 'passive';
  if (record.initiator === 'local') return receivedAfterFin > 0 ? 'half' : 'active';
  return 'none';
}
