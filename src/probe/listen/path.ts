/** The way between the ports and the wire, with the faults that were asked for. */
import { NetError } from '../../net/errors.ts';
import { type Copy, copiesOf, type Faults } from '../../net/faults.ts';
import type { Departure } from '../../net/moment.ts';
import type { Arrival, Clock, ListeningPorts } from '../../net/network.ts';
import type { Random } from '../../net/random.ts';
import { TCP_CHECKSUM_OFFSET } from '../../wire/tcp.ts';
import type { ListenRequest } from './request.ts';

const isClean = ({ loss, duplicate, reorder, corrupt, delayUs, jitterUs }: Faults): boolean =>
  loss + duplicate + reorder + corrupt + delayUs + jitterUs === 0;

const headerLength = (datagram: Uint8Array): number => ((datagram[0] ?? 0) & 15) * 4;

/** Of datagrams that are held back, and of what it takes to hold one. */
const MOST_HELD_BYTES = 32 << 20;
const HOLDING_BYTES = 500;

export class Path {
  readonly #ports: ListeningPorts;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #sent: Faults | undefined;
  readonly #received: Faults | undefined;
  /** What is held back, by what calls it off. */
  readonly #held = new Set<() => void>();
  #heldBytes = 0;
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
      else this.#later(copy, () => sendOrLose(() => this.#ports.send(copy.datagram)));
    }
    const atUs = this.#clock.nowUs();
    return departure ?? { atUs, handedOverAtUs: atUs, stamped: false, pending: false, wallSteps: 0 };
  }

  /** As {@link ListeningPorts.sendMany}. */
  sendMany(datagrams: readonly Uint8Array[]): void {
    if (this.#sent === undefined) return this.#ports.sendMany(datagrams);
    for (const datagram of datagrams) sendOrLose(() => this.send(datagram));
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
          this.#later(copy, () => {
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

  #later({ datagram, delayUs }: Copy, callback: () => void): void {
    const bytes = datagram.length + HOLDING_BYTES;
    // As a router whose queue is full.
    if (this.#heldBytes + bytes > MOST_HELD_BYTES) return;
    this.#heldBytes += bytes;
    const cancel = this.#clock.setTimer(this.#clock.nowUs() + delayUs, () => {
      this.#held.delete(cancel);
      this.#heldBytes -= bytes;
      callback();
    });
    this.#held.add(cancel);
  }
}

/** What this host can't send is as lost as on the wire. */
function sendOrLose(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
  }
}
