/** What `replay` tells. */
import type { IcmpEvent, NoteEvent, SegmentEvent, StartEvent } from './common.ts';
import type { ConnectResult, StateEvent } from './connect.ts';

/** Of which conversation of the capture: the first is 1. `sent` is the direction of who began it, and so is all that is "ours". */
export interface OfConversation {
  conversation: number;
}

/** How a conversation went, told as a connect of who began it. */
export interface ConversationResult extends Omit<ConnectResult, 'iss'>, OfConversation {
  /** Undefined where the capture does not have that SYN. */
  iss: number | undefined;
  /** From the SYN to the ACK of the SYN+ACK: a round trip wherever the capture was taken; undefined where one of them was sent again. */
  handshakeUs: number | undefined;
  /** From its first segment to its last. */
  durationUs: number;
  segments: { sent: number; received: number };
  /** What the peer sent again. */
  peerRetransmissions: number;
  /** Payload bytes that were acknowledged and are not in the capture. */
  missingBytes: number;
  /** The capture does not have its first SYN. */
  beginsMidway: boolean;
}

/** What a packet holds that is passed over. */
export type PassedOver = 'ipv6' | 'other-protocol' | 'fragment' | 'icmp' | 'link-type' | 'unreadable' | 'copy';

/** The last event of `replay`. */
export interface ReplayResult {
  type: 'result';
  /** Undefined where the file is of neither kind. */
  format: 'pcap' | 'pcapng' | undefined;
  packets: number;
  conversations: number;
  /** Packets that belong to no conversation, by what they are; `copy`: the capture has it twice, leaving and arriving. */
  passedOver: Partial<Record<PassedOver, number>>;
  /** Packets that the capturing system says it lost; undefined where it says nothing. */
  dropped: number | undefined;
  /** Where in the file and why reading stopped, where it did. */
  stopped: { protocol: string; offset: number; reason: string } | undefined;
}

type ConversationStep = StartEvent | SegmentEvent | StateEvent | IcmpEvent | NoteEvent;

/** What is told of one conversation, its result last. */
export type ConversationEvent = (ConversationStep & OfConversation) | ConversationResult;

/** All that `replay` tells: conversations side by side, and the result of all last. */
export type ReplayEvent = ConversationEvent | ReplayResult;
