/** Which pairs of host and port this run settles, and in what order: those of its shard that an earlier run has not settled. */
import { seededRandom } from '../../net/random.ts';
import type { Ipv4Address } from '../../wire/address.ts';
import { IntervalSet } from './intervals.ts';
import { ProbeOrder } from './permutation.ts';
import type { ScanRequest } from './request.ts';
import { type Shard, shardPlace, shardSize } from './shard.ts';

const WHOLE: Shard = { index: 1, count: 1 };

/** Places are counted from 0 to `count` - 1, in the order in which they are probed. */
export class Places {
  readonly count: number;
  readonly #addresses: IntervalSet;
  readonly #ports: IntervalSet;
  readonly #order: ProbeOrder;
  readonly #shard: Shard;
  /** Of the shard's places those that are left; undefined: all. */
  readonly #left: IntervalSet | undefined;

  constructor({ targets: { addresses }, ports, seed, shard = WHOLE, resume }: ScanRequest) {
    this.#addresses = addresses;
    this.#ports = ports;
    this.#order = new ProbeOrder(addresses.count, ports.count, seededRandom(seed));
    this.#shard = shard;
    const size = shardSize(shard, this.#order.count);
    if (resume !== undefined && size > 0) this.#left = IntervalSet.of([{ first: 0, last: size - 1 }]).minus(IntervalSet.of(resume.done));
    this.count = this.#left?.count ?? size;
  }

  /** Which pair is at a place: host × ports + port, both counted from 0. */
  pairAt(place: number): number {
    return this.#order.at(shardPlace(this.#shard, this.ofShard(place)));
  }

  /** Where in its shard a place is. */
  ofShard(place: number): number {
    return this.#left === undefined ? place : this.#left.at(place);
  }

  hostOf(pair: number): number {
    return Math.floor(pair / this.#ports.count);
  }

  addressOf(pair: number): Ipv4Address {
    return this.#addresses.at(this.hostOf(pair));
  }

  portOf(pair: number): number {
    return this.#ports.at(pair % this.#ports.count);
  }

  /** The place of a host's port; undefined where this run does not settle it. */
  placeOf(address: Ipv4Address, port: number): number | undefined {
    const host = this.#addresses.indexOf(address);
    const at = this.#ports.indexOf(port);
    if (host === undefined || at === undefined) return undefined;
    const { index, count } = this.#shard;
    const n = (this.#order.placeOf(host * this.#ports.count + at) - (index - 1)) / count;
    if (!Number.isInteger(n)) return undefined;
    return this.#left === undefined ? n : this.#left.indexOf(n);
  }
}
