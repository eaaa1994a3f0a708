/** What stands above everything: what is done to whom, or who spoke with whom. */
import type { ConversationEvent, StartEvent } from '../probe/events.ts';
import type { Style } from './style.ts';
import { wrap } from './text.ts';

/**
 * @param verbose also what the figures below rest on
 * @param introduction a sentence before the first row
 */
export function title(
  event: StartEvent | Extract<ConversationEvent, { type: 'start' }>,
  verbose: boolean,
  introduction: string | undefined,
  style: Style,
): string {
  const isConversation = 'conversation' in event;
  const lines = wrap(isConversation ? whoSpoke(event, style) : whatIsDone(event, style), style.width).map((line) =>
    style.paint('strong', line),
  );
  if (verbose && !isConversation) {
    const { clock, guard, version, startedAt } = event;
    const details = `rawshake ${version}, ${startedAt}; times: sent by the ${clock.transmit} clock, received by the ${clock.receive} clock; port guard: ${guard}`;
    lines.push(...wrap(style.escapeText(details), style.width).map((line) => style.paint('faint', line)));
  }
  if (isConversation && introduction === undefined) lines.push(style.paint('faint', '"we" is the left side, which began it'));
  if (introduction !== undefined) lines.push('', ...wrap(introduction, style.width));
  return `${lines.join('\n')}\n\n`;
}

function whoSpoke(
  { conversation, sourceAddress, sourcePort, address, port, startedAt }: Extract<ConversationEvent, { type: 'start' }>,
  { escapeText, glyphs }: Style,
): string {
  const [from, to] = [`${escapeText(sourceAddress)}:${sourcePort}`, `${escapeText(address)}:${port}`];
  return `conversation ${conversation}: ${from} ${glyphs.arrowRight} ${to}, ${startedAt}`;
}

/** `'trace example.com (192.0.2.1) port 443'`. */
export function whatIsDone(event: StartEvent, style: Style): string {
  const host = style.escapeText(event.host);
  const name = event.host === event.address ? host : `${host} (${style.escapeText(event.address)})`;
  return `${style.escapeText(event.command)} ${name} port ${event.port}`;
}
