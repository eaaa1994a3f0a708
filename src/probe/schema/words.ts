/** All the words that there are of a kind. Whether they are all the compiler sees where the schema takes them. */

import type { State } from '../../tcp/state.ts';
import type { CheckName, CloseKind, SegmentNote, Verdict } from '../events.ts';

export const VERDICTS = ['open', 'closed', 'filtered', 'unfiltered', 'open|filtered'] as const satisfies readonly Verdict[];

export const CLOSE_KINDS = ['active', 'passive', 'half', 'simultaneous', 'reset', 'none'] as const satisfies readonly CloseKind[];

export const STATES = [
  'CLOSED',
  'LISTEN',
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
] as const satisfies readonly State[];

export const SEGMENT_NOTES = [
  'duplicate',
  'out-of-order',
  'out-of-window',
  'bad-ack',
  'bad-rst',
  'old-timestamp',
  'no-timestamp',
  'no-ack',
  'no-syn',
  'unexpected-syn',
  'malformed-options',
  'held',
  'old-connection',
  'late',
  'retransmission',
  'challenge-ack',
  'window-probe',
  'bad-checksum',
  'malformed',
  'cleanup',
  'keep-alive',
] as const satisfies readonly SegmentNote[];

export const CHECK_NAMES = [
  'system',
  'capabilities',
  'koffi',
  'raw-socket',
  'socket',
  'loopback',
  'guard',
  'filter',
  'time-stamps',
  'checksums',
  'receive-buffer',
  'firewall',
  'ports',
  'open-files',
  'privileges',
] as const satisfies readonly CheckName[];
