/** What the README shows does what it says. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { Namespace } from '../support/netns.ts';
import { startServers } from '../support/servers.ts';

describeNeeding(['namespaces'], "the README's library example", () => {
  let host: Namespace;

  beforeAll(async () => {
    host = new Namespace();
    await startServers(host, { 80: 'echo' });
  });
  afterAll(() => host.remove());

  it('runs as it stands', () => {
    const example = /```js\n(.*?)```/s.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';
    const lines = host.exec([process.execPath, '--input-type=module', '-e', example]).trim().split('\n');
    expect(lines[0]).toBe('0 sent SYN SYN-SENT');
    expect(lines[1]).toMatch(/^[\d.]+ received ACK\+SYN ESTABLISHED$/);
    expect(lines.at(-1)).toMatch(/^open [\d.]+ TIME-WAIT$/);
  });
});
