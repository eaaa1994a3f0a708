/** Ports of the kernel network against kernel peers: what goes out, what comes in, and what the kernel keeps its hands off. */
import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Arrival, Port, PortRequest, Network as RawNetwork } from '../../src/net/network.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/flags.ts';
import { readIcmpError } from '../../src/wire/icmp.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { resetsFrom, startCapture } from '../support/capture.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, createRouted, type Network } from '../support/netns.ts';
import { startServers } from '../support/servers.ts';

const ECHO = 7;
const SINK = 9;
const CLOSE_LATER = 10;
const LIKE_OURS = 40_007;

const address = (text: string): number => parseIpv4(text) as number;

/** Of this process, or one that is closed by now: the one that lists them. */
function isSocket(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
  } catch {
    return false;
  }
}

/** Just enough of TCP by hand for a handshake and a close. */
class Conversation {
  private sndNxt = 0xfffffffe;
  private rcvNxt = 0;

  constructor(
    readonly network: RawNetwork,
    readonly port: Port,
    readonly request: PortRequest,
  ) {}

  send(fields: Partial<TcpSegment>): void {
    const payload = fields.payload ?? new Uint8Array(0);
    const flags = fields.flags ?? ACK;
    this.port.send(
      encodePacket({
        ip: ipv4Header({ source: this.port.route.sourceAddress, destination: this.request.destination, ttl: 64 }),
        tcp: tcpSegment({
          sourcePort: this.port.port,
          destinationPort: this.request.destinationPort,
          seq: this.sndNxt,
          ack: flags & ACK ? this.rcvNxt : 0,
          window: 65_535,
          ...fields,
        }),
      }),
    );
    this.sndNxt = (this.sndNxt + payload.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)) >>> 0;
  }

  /** The next segment. @throws where none comes */
  async receive(): Promise<TcpSegment> {
    const arrival = await this.arrival();
    const { tcp } = decodePacket(arrival.datagram);
    if (tcp === undefined) throw new Error('no TCP segment');
    this.rcvNxt = (tcp.seq + tcp.payload.length + (tcp.flags & SYN ? 1 : 0) + (tcp.flags & FIN ? 1 : 0)) >>> 0;
    return tcp;
  }

  async arrival(): Promise<Arrival> {
    const arrival = await this.port.next(this.network.clock.nowUs() + 5e6);
    if (arrival === undefined) throw new Error('nothing came');
    return arrival;
  }

  async silence(forMs: number): Promise<void> {
    const arrival = await this.port.next(this.network.clock.nowUs() + forMs * 1000);
    if (arrival) throw new Error(`there came ${JSON.stringify(decodePacket(arrival.datagram))}`);
  }

  async handshake(): Promise<void> {
    this.send({ flags: SYN });
    expect((await this.receive()).flags).toBe(SYN | ACK);
    this.send({ flags: ACK });
  }

  /** Echo's own close: our FIN, its acknowledgment and FIN, together or apart, our last ACK. */
  async close(): Promise<void> {
    this.send({ flags: ACK | FIN });
    for (let flags = 0; !(flags & FIN); ) flags = (await this.receive()).flags;
    this.send({ flags: ACK });
  }
}

/** A connection with the echo server, from the handshake to the close. */
async function exchange(one: Conversation): Promise<void> {
  await one.handshake();
  one.send({ flags: ACK | PSH, payload: Buffer.from(`from ${one.port.port}`) });
  let echoed = '';
  while (echoed.length < 10) echoed += Buffer.from((await one.receive()).payload).toString();
  expect(echoed).toBe(`from ${one.port.port}`);
  await one.close();
}

describeNeeding(['namespaces'], 'a port', () => {
  let place: Network;
  let moveBack: () => void;
  let network: RawNetwork;
  let toServer: PortRequest;

  const start = (request: PortRequest): Conversation => new Conversation(network, network.openPort(request), request);

  beforeAll(async () => {
    place = createPair();
    moveBack = moveInto(place.client);
    toServer = { destination: address(place.serverAddress), destinationPort: ECHO };
    await startServers(place.server, { [ECHO]: 'echo', [SINK]: 'sink', [CLOSE_LATER]: 'close-later', [LIKE_OURS]: 'echo' });
    await startServers(place.client, { [ECHO]: 'echo' });
  });
  afterAll(() => {
    network.close();
    moveBack();
    place.remove();
  });
  beforeEach(() => {
    network?.close();
    network = openKernelNetwork();
  });

  it('has the route of the kernel', () => {
    const port = network.openPort(toServer);
    expect(port.route).toEqual({ sourceAddress: address(place.clientAddress), interfaceName: place.clientInterface, mtu: 1500 });
    expect(port.guard).toBe('socket');
    expect(port.receiveWindowBytes).toBeGreaterThan(100_000);
    port.close();
    const own = network.openPort({ ...toServer, destination: address(place.clientAddress) });
    expect(own.route).toEqual({ sourceAddress: address(place.clientAddress), interfaceName: 'lo', mtu: 65_535 });
    own.close();
  });

  describe.each([
    ['over a link', () => toServer, 'any'],
    ['over loopback', () => ({ ...toServer, destination: address('127.0.0.1') }), 'lo'],
  ] as const)('%s', (_, request, interfaceName) => {
    it('carries connections that the kernel does not reset', async () => {
      const capture = await startCapture(place.client, interfaceName);
      // In rounds: from the second one on, the guards are of sockets that were guards before.
      for (let round = 0; round < 3; round++) {
        const conversations = Array.from({ length: 20 }, () => start(request()));
        await Promise.all(conversations.map(exchange));
        expect(conversations.map(({ port }) => port.dropped)).toEqual(Array(20).fill(0));
        // The peer's last segments are late at times.
        await new Promise((resolve) => setTimeout(resolve, 50));
        for (const { port } of conversations) port.close();
      }
      await capture.stop();
      expect(capture.packets(`tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn|tcp-ack and src port ${ECHO}`)).toHaveLength(60);
      expect(capture.packets(`tcp[tcpflags] & tcp-rst != 0 and dst port ${ECHO}`)).toEqual([]);
    });
  });

  it('holds against a neighbour whose segments have not lost of their TTL', async () => {
    const setTtl = (ttl: number) => place.server.exec(['sh', '-c', `echo ${ttl} > /proc/sys/net/ipv4/ip_default_ttl`]);
    setTtl(255);
    const capture = await startCapture(place.client);
    const one = start(toServer);
    await exchange(one);
    await one.silence(50);
    await capture.stop();
    setTtl(64);
    one.port.close();
    expect(capture.packets(`ip[8] = 255 and src port ${ECHO}`).length).toBeGreaterThan(2);
    expect(capture.packets(`${resetsFrom(place.clientAddress)} and src port ${one.port.port}`)).toEqual([]);
  });

  it('that is given back is the kernel’s again, which resets what still comes', async () => {
    const capture = await startCapture(place.client);
    const one = start({ ...toServer, destinationPort: CLOSE_LATER });
    await one.handshake();
    one.port.close();
    one.port.close();
    await new Promise((resolve) => setTimeout(resolve, 600));
    await capture.stop();
    expect(capture.packets(resetsFrom(place.clientAddress))).toHaveLength(1);
    expect(() => one.send({ flags: ACK })).toThrow('closed');
  });

  it('may be the same number as the peer’s', async () => {
    const one = start({ ...toServer, destinationPort: LIKE_OURS, sourcePort: LIKE_OURS });
    await one.handshake();
    await one.close();
    await one.silence(50);
    one.port.close();
  });

  it('does not hear itself on loopback', async () => {
    const one = start({ ...toServer, destination: address('127.0.0.1'), source: address('127.0.0.2') });
    one.send({ flags: SYN });
    const answer = await one.receive();
    expect(answer).toMatchObject({ sourcePort: ECHO, destinationPort: one.port.port, flags: SYN | ACK });
    one.send({ flags: RST });
    await one.silence(50);
    one.port.close();
  });

  it('hears its peer alone', async () => {
    const deaf = start(toServer);
    const near = start(toServer);
    const far = start({ ...toServer, destinationPort: SINK });
    await Promise.all([near.handshake(), far.handshake()]);
    for (const one of [near, far]) one.send({ flags: RST });
    await Promise.all([deaf, near, far].map((one) => one.silence(100)));
    for (const { port } of [deaf, near, far]) port.close();
  });

  it('gets large datagrams whole', async () => {
    const one = start({ ...toServer, destination: address('127.0.0.1') });
    await one.handshake();
    const payload = Buffer.alloc(60_000, 'x');
    one.send({ flags: ACK | PSH, payload });
    let received = 0;
    while (received < payload.length) {
      const { payload: echoed } = await one.receive();
      expect(Buffer.from(echoed).equals(payload.subarray(0, echoed.length))).toBe(true);
      received += echoed.length;
      one.send({ flags: ACK });
    }
    one.send({ flags: RST });
    one.port.close();
  });

  it('gets datagrams of its own, not views that the next one overwrites', async () => {
    const one = start({ ...toServer, destinationPort: 1 });
    for (let seq = 1; seq <= 100; seq++) one.send({ flags: SYN, seq: seq * 1000 });
    const acks: number[] = [];
    const arrivals: Arrival[] = [];
    for (let i = 0; i < 100; i++) arrivals.push(await one.arrival());
    for (const { datagram } of arrivals) acks.push(decodePacket(datagram).tcp?.ack as number);
    expect(acks).toEqual(Array.from({ length: 100 }, (_, i) => (i + 1) * 1000 + 1));
    const times = arrivals.map(({ atUs }) => atUs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    one.port.close();
  });

  it('counts what the kernel dropped because nobody read', async () => {
    const one = start({ ...toServer, destination: address('127.0.0.1'), destinationPort: 1 });
    expect(one.port.dropped).toBe(0);
    const count = 60_000;
    for (let i = 0; i < count; i++) one.send({ flags: SYN, seq: i });
    const { dropped } = one.port;
    expect(dropped).toBeGreaterThan(0);
    let received = 0;
    while (await one.port.next(network.clock.nowUs() + 100_000)) received++;
    // While the buffer is full, what the filter would reject is counted too.
    expect(received).toBeLessThan(count);
    expect(received + one.port.dropped).toBeGreaterThanOrEqual(count);
    one.port.close();
  });

  it('tells a wait that it is over when it is closed', async () => {
    const one = start(toServer);
    const next = one.port.next(Number.POSITIVE_INFINITY);
    one.port.close();
    expect(await next).toBeUndefined();
  });

  it('finds an answer that arrived in time though the event loop stood still', async () => {
    const one = start(toServer);
    one.send({ flags: SYN });
    const next = one.port.next(network.clock.nowUs() + 20_000);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    expect(await next).toBeDefined();
    one.send({ flags: RST });
    one.port.close();
  });

  it('shares an inbox with others, which finds what arrived though the event loop stood still', async () => {
    const inbox = network.openInbox();
    const ports = [start({ ...toServer, inbox }), start({ ...toServer, inbox })];
    for (const one of ports) one.send({ flags: SYN });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    const heard = [await inbox.next(0), await inbox.next(0)];
    expect(heard.map((arrival) => arrival?.port)).toEqual(ports.map(({ port }) => port));
    for (const one of ports) {
      one.send({ flags: RST });
      one.port.close();
    }
    expect(await inbox.next(network.clock.nowUs() + 1000)).toBeUndefined();
  });

  it('outlives its network', async () => {
    const one = start(toServer);
    network.close();
    await one.handshake();
    await one.close();
    one.port.close();
    expect(place.client.exec(['cat', '/proc/net/raw']).trim().split('\n')).toHaveLength(1);
  });

  it('keeps the sockets of its network for a second only', async () => {
    start(toServer).port.close();
    const sockets = (): number => place.client.exec(['cat', '/proc/net/raw']).trim().split('\n').length - 1;
    expect(sockets()).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(sockets()).toBe(0);
    const one = start(toServer);
    await one.handshake();
    one.send({ flags: RST });
    one.port.close();
  });

  it('leaves no descriptor behind', () => {
    // Sockets alone: pipes of the test runner come and go meanwhile. And by ourselves: whom we asked would have sockets to us.
    const descriptors = (): number => readdirSync('/proc/self/fd').filter(isSocket).length;
    start(toServer).port.close();
    const before = descriptors();
    for (let i = 0; i < 200; i++) start(toServer).port.close();
    expect(descriptors()).toBe(before);
  });
});

describeNeeding(['namespaces'], 'ICMP errors about what a port sent', () => {
  let place: Network;
  let moveBack: () => void;

  beforeAll(() => {
    place = createRouted();
    moveBack = moveInto(place.client);
  });
  afterAll(() => {
    moveBack();
    place.remove();
  });

  it('arrive with the quote, and at that port alone', async () => {
    place.router?.firewall('forward', 'tcp dport 81 reject with icmp type host-prohibited');
    const network = openKernelNetwork();
    const request = { destination: address(place.serverAddress), destinationPort: 81 };
    const other = new Conversation(network, network.openPort({ ...request, destinationPort: 82 }), request);
    const one = new Conversation(network, network.openPort(request), request);
    one.send({ flags: SYN, seq: 0x01020304 });
    const { icmp, ip } = decodePacket((await one.arrival()).datagram);
    expect(ip.source).toBe(address(place.gatewayAddress));
    expect(icmp && readIcmpError(icmp)).toMatchObject({ name: 'host-prohibited', tcp: { seq: 0x01020304, sourcePort: one.port.port } });
    await other.silence(50);
    for (const { port } of [one, other]) port.close();
    network.close();
  });
});
