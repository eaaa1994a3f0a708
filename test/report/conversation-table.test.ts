/** How a conversation of a capture came out, in a word or two of its line. */
import { expect, it } from 'vitest';
import type { ConnectResult, ConversationResult } from '../../src/probe/events.ts';
import { conversationTable } from '../../src/report/conversation-table.ts';
import { createStyle } from '../../src/report/style.ts';
import { result, start } from './conversations.ts';

const row = (kind: ConnectResult['close']['kind'], fields: Partial<ConnectResult>) => ({
  start: start(),
  result: { ...result(kind, fields), conversation: 3, durationUs: 1402, peerRetransmissions: 0 } as ConversationResult,
});
const shown = (...rows: ReturnType<typeof row>[]) => conversationTable(rows, createStyle({ colour: false, ascii: true, width: 120 }));

const { close, states } = result('active');

it.each<[string, ReturnType<typeof row>]>([
  ['refused', row('none', { verdict: 'closed', reason: 'rst' })],
  ['no answer', row('none', { verdict: 'filtered', reason: 'no-response' })],
  ['icmp-admin-prohibited', row('none', { verdict: 'filtered', reason: 'icmp-admin-prohibited' })],
  ['peer reset', row('active', { ended: 'reset-by-peer' })],
  ['initiator reset', row('reset', {})],
  ['both closed', row('active', { states: [...states, 'CLOSING'] })],
  ['open', row('none', { close: { ...close, initiator: undefined, completed: false } })],
  ['initiator closed', row('active', {})],
  ['peer closed', row('passive', { close: { ...close, initiator: 'peer' } })],
  ['half closed', row('half', { close: { ...close, completed: false } })],
])('%s', (outcome, conversation) => {
  const [, line] = shown(conversation).split('\n');
  expect(line).toMatch(new RegExp(`1\\.40 ms {2,}${outcome}$`));
});

it('counts what was sent again, by whom ever, where something was', () => {
  expect(shown(row('active', {}))).not.toContain('again');
  const [head, line] = shown(row('active', { retransmissions: 2 })).split('\n');
  expect(head).toContain('again');
  expect(line).toMatch(/ {2}2 {2,}1\.40 ms/);
});
