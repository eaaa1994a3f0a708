/** The lines of `replay`: those of `connect`, each with its conversation, and a result of the whole capture. */
import type { ConnectResult, ConversationResult, PassedOver, ReplayResult } from '../events.ts';
import { type AnySchema, constant, counts, defined, extended, flag, integer, number, oneOf, optional, record, text } from './builder.ts';
import { ending, type Printed } from './common.ts';

const conversation = { conversation: integer };
const described = { conversation: 'Of which conversation of the capture: the first is 1.' };

type Added = Omit<ConversationResult, Exclude<keyof ConnectResult, 'iss'>>;

/** @param step a line of `connect` before its result @returns the same with its conversation */
export const ofConversation = (step: AnySchema): AnySchema =>
  defined(`${step.name}OfConversation`, extended(step, record<{ conversation: number }>(conversation, described)));

/** @param steps the lines before a conversation's result @param connection what `connect` tells of a connection */
export function replayLines(steps: readonly AnySchema[], connection: AnySchema): AnySchema[] {
  const conversationResult = defined(
    'conversationResult',
    extended(
      connection,
      record<Added>(
        {
          ...conversation,
          iss: optional(integer),
          handshakeUs: optional(number),
          durationUs: number,
          segments: record({ sent: integer, received: integer }),
          peerRetransmissions: integer,
          missingBytes: integer,
          beginsMidway: flag,
        },
        described,
        'ConversationResult',
      ),
    ),
  );
  const replayResult = defined(
    'replayResult',
    record<Printed<ReplayResult>>(
      {
        type: constant('result'),
        format: optional(oneOf<'pcap' | 'pcapng'>()('pcap', 'pcapng')),
        packets: integer,
        conversations: integer,
        passedOver: counts(oneOf<PassedOver>()('ipv6', 'other-protocol', 'fragment', 'icmp', 'link-type', 'unreadable', 'copy')),
        dropped: optional(integer),
        stopped: optional(record({ protocol: text, offset: integer, reason: text })),
        ...ending,
      },
      'ReplayResult',
    ),
  );
  return [...steps, conversationResult, replayResult];
}
