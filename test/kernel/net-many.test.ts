/** Many datagrams by one call. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NetError } from '../../src/net/errors.ts';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Port, Network as RawNetwork } from '../../src/net/network.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { RST, SYN } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Network } from '../support/netns.ts';

const CLOSED_PORT = 81;

describeNeeding(['namespaces'], 'many datagrams at once', () => {
  let place: Network;
  let moveBack: () => void;
  let network: RawNetwork;
  let port: Port;
  let destination: number;

  beforeAll(() => {
    place = createPair();
    moveBack = moveInto(place.client);
    network = openKernelNetwork();
    destination = parseIpv4(place.serverAddress) as number;
    port = network.openPort({ destination, destinationPort: CLOSED_PORT });
  });
  afterAll(() => {
    port.close();
    network.close();
    moveBack();
    place.remove();
  });

  const syn = (seq: number, payloadLength = 0): Uint8Array =>
    encodePacket({
      ip: ipv4Header({ source: port.route.sourceAddress, destination, dontFragment: true }),
      tcp: tcpSegment({
        sourcePort: port.port,
        destinationPort: CLOSED_PORT,
        seq,
        flags: SYN,
        payload: new Uint8Array(payloadLength),
      }),
    });

  /** The acknowledgments of the RSTs that come. */
  async function answers(count: number): Promise<number[]> {
    const acks: number[] = [];
    while (acks.length < count) {
      const arrival = await port.next(network.clock.nowUs() + 2e6);
      if (arrival === undefined) break;
      const { tcp } = decodePacket(arrival.datagram);
      expect((tcp?.flags ?? 0) & RST).toBe(RST);
      acks.push(tcp?.ack ?? 0);
    }
    return acks;
  }

  it('leave in order, each answered, each dated by the kernel', async () => {
    const departures = [];
    for (let seq = 1; seq < 500; ) {
      const some = Array.from({ length: 500 - seq }, (_, i) => syn(seq + i));
      const left = port.sendMany(some);
      expect(left.length).toBeGreaterThan(0);
      departures.push(...left);
      seq += left.length;
    }
    expect(await answers(499)).toEqual(Array.from({ length: 499 }, (_, i) => i + 2));
    expect(departures.every(({ stamped }) => stamped)).toBe(true);
    const times = departures.map(({ atUs }) => atUs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('up to the first that is refused: that one is refused where it comes first', async () => {
    const tooLong = syn(1000, 1600);
    const some = [syn(1), syn(2), tooLong, syn(3)];
    const left = port.sendMany(some);
    expect(left).toHaveLength(2);
    expect(() => port.sendMany(some.slice(2))).toThrow(NetError);
    expect(port.sendMany(some.slice(3))).toHaveLength(1);
    expect(await answers(3)).toEqual([2, 3, 4]);
  });

  it('one that is too long for the batch goes by itself, or is refused', () => {
    expect(() => port.sendMany([syn(1, 4000)])).toThrow(/more than the MTU/);
  });

  it('none once the port is closed', () => {
    const other = network.openPort({ destination, destinationPort: CLOSED_PORT });
    other.close();
    expect(() => other.sendMany([syn(1)])).toThrow(/closed/);
  });
});
