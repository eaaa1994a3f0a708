/** Probes, put together by the batch: routed, their sequence numbers hashed, patched into the fan's memory, and sent. */
import { NetError } from '../../net/errors.ts';
import type { Fan, Outgoing } from '../../net/network.ts';
import type { Ipv4Address } from '../../wire/address.ts';
import { ACK, SYN } from '../../wire/flags.ts';
import { seqAdd } from '../../wire/seq.ts';
import { segLen } from '../../wire/tcp.ts';
import { Template } from '../../wire/template.ts';
import type { Question } from '../answer.ts';
import { drawKey } from '../block-cipher.ts';
import type { ProbeContext } from '../context.ts';
import { type Crafted, craft, drawNumbers, type SegmentSpec } from '../segment-spec.ts';
import { Cookies } from './cookie.ts';
import type { ScanRequest } from './request.ts';

/** Each attempt leaves from a port of its own, so that its answer tells which it was. */
const ATTEMPT_PORTS = 15;
/**
 * So does each question to a witness: where our RST to a SYN+ACK got lost, Linux answers the next SYN of the same four-tuple
 * only every 500 ms (net.ipv4.tcp_invalid_ratelimit).
 */
const WITNESS_PORTS = 16;
/** One more is for what asks about hosts. */
const ALL_PORTS = ATTEMPT_PORTS + WITNESS_PORTS + 1;

/** Networks of 256 whose way is remembered: a power of two. */
const ROUTES = 4096;
const ROUTE_BITS = 8;

/** Ethernet's: one probe is for every route. */
const MTU = 1500;

/** What of a probe differs, and what it is for. */
interface Draft<T> {
  address: Ipv4Address;
  port: number;
  source: Ipv4Address;
  sourcePort: number;
  purpose: T | undefined;
}

/** Probes that are put together, or on their way out. */
interface Batch<T> {
  /** Which of the fan's `outgoing` they lie in. */
  readonly outgoing: number;
  readonly drafts: readonly Draft<T>[];
  readonly seqs: Uint32Array;
  /** What lies in each slot. */
  readonly templates: (Template | undefined)[];
  count: number;
  isLeaving: boolean;
}

/** Who is told what comes of the probes. `T` is what they are for. */
export interface ProbeListener<T> {
  /** A probe is handed over, with this sequence number. */
  handed(purpose: T, seq: number): void;
  /** A probe of those handed over has left: the one in this slot. */
  left(outgoing: number, slot: number): void;
  /** This host could not send one of those handed over, and why. */
  refused(purpose: T, error: NetError): void;
}

export class Prober<T> {
  readonly fan: Fan;
  /** What goes out is made from it, but for the addresses. */
  readonly spec: SegmentSpec;
  /** The same for every probe; `seq`, and `ack` where it is one, are the cookie where they were not given. */
  readonly #asked = { flags: 0, seq: 0, ack: 0, end: 0 };
  /** Sequence numbers that a probe takes. */
  readonly #length: number;
  readonly #cookies: Cookies;
  readonly #numbers: ReturnType<typeof drawNumbers>;
  /** By source address. */
  readonly #templates = new Map<Ipv4Address, Template>();
  readonly #fields = { destination: 0, sourcePort: 0, destinationPort: 0, seq: 0, ack: 0, ipId: 0 };
  /** A memory of routes by network: which network is in a place, plus one, and the source address towards it. */
  readonly #routed = new Uint32Array(ROUTES);
  readonly #sources = new Uint32Array(ROUTES);
  readonly #batches: readonly Batch<T>[];
  readonly #mayBeside: boolean;
  #listener: ProbeListener<T> | undefined;
  #hasLeft = false;
  /** Who waits for a batch to have left. */
  #resolve: (() => void) | undefined;

  /**
   * @throws NetError where this host can't send at all
   * @throws EncodeError where the probe can't be put into bytes
   */
  constructor(request: ScanRequest, context: ProbeContext) {
    const { technique, source, sourcePort, interfaceName } = request;
    const flags = technique.flags;
    this.spec = { ...(flags & SYN ? { namedOptions: { preset: 'none', mss: 1460 } } : {}), ...request.spec, flags };
    this.#cookies = new Cookies(drawKey(context.random));
    this.#numbers = drawNumbers(context.random, MTU, () => 0);
    const { ip, tcp } = this.#craft(0);
    const template = new Template({ ip, tcp });
    this.#asked.flags = flags;
    this.#length = segLen(tcp);
    this.fan = context.network.openFan({
      source,
      sourcePort,
      sourcePorts: ALL_PORTS,
      interfaceName,
      datagramLength: template.length,
    });
    this.#batches = this.fan.outgoing.map(({ slots }, outgoing) => ({
      outgoing,
      drafts: Array.from({ length: slots }, () => ({ address: 0, port: 0, source: 0, sourcePort: 0, purpose: undefined })),
      seqs: new Uint32Array(slots),
      templates: new Array(slots).fill(undefined),
      count: 0,
      isLeaving: false,
    }));
    // A segment that is told must be told before its answer.
    this.#mayBeside = !request.segments;
  }

  /** To be called before anything is put. */
  set listener(listener: ProbeListener<T>) {
    this.#listener = listener;
  }

  /** How many more may be put now. */
  get room(): number {
    const batch = this.#free;
    return batch === undefined ? 0 : batch.drafts.length - batch.count;
  }

  get #free(): Batch<T> | undefined {
    return this.#batches.find(({ isLeaving }) => !isLeaving);
  }

  /** How many attempts can be told apart. */
  get attemptPorts(): number {
    return this.witnessPorts > 0 ? ATTEMPT_PORTS : Math.max(1, this.fan.sourcePorts - 1);
  }

  /** From which port an attempt leaves. @param attempt counted from 1 */
  portOf(attempt: number): number {
    return this.fan.sourcePort + ((attempt - 1) % this.attemptPorts);
  }

  /** How many ports there are for witnesses: all, or none. */
  get witnessPorts(): number {
    return this.fan.sourcePorts === ALL_PORTS ? WITNESS_PORTS : 0;
  }

  /** From which port a witness is asked. @param question counted from 0 */
  witnessPort(question: number): number {
    return this.fan.sourcePort + ATTEMPT_PORTS + (question % WITNESS_PORTS);
  }

  /** From which port hosts are asked about themselves: one of its own, if there is one. */
  get checkPort(): number {
    return this.fan.sourcePort + this.fan.sourcePorts - 1;
  }

  /**
   * Puts a probe into the batch; there must be room.
   * @throws NetError where there is no way to the address
   */
  put(address: Ipv4Address, port: number, sourcePort: number, purpose: T): void {
    const batch = this.#free as Batch<T>;
    const draft = batch.drafts[batch.count] as Draft<T>;
    draft.source = this.#sourceTowards(address);
    draft.address = address;
    draft.port = port;
    draft.sourcePort = sourcePort;
    draft.purpose = purpose;
    this.#cookies.put(batch.count, draft.source, sourcePort, address, port);
    batch.count++;
  }

  /** Makes the batch ready, so that it can be handed over in no time. */
  prepare(): void {
    const batch = this.#free;
    if (batch === undefined || batch.count === 0) return;
    this.#cookies.hash(batch.count, batch.seqs);
    for (let slot = 0; slot < batch.count; slot++) this.#patch(batch, slot);
  }

  /** Hands the prepared batch over: a full one to be sent beside this thread, as soon as one is known to leave. */
  flush(): void {
    const batch = this.#free;
    if (batch === undefined || batch.count === 0) return;
    for (let slot = 0; slot < batch.count; slot++)
      this.#listener?.handed((batch.drafts[slot] as Draft<T>).purpose as T, this.spec.seq ?? (batch.seqs[slot] as number));
    if (!this.#mayBeside || !this.#hasLeft || batch.count < batch.drafts.length) return this.#finish(batch, 0);
    batch.isLeaving = true;
    this.fan.sendBeside(batch.outgoing, batch.count, (sent) => {
      batch.isLeaving = false;
      this.#finish(batch, sent);
      this.#resolve?.();
      this.#resolve = undefined;
    });
  }

  /** Until another batch has left; at once where none is on its way. */
  async whenLeft(): Promise<void> {
    if (!this.#batches.some(({ isLeaving }) => isLeaving)) return;
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Sends what has not left. @param sent how many have */
  #finish(batch: Batch<T>, sent: number): void {
    for (let slot = 0; slot < batch.count; ) {
      try {
        const end = slot < sent ? sent : slot + this.fan.send(batch.outgoing, slot, batch.count - slot);
        this.#hasLeft = true;
        for (; slot < end; slot++) this.#listener?.left(batch.outgoing, slot);
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        const { address, purpose } = batch.drafts[slot] as Draft<T>;
        this.#listener?.refused(purpose as T, this.#bestWords(address, error));
        slot++;
      }
    }
    batch.count = 0;
  }

  /** A copy of what lies in a slot. */
  datagram(outgoing: number, slot: number): Uint8Array {
    const { bytes, offset, slotLength } = this.fan.outgoing[outgoing] as Outgoing;
    return bytes.slice(offset + slot * slotLength, offset + (slot + 1) * slotLength);
  }

  /** The sequence number of a probe that left, or would have. */
  seqOf(source: Ipv4Address, sourcePort: number, address: Ipv4Address, port: number): number {
    return this.spec.seq ?? this.#cookies.of(source, sourcePort, address, port);
  }

  /** What a probe with this sequence number asks. The same object each time. */
  askedWith(seq: number): Question {
    this.#asked.seq = seq;
    this.#asked.ack = this.#ackOf(seq);
    this.#asked.end = seqAdd(seq, this.#length);
    return this.#asked;
  }

  /** Gives the ports back when all that was handed over has left. */
  async close(): Promise<void> {
    while (this.#batches.some(({ isLeaving }) => isLeaving)) await this.whenLeft();
    this.fan.close();
  }

  #craft(source: Ipv4Address): Pick<Crafted, 'ip' | 'tcp'> {
    const { ip, tcp } = craft(this.spec, { source, sourcePort: 0, destination: 0, destinationPort: 0 }, this.#numbers);
    return { ip, tcp: { ...tcp, checksum: this.spec.checksum === undefined ? undefined : tcp.checksum } };
  }

  #ackOf(seq: number): number {
    return this.spec.ack ?? (this.#asked.flags & ACK ? seq : 0);
  }

  #patch(batch: Batch<T>, slot: number): void {
    const { address, port, source, sourcePort } = batch.drafts[slot] as Draft<T>;
    const { bytes, offset, slotLength } = this.fan.outgoing[batch.outgoing] as Outgoing;
    const at = offset + slot * slotLength;
    const template = this.#templateFor(source);
    if (batch.templates[slot] !== template) {
      template.copyTo(bytes, at);
      batch.templates[slot] = template;
    }
    const hash = batch.seqs[slot] as number;
    const fields = this.#fields;
    fields.destination = address;
    fields.destinationPort = port;
    fields.sourcePort = sourcePort;
    fields.seq = this.spec.seq ?? hash;
    fields.ack = this.#ackOf(fields.seq);
    // Never the zero that the kernel would replace.
    fields.ipId = this.spec.ipId ?? 1 + (hash % 0xffff);
    template.patch(bytes, at, fields);
  }

  #templateFor(source: Ipv4Address): Template {
    let template = this.#templates.get(source);
    if (template === undefined) {
      template = new Template(this.#craft(source));
      this.#templates.set(source, template);
    }
    return template;
  }

  #sourceTowards(address: Ipv4Address): Ipv4Address {
    const network = address >>> ROUTE_BITS;
    const place = network % ROUTES;
    if (this.#routed[place] !== network + 1) {
      this.#sources[place] = this.fan.routeTo(address).sourceAddress;
      this.#routed[place] = network + 1;
    }
    return this.#sources[place] as number;
  }

  /** What was refused for an address that has no way may be said more clearly of the route than of the send. */
  #bestWords(address: Ipv4Address, error: NetError): NetError {
    if (error.code !== 'no-route') return error;
    try {
      this.fan.routeTo(address);
      return error;
    } catch (better) {
      return better instanceof NetError ? better : error;
    }
  }
}
