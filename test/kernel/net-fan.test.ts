/** One port towards many hosts and ports, and the kernel that ends what a SYN+ACK begins. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Fan, Outgoing, Network as RawNetwork } from '../../src/net/network.ts';
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
const PORTS = 4;
/** Of a bare SYN. */
const LENGTH = 40;

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
    fan = network.openFan({ sourcePorts: PORTS, datagramLength: LENGTH });
  });
  afterEach(() => fan.take(() => undefined));
  afterAll(() => {
    fan.close();
    network.close();
    moveBack();
    place.remove();
  });

  /** Puts a SYN into a slot. */
  function put(slot: number, destination: Ipv4Address, destinationPort: number, sourcePort = fan.sourcePort): void {
    const source = fan.routeTo(destination).sourceAddress;
    const datagram = encodePacket({
      ip: ipv4Header({ source, destination }),
      tcp: tcpSegment({ sourcePort, destinationPort, flags: SYN }),
    });
    const { bytes, offset, slotLength } = fan.outgoing[0] as Outgoing;
    bytes.set(datagram, offset + slot * slotLength);
  }

  async function arrivals(count: number): Promise<Uint8Array[]> {
    const all: Uint8Array[] = [];
    const untilUs = network.clock.nowUs() + 2e6;
    while (all.length < count && network.clock.nowUs() < untilUs) {
      await fan.wait(untilUs);
      fan.take((bytes, at, length) => all.push(bytes.slice(at, at + length)));
    }
    return all;
  }

  it('asks many at once, from several ports, and hears each answer', async () => {
    const asked: [Ipv4Address, number, number][] = [
      [server, ECHO, 0],
      [server, CLOSED_PORT, PORTS - 1],
      [loopback, CLOSED_PORT, 0],
      [server, FILTERED_PORT, 0],
    ];
    for (const [slot, [address, port, attempt]] of asked.entries()) put(slot, address, port, fan.sourcePort + attempt);
    expect(fan.send(0, 0, asked.length)).toBe(asked.length);
    const told = (await arrivals(asked.length)).map((datagram) => {
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
  });

  it('sends what it can, and says of the next why not', async () => {
    put(0, server, CLOSED_PORT);
    put(1, server, CLOSED_PORT);
    const { bytes, offset, slotLength } = fan.outgoing[0] as Outgoing;
    // 203.0.113.9, where no route leads.
    bytes.set([203, 0, 113, 9], offset + slotLength + 16);
    put(2, server, CLOSED_PORT);
    expect(fan.send(0, 0, 3)).toBe(1);
    expect(() => fan.send(0, 1, 2)).toThrow(/203\.0\.113\.9: there is no route/);
    expect(fan.send(0, 2, 1)).toBe(1);
    expect(await arrivals(2)).toHaveLength(2);
  });

  it('sends beside this thread, as far as it can', async () => {
    put(0, server, CLOSED_PORT);
    put(1, server, CLOSED_PORT);
    const besides = (count: number) => new Promise<number>((done) => fan.sendBeside(0, count, done));
    expect(await besides(2)).toBe(2);
    const { bytes, offset, slotLength } = fan.outgoing[0] as Outgoing;
    bytes.set([203, 0, 113, 9], offset + slotLength + 16);
    expect(await besides(2)).toBe(1);
    expect(await arrivals(3)).toHaveLength(3);
  });

  it('leaves no half-open connection: the kernel resets it', async () => {
    const capture = await startCapture(place.client);
    put(0, server, ECHO);
    fan.send(0, 0, 1);
    await arrivals(1);
    await capture.stop();
    expect(capture.packets(`dst host ${place.serverAddress} and dst port ${ECHO} and tcp[tcpflags] & tcp-rst != 0`)).toHaveLength(1);
    expect(place.server.exec(['ss', '-Htn', 'state', 'syn-recv'])).toBe('');
  });

  it('has ports in a row that nobody else gets, until it is closed', () => {
    expect(fan.sourcePorts).toBe(PORTS);
    const last = { sourcePort: fan.sourcePort + PORTS - 1, datagramLength: LENGTH };
    expect(() => network.openFan(last)).toThrow(/another socket has it/);
    const other = network.openFan({ datagramLength: LENGTH });
    const { sourcePort } = other;
    other.close();
    other.close();
    const again = network.openFan({ sourcePort, datagramLength: LENGTH });
    expect(again.sourcePort).toBe(sourcePort);
    again.close();
  });

  it('says where there is no way', () => {
    expect(() => fan.routeTo(parseIpv4('224.0.0.1') as Ipv4Address)).toThrow(/multicast/);
    expect(() => fan.routeTo(parseIpv4('203.0.113.9') as Ipv4Address)).toThrow(/no route|unreachable/i);
  });
});
