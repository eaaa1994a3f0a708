/** The lines of `listen`: those of `connect`, each with its conversation, and a result of all that called. */
import { PORT_GUARDS, type PortGuard } from '../../net/network.ts';
import type { ConnectResult, ListeningEvent, ListenResult, SCHEMA_VERSION, ServedResult } from '../events.ts';
import { type AnySchema, constant, defined, extended, flag, integer, list, number, oneOf, optional, record, text } from './builder.ts';
import { ending, type Printed } from './common.ts';

const listening = defined(
  'listening',
  record<ListeningEvent>(
    {
      type: constant('listening'),
      schema: constant(1 satisfies typeof SCHEMA_VERSION),
      version: text,
      command: constant('listen'),
      address: optional(text),
      ports: list(integer),
      startedAt: text,
      guard: oneOf<PortGuard>()(...PORT_GUARDS),
    },
    'ListeningEvent',
  ),
);

/** @param steps the lines before a conversation's result @param connection what `connect` tells of a connection */
export function listenLines(steps: readonly AnySchema[], connection: AnySchema): AnySchema[] {
  const servedResult = defined(
    'servedResult',
    extended(
      connection,
      record<Omit<ServedResult, keyof ConnectResult>>(
        { conversation: integer, durationUs: number, fromCookie: flag },
        { conversation: 'Which conversation of the run: the first is 1.' },
        'ServedResult',
      ),
    ),
  );
  const listenResult = defined(
    'listenResult',
    record<Printed<ListenResult>>(
      {
        type: constant('result'),
        connections: integer,
        completed: integer,
        resetByPeer: integer,
        timedOut: integer,
        interrupted: integer,
        halfOpen: integer,
        cookiesSent: integer,
        cookiesUsed: integer,
        refused: integer,
        droppedSyns: integer,
        strays: integer,
        sentBytes: integer,
        receivedBytes: integer,
        durationUs: number,
        ended: optional(oneOf<NonNullable<ListenResult['ended']>>()('deadline', 'interrupted')),
        countReached: flag,
        kernelDrops: integer,
        ...ending,
      },
      'ListenResult',
    ),
  );
  return [listening, ...steps, servedResult, listenResult];
}
