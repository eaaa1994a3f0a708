import { icmpAboutAnyTcp, icmpAboutPorts, type PortRange, type Program, tcpFromPeers, tcpToPorts } from './filter.ts';
import type { Flow } from './flow.ts';
import type { PortRequest } from './network.ts';

/** A longer list would cost each packet of the host more than it saves us. */
const MOST_PEERS = 32;

const contains = ({ low, high }: PortRange, port: number): boolean => low <= port && port <= high;
const union = (a: PortRange, b: PortRange): PortRange => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) });
const widen = ({ low, high }: PortRange, port: number): PortRange => ({ low: Math.min(low, port), high: Math.max(high, port) });

const peerKey = ({ peerAddress, peerPort }: Flow): number => peerAddress * 0x10000 + peerPort;

/** Programs to be installed because the present ones let in too little; undefined where they do. */
export interface NewFilters {
  tcp: Program | undefined;
  icmp: Program | undefined;
}

/**
 * What the filters of the receiving sockets let in. A new one costs more than anything else about a port, so they
 * are only ever widened: the first port towards a peer is let in alone, the next one lets in all the ports that the
 * kernel gives. Peers without an open port go when the list is made anew.
 */
export class Intake {
  private readonly given: PortRange;
  /** How many flows are open towards each peer. */
  private readonly flows = new Map<number, number>();
  /** Our ports that each peer may speak to. */
  private ranges = new Map<number, PortRange>();
  /** Our ports that everybody may speak to, where there are too many peers to list. */
  private everybody: PortRange | undefined;
  /** Our ports that an ICMP error may quote; all TCP is let in where somebody takes any quote. */
  private icmp: PortRange | undefined;
  private anyQuotes = false;

  /** @param given the ports that the kernel gives to who does not ask for one */
  constructor(given: PortRange) {
    this.given = given;
  }

  /** @param quotes which ICMP errors it wants */
  add(flow: Flow, quotes: PortRequest['quotes'] = 'own'): NewFilters {
    const peer = peerKey(flow);
    this.flows.set(peer, (this.flows.get(peer) ?? 0) + 1);
    return { tcp: this.admitTcp(peer, flow.port), icmp: this.admitIcmp(flow.port, quotes === 'any') };
  }

  delete(flow: Flow): void {
    const peer = peerKey(flow);
    const left = (this.flows.get(peer) ?? 0) - 1;
    if (left > 0) this.flows.set(peer, left);
    else this.flows.delete(peer);
  }

  private admitTcp(peer: number, port: number): Program | undefined {
    const range = this.everybody ?? this.ranges.get(peer);
    if (range && contains(range, port)) return undefined;
    const ranges = new Map<number, PortRange>();
    for (const known of this.flows.keys()) ranges.set(known, this.ranges.get(known) ?? this.everybody ?? { low: port, high: port });
    ranges.set(peer, range ? widen(union(range, this.given), port) : { low: port, high: port });
    this.ranges = ranges;
    this.everybody = ranges.size > MOST_PEERS ? [...ranges.values()].reduce(union, this.given) : undefined;
    if (this.everybody) return tcpToPorts(this.everybody);
    return tcpFromPeers(
      [...ranges].map(([key, { low, high }]) => ({ address: Math.floor(key / 0x10000), port: key % 0x10000, low, high })),
    );
  }

  private admitIcmp(port: number, anyQuotes: boolean): Program | undefined {
    if (this.anyQuotes) return undefined;
    if (anyQuotes) {
      this.anyQuotes = true;
      return icmpAboutAnyTcp;
    }
    if (this.icmp && contains(this.icmp, port)) return undefined;
    this.icmp = widen(this.icmp ?? this.given, port);
    return icmpAboutPorts(this.icmp);
  }
}
