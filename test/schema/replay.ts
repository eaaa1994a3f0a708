/** The lines of `replay`: those of `connect`, each with its conversation, and a result of the whole capture. */
import type { ConnectResult, ConversationResult, PassedOver, ReplayResult } from '../../src/probe/events.ts';
import {
  type AnySchema,
  constant,
  counts,
  type Descriptions,
  defined,
  definitions,
  flag,
  integer,
  number,
  oneOf,
  optional,
  record,
  text,
} from './builder.ts';
import { comments, ending, type Printed } from './common.ts';

interface RecordJson {
  properties: object;
  required: string[];
}

/** A record that is defined already, with more fields, or others in the place of its own. */
function extended(name: string, as: string, more: AnySchema): AnySchema {
  const [base, own] = [definitions[name], more.json] as [RecordJson, RecordJson];
  const required = [...base.required.filter((field) => !(field in own.properties)), ...own.required];
  return defined(as, { json: { ...base, properties: { ...base.properties, ...own.properties }, required } });
}

const conversation = { conversation: integer };
const describe: Descriptions = { conversation: 'Of which conversation of the capture: the first is 1.' };

type Added = Omit<ConversationResult, Exclude<keyof ConnectResult, 'iss'>>;

/** Called when the lines of `connect` are defined. */
export function replayLines(): AnySchema[] {
  const steps = ['start', 'segment', 'stateLine', 'icmp', 'note'].map((name) =>
    extended(name, `${name}OfConversation`, record<{ conversation: number }>(conversation, describe)),
  );
  const conversationResult = extended(
    'connectResult',
    'conversationResult',
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
      { ...describe, ...comments.ConversationResult },
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
      comments.ReplayResult,
    ),
  );
  return [...steps, conversationResult, replayResult];
}
