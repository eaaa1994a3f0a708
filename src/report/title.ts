/** What stands above everything: what is done to whom. */
import type { StartEvent } from '../probe/events.ts';
import type { Style } from './style.ts';
import { wrap } from './text.ts';

/**
 * @param verbose also what the figures below rest on
 * @param introduction a sentence before the first row
 */
export function title(event: StartEvent, verbose: boolean, introduction: string | undefined, style: Style): string {
  const host = style.escapeText(event.host);
  const name = event.host === event.address ? host : `${host} (${style.escapeText(event.address)})`;
  const lines = wrap(`${style.escapeText(event.command)} ${name} port ${event.port}`, style.width).map((line) =>
    style.paint('strong', line),
  );
  if (verbose) {
    const { clock, guard, version, startedAt } = event;
    const details = `rawshake ${version}, ${startedAt}; times: sent by the ${clock.transmit} clock, received by the ${clock.receive} clock; port guard: ${guard}`;
    lines.push(...wrap(style.escapeText(details), style.width).map((line) => style.paint('faint', line)));
  }
  if (introduction !== undefined) lines.push('', ...wrap(introduction, style.width));
  return `${lines.join('\n')}\n\n`;
}
