/**
 * Ports that have answered and are asked again, to see what gets lost now: among ports of which nothing is known, loss and
 * silence look the same.
 */
import type { Ipv4Address } from '../../wire/address.ts';

/** More than these would tell no more. */
const MOST_WITNESSES = 64;
/** Of the ports that answer every so many-th takes the place of an older one. */
const EVERY = 16;

export interface Witness {
  readonly address: Ipv4Address;
  readonly port: number;
  /** When it was asked; undefined while it is not. */
  askedAtUs: number | undefined;
  /** How often it was asked before. */
  questions: number;
}

export class Witnesses {
  readonly #all: Witness[] = [];
  #answers = 0;
  #turn = 0;

  get any(): boolean {
    return this.#all.length > 0;
  }

  /** A port has answered. */
  add(address: Ipv4Address, port: number): void {
    const count = this.#answers++;
    if (count < MOST_WITNESSES) this.#all.push({ address, port, askedAtUs: undefined, questions: 0 });
    else if (count % EVERY === 0) {
      const place = (count / EVERY) % MOST_WITNESSES;
      if (this.#all[place]?.askedAtUs === undefined) this.#all[place] = { address, port, askedAtUs: undefined, questions: 0 };
    }
  }

  /** The next to be asked; undefined where all are. */
  ask(nowUs: number): Witness | undefined {
    for (let tries = this.#all.length; tries > 0; tries--) {
      const witness = this.#all[this.#turn++ % this.#all.length] as Witness;
      if (witness.askedAtUs !== undefined) continue;
      witness.askedAtUs = nowUs;
      return witness;
    }
    return undefined;
  }

  /** One that is asked; undefined where it is not. */
  find(address: Ipv4Address, port: number): Witness | undefined {
    return this.#all.find((each) => each.askedAtUs !== undefined && each.address === address && each.port === port);
  }

  /** One has answered, or will not. */
  done(witness: Witness): void {
    witness.askedAtUs = undefined;
    witness.questions++;
  }

  /** @returns how many did not answer in their time */
  expire(nowUs: number, patienceUs: number): number {
    let lost = 0;
    for (const witness of this.#all) {
      if (witness.askedAtUs === undefined || nowUs - witness.askedAtUs < patienceUs) continue;
      this.done(witness);
      lost++;
    }
    return lost;
  }
}
