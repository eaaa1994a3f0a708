/**
 * The order of a scan: all pairs of host and port, each once, shuffled by a key and computed place by place, in memory that
 * does not grow with them.
 */
import { mix32, type Random } from '../../net/random.ts';

/**
 * A keyed permutation of 0 … size-1, or rather a family of them, one for each tweak.
 *
 * It is a Feistel network over the least power of two that holds them all, which is less than twice as many: a value that
 * falls outside goes through again until it does not (cycle walking: Black and Rogaway, "Ciphers with arbitrary finite
 * domains", CT-RSA 2002). Four rounds are what Luby and Rackoff need of random functions; ours are mix32, in which each
 * bit of the input turns each bit of the output as often as not, keyed by exclusive or. That is no secret against who sees
 * the order, nor need it be: it must look like no order to hosts, routers and rate limits. What nobody may guess is in
 * cookie.ts.
 */
class Permutation {
  readonly #rightBits: number;
  readonly #leftMask: number;
  readonly #rightMask: number;
  readonly #keys: readonly [number, number, number, number];

  /** @param size 1 … 2^32 */
  constructor(
    readonly size: number,
    random: Random,
  ) {
    const bits = Math.ceil(Math.log2(size));
    this.#rightBits = bits >>> 1;
    this.#rightMask = 2 ** this.#rightBits - 1;
    this.#leftMask = 2 ** (bits - this.#rightBits) - 1;
    this.#keys = [random.uint32() | 0, random.uint32() | 0, random.uint32() | 0, random.uint32() | 0];
  }

  /** The value at a place. @param tweak 0 … 2^32-1 */
  at(place: number, tweak: number): number {
    const mixed = mix32(tweak);
    let value = place;
    do value = this.#encipher(value, mixed);
    while (value >= this.size);
    return value;
  }

  /** The place of a value. */
  placeOf(value: number, tweak: number): number {
    const mixed = mix32(tweak);
    let place = value;
    do place = this.#decipher(place, mixed);
    while (place >= this.size);
    return place;
  }

  #encipher(value: number, tweak: number): number {
    const [first, second, third, fourth] = this.#keys;
    let left = value >>> this.#rightBits;
    let right = value & this.#rightMask;
    left ^= mix32(right ^ tweak ^ first) & this.#leftMask;
    right ^= mix32(left ^ tweak ^ second) & this.#rightMask;
    left ^= mix32(right ^ tweak ^ third) & this.#leftMask;
    right ^= mix32(left ^ tweak ^ fourth) & this.#rightMask;
    return ((left << this.#rightBits) | right) >>> 0;
  }

  #decipher(value: number, tweak: number): number {
    const [first, second, third, fourth] = this.#keys;
    let left = value >>> this.#rightBits;
    let right = value & this.#rightMask;
    right ^= mix32(left ^ tweak ^ fourth) & this.#rightMask;
    left ^= mix32(right ^ tweak ^ third) & this.#leftMask;
    right ^= mix32(left ^ tweak ^ second) & this.#rightMask;
    left ^= mix32(right ^ tweak ^ first) & this.#leftMask;
    return ((left << this.#rightBits) | right) >>> 0;
  }
}

/**
 * The order in which pairs of host and port are probed: a permutation of 0 … hosts × ports - 1, where the pair of host h
 * and port p, counted from 0, is h × ports + p.
 *
 * It goes in rounds: each probes every host once, in an order of the round's own, and each host's ports come in an order of
 * the host's own. So no host is hit in a burst: among any as many consecutive probes as there are hosts, none has more than
 * two, where an order drawn from all pairs at once would now and then give one host ten.
 */
export class ProbeOrder {
  /** How many pairs there are: up to 2^48. */
  readonly count: number;
  readonly #hosts: number;
  readonly #ports: number;
  readonly #hostOrder: Permutation;
  readonly #portOrder: Permutation;

  /**
   * @param hosts 1 … 2^32
   * @param ports 1 … 2^16
   * @param random gives the key: the same numbers, the same order
   */
  constructor(hosts: number, ports: number, random: Random) {
    this.count = hosts * ports;
    this.#hosts = hosts;
    this.#ports = ports;
    this.#hostOrder = new Permutation(hosts, random);
    this.#portOrder = new Permutation(ports, random);
  }

  /** The pair at a place. @throws RangeError outside of 0 … count-1 */
  at(place: number): number {
    this.#check(place);
    const hosts = this.#hosts;
    const round = Math.floor(place / hosts);
    const host = this.#hostOrder.at(place - round * hosts, round);
    return host * this.#ports + this.#portOrder.at(round, host);
  }

  /** The place of a pair. @throws RangeError outside of 0 … count-1 */
  placeOf(pair: number): number {
    this.#check(pair);
    const ports = this.#ports;
    const host = Math.floor(pair / ports);
    const round = this.#portOrder.placeOf(pair - host * ports, host);
    return round * this.#hosts + this.#hostOrder.placeOf(host, round);
  }

  /** From outside, cycle walking need never come in. */
  #check(index: number): void {
    if (!(index >= 0 && index < this.count)) throw new RangeError(`${index} is outside of 0 … ${this.count - 1}`);
  }
}
