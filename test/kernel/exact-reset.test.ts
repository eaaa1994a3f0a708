/** A connection that we give up is over on the other side too, whatever was lost on the way. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { createPair, type Network } from '../support/netns.ts';
import { rawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';

describeNeeding(['namespaces'], 'giving up', () => {
  let network: Network;

  beforeAll(async () => {
    network = createPair();
    await startServers(network.server, { 80: 'never-close' });
  });
  afterAll(() => network.remove());

  it('answers the challenge to its RST where the peer lacks data of ours (RFC 5961, 3)', async () => {
    // The handshake passes, data do not.
    network.server.firewall('input', 'tcp dport 80 meta length > 100 drop');
    const { code, of } = await rawshake(network.client, [
      ...['connect', network.serverAddress, '80', '--data-length', '3000', '--timeout', '1', '--json'],
    ]);
    expect(code).toBe(3);
    expect(of('result')[0]).toMatchObject({ ended: 'timeout', data: { ackedBytes: 0 } });
    const resets = of('segment').filter(({ direction, flags }) => direction === 'sent' && flags.includes('RST'));
    expect(resets.length).toBeGreaterThanOrEqual(1);
    expect(network.server.exec(['ss', '-Htn', 'state', 'established'])).toBe('');
  });
});
