/** One port towards many hosts and ports, and the kernel that ends what a SYN+ACK begins. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Arrival, Fan, Network as RawNetwork } from '../../src/net/network.ts';
import { formatIpv4, type Ipv4Address, parseIpv4 } from '../../src/wire/address.ts';
import { ACK, RST, SYN } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { startCapture } from '../support/capture.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Network } from '../support/netns.ts';
import { startServers } from '../support/servers.ts';

const ECHO = 7;
const CLOSED_PORT = 81;
const FILTERED_PORT = 82;

describeNeeding(['namespaces'], 'a fan', () => {
  let place: Network;
  let moveBack: () => void;
  let network: RawNetwork;
  let fan: Fan;
  let server: Ipv4Address;
  const loopback = parseIpv4('127.0.0.1') as Ipv4Address;

  beforeAll(async () => {
    place = createPair();
    await startServers(place.server, { [ECHO]: 'echo' });
    place.server.firewall('input', `tcp dport ${FILTERED_PORT} reject with icmp type admin-prohibited`);
    moveBack = moveInto(place.client);
    network = openKernelNetwork();
    server = parseIpv4(place.serverAddress) as Ipv4Address;
    fan = network.openFan({ stampSent: true });
  });
  afterEach(() => fan.take());
  afterAll(() => {
    fan.close();
    network.close();
    moveBack();
    place.remove();
  });

  function syn(destination: Ipv4Address, destinationPort: number, seq = 1000): Uint8Array {
    const { sourceAddress, sourcePort } = fan.pathTo(destination);
    return encodePacket({
      ip: ipv4Header({ source: sourceAddress, destination }),
      tcp: tcpSegment({ sourcePort, destinationPort, seq, flags: SYN }),
    });
  }

  async function arrivals(count: number): Promise<Arrival[]> {
    const all: Arrival[] = [];
    const untilUs = network.clock.nowUs() + 2e6;
    while (all.length < count && network.clock.nowUs() < untilUs) {
      await fan.wait(untilUs);
      all.push(...fan.take());
    }
    return all;
  }

  it('asks many at once, and hears each answer, dated by the kernel on both sides', async () => {
    const asked: [Ipv4Address, number][] = [
      [server, ECHO],
      [server, CLOSED_PORT],
      [loopback, CLOSED_PORT],
      [server, FILTERED_PORT],
    ];
    const datagrams = asked.map(([address, port]) => syn(address, port));
    const departures = fan.sendMany(datagrams, (i) => (asked[i] as [number, number])[0]);
    const heard = await arrivals(asked.length);
    const told = heard.map(({ datagram }) => {
      const { ip, tcp, icmp } = decodePacket(datagram);
      return `${formatIpv4(ip.source)} ${tcp ? `${tcp.sourcePort} ${tcp.flags}` : `icmp ${icmp?.type}/${icmp?.code}`}`;
    });
    expect(told.sort()).toEqual(
      [
        `${place.serverAddress} ${ECHO} ${SYN | ACK}`,
        `${place.serverAddress} ${CLOSED_PORT} ${RST | ACK}`,
        `127.0.0.1 ${CLOSED_PORT} ${RST | ACK}`,
        `${place.serverAddress} icmp 3/13`,
      ].sort(),
    );
    expect(departures.every(({ stamped }) => stamped)).toBe(true);
    expect(heard.every(({ stamped }) => stamped)).toBe(true);
  });

  it('leaves no half-open connection: the kernel resets it', async () => {
    const capture = await startCapture(place.client);
    fan.sendMany([syn(server, ECHO, 5000)], () => server);
    await arrivals(1);
    await capture.stop();
    expect(capture.packets(`dst host ${place.serverAddress} and dst port ${ECHO} and tcp[tcpflags] & tcp-rst != 0`)).toHaveLength(1);
    expect(place.server.exec(['ss', '-Htn', 'state', 'syn-recv'])).toBe('');
  });

  it('has a port that nobody else gets, until it is closed', () => {
    const { sourcePort } = fan.pathTo(server);
    expect(() => network.openFan({ sourcePort }).pathTo(server)).toThrow(/another socket has it/);
    const other = network.openFan({});
    const port = other.pathTo(server).sourcePort;
    other.close();
    other.close();
    const again = network.openFan({ sourcePort: port });
    expect(again.pathTo(server).sourcePort).toBe(port);
    again.close();
  });

  it('says where there is no way', () => {
    expect(() => fan.pathTo(parseIpv4('224.0.0.1') as Ipv4Address)).toThrow(/multicast/);
    expect(() => fan.pathTo(parseIpv4('203.0.113.9') as Ipv4Address)).toThrow(/no route|unreachable/i);
  });
});
