/** The ports that probes to one target leave from. */
import { NetError } from '../../net/errors.ts';
import type { Network, Port, PortRequest, SharedInbox } from '../../net/network.ts';
import { formatIpv4 } from '../../wire/address.ts';
import type { SegmentFlow } from '../segment-spec.ts';
import { Chain, type Link } from './chain.ts';
import type { Probe } from './probe.ts';
import { SegmentProbe } from './segment-probe.ts';
import type { Target } from './target.ts';

/** Probes that have other ports than one has, before it and after it. */
const APART = 1000;
/** More than can be unanswered and than lie between two uses of one. */
const MOST_PORTS = 2048;
/** How long a port is kept after its last probe, for answers that come late or again. */
const KEEP_US = 10_000_000;
/** Probes remembered for one port, for such answers. */
const MOST_OF_MANY = 2;
const MOST_OF_ONE = 64;

/** A port with the probes that have left from it, oldest first. */
export class Lease implements Link<Lease> {
  readonly probes: SegmentProbe[] = [];
  before: Lease | undefined;
  after: Lease | undefined;
  private readonly source: Probe['source'];
  lastUsedAtUs = 0;
  /** Of the pool's turns the one in which it was taken last. */
  turn = 0;

  constructor(
    readonly port: Port,
    readonly flow: SegmentFlow,
    private readonly target: Target,
    private readonly most: number,
  ) {
    const { route, port: sourcePort, guard } = port;
    this.source = {
      sourceAddress: formatIpv4(route.sourceAddress),
      sourcePort,
      interfaceName: route.interfaceName || undefined,
      guard,
    };
  }

  /** A probe to leave from here, in the place of the one that is the first to be forgotten. */
  nextProbe(nowUs: number): SegmentProbe {
    const { probes, target, source, most } = this;
    const probe = (probes.length >= most ? probes.shift() : undefined) ?? new SegmentProbe(target, source);
    probes.push(probe);
    this.lastUsedAtUs = nowUs;
    return probe;
  }

  /** Nobody waits for what would come for it. */
  get isFree(): boolean {
    return this.probes.at(-1)?.state !== 'waiting';
  }
}

/**
 * Each probe gets another port than the thousand before it had: a new one, or one that was used longer ago. So answers to a probe are told from those to others, and each goes its own way where paths are chosen by port.
 */
export class PortPool {
  /** From the one that was used longest ago. */
  readonly #leases = new Chain<Lease>();
  readonly #network: Network;
  readonly #target: Target;
  readonly #request: PortRequest;
  readonly #most: number;
  readonly #apart: number;
  #turn = 0;
  readonly #opened: (lease: Lease) => void;
  readonly #closed: (lease: Lease) => void;

  /**
   * @param share how many pools share the ports that there may be
   * @param isFixed one port for all
   */
  constructor(
    network: Network,
    target: Target,
    request: PortRequest & { inbox: SharedInbox },
    { share, isFixed }: { share: number; isFixed: boolean },
    { opened, closed }: { opened: (lease: Lease) => void; closed: (lease: Lease) => void },
  ) {
    this.#network = network;
    this.#target = target;
    this.#request = request;
    this.#most = isFixed ? 1 : Math.max(2, Math.floor(MOST_PORTS / share));
    this.#apart = Math.floor(APART / share);
    this.#opened = opened;
    this.#closed = closed;
  }

  /** @throws NetError where there is none to be had */
  take(nowUs: number): Lease {
    if (this.#most === 1) return this.#leases.oldest ?? this.#open();
    this.#closeOld(nowUs);
    const lease = this.#choose();
    lease.turn = ++this.#turn;
    this.#leases.delete(lease);
    this.#leases.add(lease);
    return lease;
  }

  close(): void {
    for (let { oldest } = this.#leases; oldest !== undefined; { oldest } = this.#leases) this.#close(oldest);
  }

  #choose(): Lease {
    const oldest = this.#oldestFree();
    if (oldest === undefined) return this.#open();
    if (this.#turn - oldest.turn >= this.#apart || this.#leases.size >= this.#most) return oldest;
    try {
      return this.#open();
    } catch (error) {
      // Where this machine has no more, one of ours must do.
      if (error instanceof NetError) return oldest;
      throw error;
    }
  }

  #open(): Lease {
    const { destination, destinationPort } = this.#request;
    const port = this.#network.openPort(this.#request);
    const flow = { source: port.route.sourceAddress, sourcePort: port.port, destination, destinationPort };
    const lease = new Lease(port, flow, this.#target, this.#most === 1 ? MOST_OF_ONE : MOST_OF_MANY);
    this.#leases.add(lease);
    this.#opened(lease);
    return lease;
  }

  #oldestFree(): Lease | undefined {
    let lease = this.#leases.oldest;
    while (lease !== undefined && !lease.isFree) lease = lease.after;
    return lease;
  }

  #closeOld(nowUs: number): void {
    for (let { oldest } = this.#leases; oldest?.isFree && nowUs - oldest.lastUsedAtUs >= KEEP_US; { oldest } = this.#leases) {
      this.#close(oldest);
    }
  }

  #close(lease: Lease): void {
    this.#leases.delete(lease);
    lease.port.close();
    this.#closed(lease);
  }
}
