/** A kernel that had to drop what it had for us: never a silence like any other. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { ACK } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { encodePacket } from '../../src/wire/packet.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Network } from '../support/netns.ts';
import { startRawshake } from '../support/rawshake.ts';

const PORT = 9;
/** More than the receive buffer holds of them. */
const FLOOD = 24_000;

describeNeeding(['namespaces'], 'what the kernel dropped', () => {
  let network: Network;

  beforeAll(() => {
    network = createPair();
  });
  afterAll(() => network.remove());

  /** Segments from the server's port that answer nothing, by a raw socket there that keeps its kernel silent. */
  function flood(destinationPort: number, meanwhile: () => void): void {
    const moveBack = moveInto(network.server);
    const raw = openKernelNetwork();
    try {
      const destination = parseIpv4(network.clientAddress) as number;
      const port = raw.openPort({ destination, destinationPort, sourcePort: PORT });
      const ip = ipv4Header({ source: port.route.sourceAddress, destination });
      const datagram = encodePacket({
        ip,
        tcp: tcpSegment({ sourcePort: PORT, destinationPort, flags: ACK, payload: new Uint8Array(1400) }),
      });
      const batch = Array.from({ length: 50 }, () => datagram);
      meanwhile();
      for (let sent = 0; sent < FLOOD; ) sent += port.sendMany(batch).length;
      port.close();
    } finally {
      raw.close();
      moveBack();
    }
  }

  it.each([
    ['in the JSON', ['--json'], /"kernelDrops":[1-9]\d*/],
    ['in the summary', [], /the kernel dropped \d+ datagrams/],
    ['in one line', ['-q'], / {2}\d+ dropped unread\n/],
  ] as const)('is told %s', async (_where, options, expected) => {
    network.server.firewall('output', `tcp sport ${PORT} tcp flags rst drop`);
    const sourcePort = 40_000;
    const args = ['send', network.serverAddress, String(PORT), '--source-port', String(sourcePort), '--flags', 'FIN', '--timeout', '3'];
    const running = startRawshake(network.client, [...args, ...options]);
    // It has its port once somebody listens there.
    for (let tries = 0; !network.client.listeners().includes(`:${sourcePort} `); tries++) {
      if (tries === 500) throw new Error('it does not begin');
    }
    flood(sourcePort, () => running.child.kill('SIGSTOP'));
    running.child.kill('SIGCONT');
    const run = await running.finished;
    expect(run.stdout).toMatch(expected);
  });
});
