/** The way between the ports and the wire, with the faults that were asked for. */
import { NetError } from '../../net/errors.ts';
import { copiesOf, type Faults } from '../../net/faults.ts';
import type { Departure } from '../../net/moment.ts';
import type { Arrival, Clock, ListeningPorts } from '../../net/network.ts';
import type { Random } from '../../net/random.ts';
import { TCP_CHECKSUM_OFFSET } from '../../wire/tcp.ts';
import type { ListenRequest } from './request.ts';

const isClean = ({ loss, duplicate, reorder, corrupt, delayUs, jitterUs }: Faults): boolean =>
  loss + duplicate + reorder + corrupt + delayUs + jitterUs === 0;

const headerLength = (datagram: Uint8Array): number => ((datagram[0] ?? 0) & 15) * 4;

export class Path {
  readonly #ports: ListeningPorts;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #sent: Faults | undefined;
  readonly #received: Faults | undefined;
  /** What is held back, by what calls it off. */
  readonly #held = new Set<() => void>();
  #late: Arrival[] = [];

  constructor(ports: ListeningPorts, { sentFaults, receivedFaults }: ListenRequest, clock: Clock, random: Random) {
    this.#ports = ports;
    this.#clock = clock;
    this.#random = random;
    this.#sent = isClean(sentFaults) ? undefined : sentFaults;
    this.#received = isClean(receivedFaults) ? undefined : receivedFaults;
  }

  /** As {@link ListeningPorts.send}. What is dropped has left for all that we know. */
  send(datagram: Uint8Array): Departure {
    if (this.#sent === undefined) return this.#ports.send(datagram);
    let departure: Departure | undefined;
    // Another address would be another host's, and nobody's checksum but TCP's is ours.
    const corruptible = { from: headerLength(datagram), to: datagram.length };
    for (const copy of copiesOf(datagram, this.#sent, this.#random, corruptible)) {
      if (copy.delayUs === 0) departure = this.#ports.send(copy.datagram);
      else this.#later(copy.delayUs, () => this.#sendLate(copy.datagram));
    }
    const atUs = this.#clock.nowUs();
    return departure ?? { atUs, handedOverAtUs: atUs, stamped: false, pending: false, wallSteps: 0 };
  }

  /** As {@link ListeningPorts.next}. */
  async next(deadlineUs: number): Promise<readonly Arrival[]> {
    const faults = this.#received;
    if (faults === undefined) return this.#ports.next(deadlineUs);
    const arrivals = this.#late.length > 0 ? [] : await this.#ports.next(deadlineUs);
    const now = this.#late;
    this.#late = [];
    for (const arrival of arrivals) {
      const { datagram } = arrival;
      // A checksum that was left to the network card protects nothing else.
      const checksum = headerLength(datagram) + TCP_CHECKSUM_OFFSET;
      const corruptible = { from: Math.min(checksum, datagram.length - 1), to: Math.min(checksum + 2, datagram.length) };
      for (const copy of copiesOf(datagram, faults, this.#random, corruptible)) {
        const late = { ...arrival, datagram: copy.datagram, atUs: arrival.atUs + copy.delayUs };
        if (copy.delayUs === 0) now.push(late);
        else {
          this.#later(copy.delayUs, () => {
            this.#late.push(late);
            this.#ports.wake();
          });
        }
      }
    }
    return now;
  }

  /** Lets go of what is held back. */
  close(): void {
    for (const cancel of this.#held) cancel();
    this.#held.clear();
  }

  #later(delayUs: number, callback: () => void): void {
    const cancel = this.#clock.setTimer(this.#clock.nowUs() + delayUs, () => {
      this.#held.delete(cancel);
      callback();
    });
    this.#held.add(cancel);
  }

  #sendLate(datagram: Uint8Array): void {
    try {
      this.#ports.send(datagram);
    } catch (error) {
      // As lost as on the wire.
      if (!(error instanceof NetError)) throw error;
    }
  }
}
