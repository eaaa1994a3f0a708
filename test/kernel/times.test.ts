/** Every time that is told is the wire's: tcpdump's stamps of the same interface are the truth. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { NetError } from '../../src/net/errors.ts';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Departure } from '../../src/net/moment.ts';
import type { Network as RawNetwork } from '../../src/net/network.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { ACK, FIN, RST, SYN } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { startCapture } from '../support/capture.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, createRouted, type Network } from '../support/netns.ts';
import { readDatedPcap } from '../support/pcap.ts';
import { type Run, rawshake, startRawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';

/** What a busy machine may put between tcpdump's stamp and ours. The benchmark has the figures of a quiet one. */
const NEAR_US = 60;

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] as number;

interface Passed {
  atUs: number;
  tcp: TcpSegment;
}

describeNeeding(['namespaces'], 'times', () => {
  let network: Network;

  beforeAll(async () => {
    network = createPair();
    await startServers(network.server, { 7: 'echo' });
  });
  afterEach(() => network.client.openFirewall());
  afterAll(() => network.remove());

  /** Runs under the eyes of a precise capture. @returns what passed, by the port of ours */
  async function watched(runs: () => Promise<Run[]>): Promise<{ runs: Run[]; wire: Map<number, Passed[]> }> {
    const capture = await startCapture(network.client, 'any', undefined, ['--time-stamp-precision=nano']);
    const done = await runs();
    await capture.stop();
    const wire = new Map<number, Passed[]>();
    for (const { atUs, datagram } of readDatedPcap(capture.file)) {
      if (datagram[9] !== 6) continue;
      const { tcp } = decodePacket(datagram);
      if (tcp === undefined) continue;
      const port = tcp.destinationPort === 7 ? tcp.sourcePort : tcp.destinationPort;
      wire.set(port, [...(wire.get(port) ?? []), { atUs, tcp }]);
    }
    return { runs: done, wire };
  }

  it('of handshake, data and close are those of tcpdump', async () => {
    const { runs, wire } = await watched(async () => {
      const all: Run[] = [];
      for (let i = 0; i < 7; i++) {
        all.push(
          await rawshake(network.client, [
            'connect',
            network.serverAddress,
            '7',
            '--data',
            'hello',
            '--idle',
            '0.05',
            '--time-wait',
            '0',
            '--json',
          ]),
        );
      }
      return all;
    });
    const apart = { rtt: [] as number[], ack: [] as number[], firstByte: [] as number[], finAck: [] as number[] };
    for (const run of runs) {
      expect(run.of('start')[0]?.clock).toEqual({ transmit: 'kernel', receive: 'kernel' });
      expect(run.of('segment').filter(({ clock }) => clock !== undefined)).toEqual([]);
      const { rttUs, rttClock, data, close } = run.result;
      expect([rttClock, data?.clock]).toEqual(['kernel', 'kernel']);
      const passed = wire.get(run.of('start')[0]?.sourcePort ?? 0) ?? [];
      const at = (what: string, fits: (tcp: TcpSegment) => boolean): number => {
        const found = passed.find(({ tcp }) => fits(tcp));
        if (found === undefined) throw new Error(`tcpdump has not seen ${what}`);
        return found.atUs;
      };
      const ours = ({ destinationPort }: TcpSegment): boolean => destinationPort === 7;
      const synAt = at('SYN', ({ flags }) => flags === SYN);
      const synAckAt = at('SYN+ACK', ({ flags }) => flags === (SYN | ACK));
      const dataSegment = passed.find(({ tcp }) => ours(tcp) && tcp.payload.length > 0);
      const dataEnd = (dataSegment?.tcp.seq ?? 0) + 5;
      const finSegment = passed.find(({ tcp }) => ours(tcp) && tcp.flags & FIN);
      const finEnd = (finSegment?.tcp.seq ?? 0) + 1;
      const ackOf = (end: number) => at('the ACK', (tcp) => !ours(tcp) && tcp.ack === end >>> 0);
      const firstByteAt = at('data', (tcp) => !ours(tcp) && tcp.payload.length > 0);
      apart.rtt.push(Math.abs((rttUs ?? 0) - (synAckAt - synAt)));
      apart.ack.push(Math.abs((data?.ackUs ?? 0) - (ackOf(dataEnd) - (dataSegment?.atUs ?? 0))));
      apart.firstByte.push(Math.abs((data?.firstByteUs ?? 0) - (firstByteAt - (dataSegment?.atUs ?? 0))));
      apart.finAck.push(Math.abs((close?.finAckUs ?? 0) - (ackOf(finEnd) - (finSegment?.atUs ?? 0))));
      expect(data?.ackUs).toBeLessThanOrEqual(data?.firstByteUs as number);
    }
    for (const values of Object.values(apart)) expect(median(values)).toBeLessThan(NEAR_US);
  });

  it('of each of many segments are those of tcpdump', async () => {
    const { runs, wire } = await watched(async () => [
      await rawshake(network.client, [
        'send',
        network.serverAddress,
        '7',
        '--count',
        '300',
        '--interval',
        '0',
        '--timeout',
        '0.2',
        '--json',
      ]),
    ]);
    const run = runs[0] as Run;
    const sent = run.of('segment').filter(({ direction, note }) => direction === 'sent' && note === undefined);
    const passed = wire.get(run.of('start')[0]?.sourcePort ?? 0)?.filter(({ tcp }) => tcp.flags === SYN) ?? [];
    expect([sent.length, passed.length]).toEqual([300, 300]);
    const apart = sent.map(({ atUs }, i) => Math.abs(atUs - ((passed[i]?.atUs ?? 0) - (passed[0]?.atUs ?? 0))));
    expect(median(apart)).toBeLessThan(NEAR_US);
    expect(sent.filter(({ clock }) => clock !== undefined)).toEqual([]);
  });

  it.each(['connect', 'send'])('of %s are read by this process with --clock user', async (command) => {
    const run = await rawshake(network.client, [command, network.serverAddress, '7', '--clock', 'user', '--timeout', '0.3', '--json']);
    expect(run.of('start')[0]?.clock).toEqual({ transmit: 'user', receive: 'user' });
    expect(run.result).toMatchObject({ verdict: 'open', rttClock: 'user', rttUs: expect.any(Number) });
    expect(run.of('segment').filter(({ clock }) => clock !== undefined)).toEqual([]);
  });

  it('cost no answer where this process reads them: late to be read is not late to come', async () => {
    const options = ['--count', '5000', '--interval', '0', '--timeout', '0.2', '--clock', 'user', '--json'];
    const run = await rawshake(network.client, ['send', network.serverAddress, '8', ...options]);
    expect(run.result).toMatchObject({ verdict: 'closed', sent: 5000, received: 5000 });
  });

  it('have a fragment too: the last one completes the segment', async () => {
    const run = await rawshake(network.client, ['send', network.serverAddress, '7', '--fragment', '16', '--timeout', '0.3', '--json']);
    expect(run.result).toMatchObject({ verdict: 'open', rttClock: 'kernel' });
  });

  it.each([
    ['send', ['--timeout', '2']],
    ['connect', ['--close', 'reset', '--idle', '0']],
  ] as const)('of %s leave out the search for the neighbour, however long', async (command, options) => {
    const { client, server, serverAddress } = network;
    client.exec(['sh', '-c', 'echo 400 > /proc/sys/net/ipv4/neigh/eth0/retrans_time_ms']);
    client.exec(['ip', 'neigh', 'flush', 'all']);
    server.ip('link set eth0 arp off');
    const running = startRawshake(client, [command, serverAddress, '7', ...options, '--json']);
    try {
      await running.first('the start', ({ type }) => type === 'start');
    } finally {
      server.ip('link set eth0 arp on');
    }
    const run = await running.finished;
    // We did not wait for ever before we told of the start.
    expect(run.of('start')[0]?.clock.transmit).toBe('user');
    const heard = run.of('segment').find(({ direction }) => direction === 'received');
    expect(heard?.atUs).toBeGreaterThan(100_000);
    expect(run.result).toMatchObject({ verdict: 'open', rttClock: 'kernel' });
    expect(run.result.rttUs).toBeGreaterThan(0);
    expect(run.result.rttUs).toBeLessThan(20_000);
  });

  it('begin when the first segment has left, where the neighbour answers at once', async () => {
    network.client.exec(['ip', 'neigh', 'flush', 'all']);
    const { runs, wire } = await watched(async () => [
      await rawshake(network.client, ['send', network.serverAddress, '7', '--timeout', '0.2', '--json']),
    ]);
    const run = runs[0] as Run;
    const [syn, synAck] = wire.get(run.of('start')[0]?.sourcePort ?? 0) ?? [];
    expect(run.of('start')[0]?.clock.transmit).toBe('kernel');
    const wireUs = (synAck?.atUs ?? 0) - (syn?.atUs ?? 0);
    expect(Math.abs((run.result.rttUs ?? 0) - wireUs)).toBeLessThan(200);
    expect(run.of('segment')[1]?.atUs).toBeCloseTo(run.result.rttUs ?? 0, 2);
  });
});

describeNeeding(['namespaces'], 'stamps of a network', () => {
  let place: Network;
  let moveBack: () => void;
  let network: RawNetwork;

  beforeAll(() => {
    place = createRouted();
    moveBack = moveInto(place.client);
    network = openKernelNetwork();
  });
  afterAll(() => {
    network.close();
    moveBack();
    place.remove();
  });
  afterEach(() => {
    place.client.openFirewall();
    place.router?.openFirewall();
  });

  const sender = (destinationPort: number) => {
    const destination = parseIpv4(place.serverAddress) as number;
    const port = network.openPort({ destination, destinationPort });
    const datagram = (length = 0) =>
      encodePacket({
        ip: ipv4Header({ source: port.route.sourceAddress, destination }),
        tcp: tcpSegment({ sourcePort: port.port, destinationPort, flags: RST, payload: new Uint8Array(length) }),
      });
    return {
      close: () => port.close(),
      send: (length?: number): Departure => port.send(datagram(length)),
      sendMany: (count: number) => port.sendMany(Array.from({ length: count }, () => datagram())),
    };
  };

  const areStamped = (departures: readonly Departure[]): void => {
    expect(departures.every(({ stamped }) => stamped)).toBe(true);
    for (const { atUs, handedOverAtUs } of departures) {
      expect(atUs - handedOverAtUs).toBeGreaterThan(-3);
      // A busy machine may hold us up, but no stamp is another datagram's.
      expect(atUs - handedOverAtUs).toBeLessThan(20_000);
    }
    for (let i = 1; i < departures.length; i++) {
      expect((departures[i] as Departure).atUs).toBeGreaterThan((departures[i - 1] as Departure).atUs);
    }
  };

  it('are in step after sends that the firewall or the MTU refused', () => {
    place.client.firewall('output', 'tcp dport 81 drop');
    const [open, shut] = [sender(80), sender(81)];
    const refused: string[] = [];
    const departures: Departure[] = [];
    for (let i = 0; i < 300; i++) {
      departures.push(open.send());
      if (i % 3 === 2) continue;
      try {
        if (i % 3 === 0) shut.send();
        else open.send(3000);
      } catch (error) {
        refused.push((error as NetError).code);
      }
    }
    expect(refused).toHaveLength(200);
    expect(new Set(refused)).toEqual(new Set(['local-firewall', 'message-too-long']));
    areStamped(departures);
    open.close();
    shut.close();
  });

  it('come for each of thousands, sent one by one or by one call, and read at the end', () => {
    const port = sender(80);
    const departures = Array.from({ length: 2000 }, () => port.send());
    for (let i = 0; i < 40; i++) departures.push(...port.sendMany(50));
    expect(departures).toHaveLength(4000);
    areStamped(departures);
    port.close();
  });

  it('come where ICMP errors come back, and no send fails of them', async () => {
    place.router?.firewall('forward', 'tcp dport 82 reject with icmp host-unreachable');
    const port = sender(82);
    const departures: Departure[] = [];
    for (let i = 0; i < 200; i++) {
      departures.push(port.send());
      if (i % 20 === 0) await delay(5);
    }
    areStamped(departures);
    port.close();
  });
});
