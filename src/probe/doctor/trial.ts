/** A real connection on loopback, watched from below, and what the sockets of a probe have shown on the way. */
import { createClock } from '../../net/clock.ts';
import { NetError } from '../../net/errors.ts';
import { type PortRange, tcpFromPeers, tcpToPorts } from '../../net/filter.ts';
import { type GuardMeans, guardMeans } from '../../net/guard.ts';
import { openKernelNetwork } from '../../net/kernel.ts';
import type { Network } from '../../net/network.ts';
import { RECEIVE_BUFFER_BYTES, Receiver } from '../../net/receiver.ts';
import { LoopbackWatch } from '../../net/watch.ts';
import { parseIpv4 } from '../../wire/address.ts';
import type { ChecksumVerdict } from '../../wire/checksum.ts';
import { DecodeError } from '../../wire/errors.ts';
import { RST } from '../../wire/flags.ts';
import { PROTOCOL_TCP } from '../../wire/ipv4.ts';
import { decodePacket, type Packet, verifyTcpChecksum } from '../../wire/packet.ts';
import type { ConnectEvent, ConnectResult } from '../events.ts';

const LOOPBACK_TEXT = '127.0.0.1';
const LOOPBACK = parseIpv4(LOOPBACK_TEXT) as number;
const ALL_PORTS: PortRange = { low: 1, high: 0xffff };

/** Connects to a port on loopback, says a few bytes and closes; waits for no answer longer than a second. */
export type Converse = (network: Network, port: number, close: 'half' | 'reset') => AsyncIterable<ConnectEvent>;

/** What came of it; undefined for what could not be looked at. */
export interface Trial {
  means: GuardMeans;
  /** Of the connection. */
  result: ConnectResult;
  durationUs: number;
  /** Segments that left our port, and how many of them were RSTs that we did not send, as seen from below; undefined where nothing was. */
  seen: { segments: number; resets: number } | undefined;
  /** Datagrams that the filter of a raw socket let through: those of the peer, and others. */
  filtered: { wanted: number; unwanted: number };
  /** The kernel dates what arrives, and what leaves. */
  stamps: { receive: boolean; transmit: boolean | undefined };
  /** Of what arrived. */
  checksums: ReadonlySet<ChecksumVerdict>;
  receiveBuffer: { bytes: number; wantedBytes: number };
  /** Why a RST of ours could not be sent. */
  resetError: NetError | undefined;
}

/**
 * @param peerPort of a server on loopback that sends back what it gets, and closes once we do
 * @throws NetError where this machine can't begin
 */
export async function tryLoopback(peerPort: number, converse: Converse): Promise<Trial> {
  const network = openKernelNetwork();
  const watch = openWatch(peerPort);
  let receiver: Receiver | undefined;
  try {
    const arrivals: Uint8Array[] = [];
    receiver = new Receiver(
      PROTOCOL_TCP,
      createClock(),
      true,
      ({ datagram }) => arrivals.push(datagram),
      () => undefined,
    );
    receiver.setFilter(tcpFromPeers([{ address: LOOPBACK, port: peerPort, ...ALL_PORTS }]));
    const startedAtUs = network.clock.nowUs();
    const { result, sourcePort, isTransmitStamped, resetsSent } = await outcomeOf(converse(network, peerPort, 'half'));
    const durationUs = network.clock.nowUs() - startedAtUs;
    receiver.poll();
    const seen = watch && countSegments(watch.take(), sourcePort, resetsSent);
    const works = result.verdict === 'open' && result.error === undefined;
    return {
      means: guardMeans(),
      result,
      durationUs,
      seen,
      filtered: countFiltered(arrivals, peerPort),
      stamps: { receive: receiver.isStamped, transmit: works ? isTransmitStamped : undefined },
      checksums: checksumsOf(arrivals),
      receiveBuffer: { bytes: receiver.bufferBytes, wantedBytes: 2 * RECEIVE_BUFFER_BYTES },
      resetError: works ? (await outcomeOf(converse(network, peerPort, 'reset'))).result.error : undefined,
    };
  } finally {
    receiver?.close();
    watch?.close();
    network.close();
  }
}

interface Ended {
  result: ConnectResult;
  sourcePort: number;
  isTransmitStamped: boolean;
  resetsSent: number;
}

async function outcomeOf(events: AsyncIterable<ConnectEvent>): Promise<Ended> {
  let sourcePort = 0;
  let isTransmitStamped = false;
  let resetsSent = 0;
  let last: ConnectEvent | undefined;
  for await (const event of events) {
    if (event.type === 'start') {
      sourcePort = event.sourcePort;
      isTransmitStamped = event.clock.transmit === 'kernel';
    }
    if (event.type === 'segment' && event.direction === 'sent' && event.flags.includes('RST')) resetsSent++;
    last = event;
  }
  return { result: last as ConnectResult, sourcePort, isTransmitStamped, resetsSent };
}

/** Without one the connection still shows whether it was reset. */
function openWatch(peerPort: number): LoopbackWatch | undefined {
  try {
    return new LoopbackWatch(tcpToPorts({ low: peerPort, high: peerPort }));
  } catch (error) {
    if (error instanceof NetError) return undefined;
    throw error;
  }
}

/** What passes on loopback may be anybody's: what can't be read is not ours. */
function read(datagram: Uint8Array): Packet | undefined {
  try {
    return decodePacket(datagram);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function countSegments(datagrams: readonly Uint8Array[], sourcePort: number, resetsSent: number): Trial['seen'] {
  const ours = datagrams.map((datagram) => read(datagram)?.tcp).filter((tcp) => tcp?.sourcePort === sourcePort);
  if (ours.length === 0) return undefined;
  const resets = ours.filter((tcp) => tcp && tcp.flags & RST).length;
  // Each of them was seen twice, unless something swallowed it in between.
  return { segments: Math.ceil(ours.length / 2), resets: Math.max(0, Math.ceil(resets / 2) - resetsSent) };
}

function countFiltered(arrivals: readonly Uint8Array[], peerPort: number): Trial['filtered'] {
  const wanted = arrivals.filter((datagram) => read(datagram)?.tcp?.sourcePort === peerPort).length;
  return { wanted, unwanted: arrivals.length - wanted };
}

function checksumsOf(arrivals: readonly Uint8Array[]): Trial['checksums'] {
  const verdicts = arrivals.map((datagram) => {
    const packet = read(datagram);
    return packet && verifyTcpChecksum(packet.ip, datagram);
  });
  return new Set(verdicts.filter((verdict) => verdict !== undefined));
}
