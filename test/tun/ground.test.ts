/** The scripted peer, tried with the kernel's own TCP. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatIpv4 } from '../../src/wire/address.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { TunNetwork } from './device.ts';
import { ScriptedPeer } from './peer.ts';

describeNeeding(['namespaces', 'tun'], 'the scripted peer', () => {
  let network: TunNetwork;
  beforeAll(async () => {
    network = await TunNetwork.open();
  });
  afterAll(() => network.remove());

  it('speaks TCP with a kernel', async () => {
    const peer = new ScriptedPeer(network);
    const script = `const socket = require('net').connect(80, '${formatIpv4(peer.address)}', () => socket.write('question'));
      socket.on('data', (data) => { console.log(data.toString()); socket.end(); });`;
    const said = network.namespace.run([process.execPath, '-e', script]);
    await peer.accept();
    await peer.expect('A', { seq: 1, ack: 1, text: 'question' });
    peer.send('A', { text: 'answer' });
    await peer.expect('A', { ack: 7, text: '' });
    await peer.expect('FA', { seq: 9, ack: 7 });
    await peer.finish();
    await peer.expectSilence(50);
    expect(await said).toBe('answer\n');
  });

  it('says what came where that is not what was wanted', async () => {
    const peer = new ScriptedPeer(network);
    const child = network.namespace.spawn([process.execPath, '-e', `require('net').connect(80, '${formatIpv4(peer.address)}')`]);
    await expect(peer.expect('SA')).rejects.toThrow(/wanted flags SA; there came:\n> Flags \[S\], seq 0, win \d+, options \[mss 1460,/);
    child.kill();
  });
});
