/** Ports that anybody may speak to, for which the kernel answers nobody. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NetError } from '../../src/net/errors.ts';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Arrival, ListeningPorts, Network as RawNetwork } from '../../src/net/network.ts';
import { formatIpv4, type Ipv4Address, parseIpv4 } from '../../src/wire/address.ts';
import { ACK, RST, SYN } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Network } from '../support/netns.ts';
import { startServers } from '../support/servers.ts';

const PORTS = [7, 9];
const USED = 80;

describeNeeding(['namespaces'], 'a listener', () => {
  let place: Network;
  let moveBack: () => void;
  let network: RawNetwork;
  let ports: ListeningPorts;
  const address = (text: string): Ipv4Address => parseIpv4(text) as Ipv4Address;
  const SECOND = '10.77.1.3';

  beforeAll(async () => {
    place = createPair();
    place.server.ip(`addr add ${SECOND}/24 dev eth0`);
    await startServers(place.server, { [USED]: 'echo' });
    moveBack = moveInto(place.server);
    network = openKernelNetwork();
    ports = network.openListener({ ports: PORTS, dated: true });
  });
  afterAll(() => {
    ports.close();
    network.close();
    moveBack();
    place.remove();
  });

  /** Has the other kernel call. @returns what it says of the call, once it is over */
  const call = async (host: string, port: number, ms = 400): Promise<string> => {
    const script = `const s = require('node:net').connect(${port}, '${host}', () => { console.log('connected'); s.destroy(); });
        s.on('error', (e) => console.log(e.code)); setTimeout(() => process.exit(console.log('silence')), ${ms}).unref(); setInterval(() => {}, 1000).unref();
        s.on('close', () => process.exit());`;
    return (await place.client.run([process.execPath, '-e', script])).trim();
  };

  const nextSyn = async (): Promise<{ arrival: Arrival; packet: ReturnType<typeof decodePacket> }> => {
    for (;;) {
      for (const arrival of await ports.next(network.clock.nowUs() + 5_000_000)) {
        const packet = decodePacket(arrival.datagram);
        if (packet.tcp?.flags === SYN) return { arrival, packet };
      }
    }
  };

  it.each([
    ['10.77.1.2', 7],
    [SECOND, 9],
  ])('hears who calls %s port %i, dated by the kernel, and answers from there', async (host, port) => {
    const told = call(host, port, 3000);
    const { arrival, packet } = await nextSyn();
    expect(arrival.stamped).toBe(true);
    expect(formatIpv4(packet.ip.destination)).toBe(host);
    expect(ports.homeOf(packet.ip.destination)).toEqual({ interfaceName: 'eth0', mtu: 1500 });
    expect(ports.routeTo(packet.ip.source, packet.ip.destination)).toMatchObject({ interfaceName: 'eth0', mtu: 1500 });
    const { sourcePort = 0, destinationPort = 0, seq = 0 } = packet.tcp ?? {};
    const answer = tcpSegment({ sourcePort: destinationPort, destinationPort: sourcePort, flags: SYN | ACK, seq: 1, ack: (seq + 1) >>> 0 });
    ports.send(encodePacket({ ip: ipv4Header({ source: packet.ip.destination, destination: packet.ip.source }), tcp: answer }));
    expect(await told).toBe('connected');
  });

  it('nobody else answers: the caller hears nothing, not even a RST', async () => {
    expect(await call('10.77.1.2', 7)).toBe('silence');
    const heard = await ports.next(network.clock.nowUs());
    expect(heard.map(({ datagram }) => (decodePacket(datagram).tcp?.flags ?? 0) & RST)).not.toContain(RST);
  });

  it('hears nothing of other ports, on which the kernel answers as ever', async () => {
    expect(await call('10.77.1.2', 10)).toBe('ECONNREFUSED');
    expect(await call('10.77.1.2', USED)).toBe('connected');
    // Callers of before whom nobody answered may still try.
    const heard = await ports.next(network.clock.nowUs());
    expect(heard.filter(({ datagram }) => !PORTS.includes(decodePacket(datagram).tcp?.destinationPort ?? 0))).toEqual([]);
  });

  it('knows its own addresses, loopback too, and no other', () => {
    expect(ports.homeOf(address('127.0.0.5'))?.interfaceName).toBe('lo');
    expect(ports.homeOf(address('10.77.1.255'))).toBeUndefined();
    expect(ports.homeOf(address('10.77.1.1'))).toBeUndefined();
  });

  it('what came is taken in order, though SYNs have a socket of their own', async () => {
    const network = openKernelNetwork();
    const host = address('127.0.0.1');
    const caller = network.openPort({ destination: host, destinationPort: 9, quotes: 'own' });
    const say = (flags: number, seq: number): void => {
      const tcp = tcpSegment({ sourcePort: caller.port, destinationPort: 9, flags, seq });
      caller.send(encodePacket({ ip: ipv4Header({ source: host, destination: host }), tcp }));
    };
    const taken: number[] = [];
    const take = async (upTo: number): Promise<void> => {
      while (taken.length < upTo) {
        const arrivals = await ports.next(network.clock.nowUs() + 1_000_000);
        expect(arrivals.length).toBeGreaterThan(0);
        for (const { datagram } of arrivals) {
          const { tcp } = decodePacket(datagram);
          // Callers of before whom nobody answered may still try.
          if (tcp?.sourcePort === caller.port) taken.push(tcp.seq);
        }
      }
    };
    const turns = 20;
    for (let at = 0; at < 3 * turns; at += 3) {
      say(SYN, at);
      await take(at + 1);
      // The event loop has yet to look at the SYNs' socket again, and would look there first.
      say(RST, at + 1);
      say(SYN, at + 2);
      await take(at + 3);
    }
    expect(taken).toEqual(Array.from({ length: 3 * turns }, (_, i) => i));
    caller.close();
    network.close();
  });

  it('sends many at once, and those behind one that can not be sent', async () => {
    const host = address('127.0.0.1');
    const nowhere = address('198.51.100.1');
    const segment = (seq: number, destination: Ipv4Address): Uint8Array =>
      encodePacket({
        ip: ipv4Header({ source: host, destination }),
        tcp: tcpSegment({ sourcePort: 9, destinationPort: 7, flags: ACK, seq }),
      });
    const count = 200;
    ports.sendMany(Array.from({ length: count }, (_, seq) => segment(seq, seq % 90 === 5 ? nowhere : host)));
    const heard: number[] = [];
    while (!heard.includes(count - 1)) {
      const arrivals = await ports.next(network.clock.nowUs() + 1_000_000);
      expect(arrivals.length).toBeGreaterThan(0);
      for (const { datagram } of arrivals) {
        const { tcp } = decodePacket(datagram);
        // Callers of before whom nobody answered may still try.
        if (tcp?.sourcePort === 9) heard.push(tcp.seq);
      }
    }
    expect(heard).toEqual(Array.from({ length: count }, (_, seq) => seq).filter((seq) => seq % 90 !== 5));
  });

  it('a wait ends at its time and when it is woken', async () => {
    let startedAtUs = network.clock.nowUs();
    while ((await ports.next(startedAtUs + 20_000)).length > 0) startedAtUs = network.clock.nowUs();
    expect(network.clock.nowUs() - startedAtUs).toBeGreaterThanOrEqual(20_000);
    const waiting = ports.next(Number.POSITIVE_INFINITY);
    ports.wake();
    expect(await waiting).toEqual([]);
  });

  it('a port that another program has, and one of its own, are not to be had; a closed one is', () => {
    for (const port of [USED, PORTS[0] as number]) {
      expect(() => network.openListener({ ports: [port], dated: false })).toThrow(
        expect.objectContaining({ code: 'port-in-use', message: `listen on port ${port}: another program has the port` }),
      );
    }
    expect(() => network.openListener({ ports: [8, USED], dated: false })).toThrow(NetError);
    // Of those, the port that could be had was given back.
    const again = network.openListener({ ports: [8], address: address(SECOND), dated: false });
    expect(again.homeOf(address('10.77.1.2'))).toBeUndefined();
    again.close();
    again.close();
    network.openListener({ ports: [8], dated: false }).close();
  });
});
