/** What a host can refuse, each with its own code, reason and remedy. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { NetError, NetErrorCode } from '../../src/net/errors.ts';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { PortRequest, Network as RawNetwork } from '../../src/net/network.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { SYN } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { encodePacket } from '../../src/wire/packet.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Network } from '../support/netns.ts';

const address = (text: string): number => parseIpv4(text) as number;

function errorOf(action: () => unknown): NetError {
  try {
    action();
  } catch (error) {
    return error as NetError;
  }
  throw new Error('nothing was refused');
}

describeNeeding(['namespaces'], 'a host refuses', () => {
  let place: Network;
  let moveBack: () => void;
  let network: RawNetwork;
  let toServer: PortRequest;

  beforeAll(() => {
    place = createPair();
    moveBack = moveInto(place.client);
    network = openKernelNetwork();
    toServer = { destination: address(place.serverAddress), destinationPort: 80 };
    place.client.ip(`link add idle type veth peer name idle-end
route add unreachable 203.0.113.1
route add prohibit 203.0.113.2
route add blackhole 203.0.113.3`);
  });
  afterAll(() => {
    network.close();
    moveBack();
    place.remove();
  });
  afterEach(() => place.client.openFirewall());

  const sendSyn = (request: PortRequest, payloadLength = 0, dontFragment = true): void => {
    const port = network.openPort(request);
    try {
      port.send(
        encodePacket({
          ip: ipv4Header({ source: port.route.sourceAddress, destination: request.destination, dontFragment }),
          tcp: tcpSegment({ sourcePort: port.port, destinationPort: 80, flags: SYN, payload: new Uint8Array(payloadLength) }),
        }),
      );
    } finally {
      port.close();
    }
  };

  describe('a destination', () => {
    it.each<[string, string, NetErrorCode, RegExp]>([
      ['that is multicast', '224.0.0.1', 'bad-destination', /multicast/],
      ['that is everybody', '255.255.255.255', 'bad-destination', /broadcast/],
      ['that is everybody on the link', '10.77.1.255', 'bad-destination', /broadcast/],
      ['that is everybody on loopback', '127.255.255.255', 'bad-destination', /broadcast/],
      ['that is no host', '0.0.0.0', 'bad-destination', /no address of a host/],
      ['without a route', '192.0.2.1', 'no-route', /no route/],
      ['whose route says unreachable', '203.0.113.1', 'no-route', /unreachable/],
      ['whose route says prohibit', '203.0.113.2', 'no-route', /prohibit/],
      ['whose route says blackhole', '203.0.113.3', 'no-route', /blackhole/],
    ])('%s', (_, destination, code, reason) => {
      const error = errorOf(() => network.openPort({ ...toServer, destination: address(destination) }));
      expect(error).toMatchObject({ code, reason: expect.stringMatching(reason), hint: expect.any(String) });
      expect(error.message).toContain(destination);
    });
  });

  describe('a source address', () => {
    it.each(['192.0.2.1', '0.0.0.0', '224.0.0.1', '10.77.1.255', '10.77.1.2', '127.0.0.1'])('%s', (source) => {
      const error = errorOf(() => network.openPort({ ...toServer, source: address(source) }));
      expect(error).toMatchObject({ code: 'source-address', subject: `source address ${source}`, hint: expect.any(String) });
    });
    it('but not its own', () => {
      const port = network.openPort({ ...toServer, source: address(place.clientAddress) });
      expect(port.route.sourceAddress).toBe(address(place.clientAddress));
      port.close();
    });
  });

  describe('an interface', () => {
    it.each(['nosuch0', '', 'eth0-and-a-name-too-long'])('that does not exist: %j', (interfaceName) => {
      const error = errorOf(() => network.openPort({ ...toServer, interfaceName }));
      expect(error).toMatchObject({ code: 'no-such-interface', subject: `interface ${JSON.stringify(interfaceName)}` });
    });
    it('that is down', () => {
      expect(errorOf(() => network.openPort({ ...toServer, interfaceName: 'idle' }))).toMatchObject({ code: 'no-route' });
    });
    it('that has no address', () => {
      place.client.ip('link add bare type veth peer name bare-end\nlink set bare up\nlink set bare-end up\naddr del 10.77.1.1/24 dev eth0');
      const error = errorOf(() => network.openPort({ ...toServer, interfaceName: 'bare' }));
      place.client.ip('addr add 10.77.1.1/24 dev eth0\nlink del bare');
      expect(error).toMatchObject({ code: 'no-route', reason: expect.stringContaining('no IPv4 address') });
    });
    it('that the source address has no way by', () => {
      const request = { ...toServer, interfaceName: place.clientInterface, source: address('127.0.0.1') };
      expect(errorOf(() => network.openPort(request))).toMatchObject({ code: 'source-address' });
    });
    it('but not its own', () => {
      sendSyn({ ...toServer, interfaceName: place.clientInterface });
      sendSyn({ ...toServer, interfaceName: place.clientInterface, source: address(place.clientAddress) });
    });
  });

  describe('a source port', () => {
    it('that is open already', () => {
      const port = network.openPort({ ...toServer, sourcePort: 4711 });
      expect(port.port).toBe(4711);
      const error = errorOf(() => network.openPort({ ...toServer, sourcePort: 4711 }));
      expect(error).toMatchObject({ code: 'port-in-use', subject: `port 4711 of ${place.clientAddress}`, hint: expect.any(String) });
      port.close();
      network.openPort({ ...toServer, sourcePort: 4711 }).close();
    });
    it('once all are taken', () => {
      place.client.exec(['sh', '-c', 'echo 50000 50009 > /proc/sys/net/ipv4/ip_local_port_range']);
      const ports = Array.from({ length: 10 }, () => network.openPort(toServer));
      const error = errorOf(() => network.openPort(toServer));
      for (const port of ports) port.close();
      place.client.exec(['sh', '-c', 'echo 32768 60999 > /proc/sys/net/ipv4/ip_local_port_range']);
      expect(ports.map(({ port }) => port).sort()).toEqual(Array.from({ length: 10 }, (_, i) => 50_000 + i));
      expect(error).toMatchObject({ code: 'port-in-use', reason: 'none is free' });
    });
  });

  describe('a datagram', () => {
    it('that is larger than the MTU', () => {
      expect(errorOf(() => sendSyn(toServer, 1461))).toMatchObject({
        code: 'message-too-long',
        reason: expect.stringContaining('1501 bytes'),
      });
      sendSyn(toServer, 1460);
    });
    it('that a firewall of its own drops', () => {
      place.client.firewall('output', 'tcp dport 80 drop');
      expect(errorOf(() => sendSyn(toServer))).toMatchObject({ code: 'local-firewall', subject: `to ${place.serverAddress}` });
    });
    it('that it lost the route for', () => {
      const port = network.openPort(toServer);
      place.client.ip('link set eth0 down');
      const error = errorOf(() =>
        port.send(encodePacket({ ip: ipv4Header({ source: port.route.sourceAddress, destination: toServer.destination }) })),
      );
      place.client.ip('link set eth0 up');
      port.close();
      expect(error).toMatchObject({ code: 'no-route' });
    });
    it('that its queue has no room for', () => {
      // A queue that nothing fits in; and no waiting for ARP before it.
      place.client.ip(`neigh replace ${place.serverAddress} lladdr 02:00:00:00:00:01 dev eth0`);
      place.client.exec(['tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'pfifo', 'limit', '0']);
      const error = errorOf(() => sendSyn(toServer));
      place.client.exec(['tc', 'qdisc', 'del', 'dev', 'eth0', 'root']);
      place.client.ip(`neigh del ${place.serverAddress} dev eth0`);
      expect(error).toMatchObject({ code: 'no-buffers' });
      sendSyn(toServer);
    });
  });

  it('by a new route within a second', async () => {
    sendSyn(toServer);
    place.client.ip(`route add prohibit ${place.serverAddress}`);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const error = errorOf(() => network.openPort(toServer));
    place.client.ip(`route del prohibit ${place.serverAddress}`);
    expect(error).toMatchObject({ code: 'no-route', reason: expect.stringContaining('prohibit') });
  });
});
