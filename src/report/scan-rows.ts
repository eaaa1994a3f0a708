/** Ports that a scan found and that are to be listed, by the hundred thousand in a few bytes each, until they are shown. */
import type { PortEvent, ProxiedReason } from '../probe/events.ts';
import { formatIpv4, type Ipv4Address, parseIpv4 } from '../wire/address.ts';

/** What a table has of a port. */
export type PortRow = Omit<PortEvent, 'type' | 'atUs' | 'lastSentAtUs'>;

/** What many ports have in common. */
type Finding = Pick<PortRow, 'verdict' | 'reason' | 'from' | 'proxied' | 'proxiedReason'>;

const FIRST_CAPACITY = 256;

export class PortRows implements Iterable<PortRow> {
  #length = 0;
  #address = new Uint32Array(FIRST_CAPACITY);
  #port = new Uint16Array(FIRST_CAPACITY);
  #finding = new Uint32Array(FIRST_CAPACITY);
  /** NaN: none. */
  #rttUs = new Float64Array(FIRST_CAPACITY);
  /** -1: none. */
  #ttl = new Int16Array(FIRST_CAPACITY);
  #attempts = new Uint16Array(FIRST_CAPACITY);
  readonly #findings: Finding[] = [];
  readonly #findingIndex = new Map<string, number>();
  #order: Uint32Array | undefined;

  get length(): number {
    return this.#length;
  }

  add({ address, port, rttUs, ttl, attempts, verdict, reason, from, proxied, proxiedReason }: PortRow): void {
    if (this.#length === this.#port.length) this.#grow();
    const i = this.#length++;
    this.#order = undefined;
    this.#address[i] = parseIpv4(address) as Ipv4Address;
    this.#port[i] = port;
    this.#finding[i] = this.#indexOf({ verdict, reason, from, proxied, proxiedReason });
    this.#rttUs[i] = rttUs ?? Number.NaN;
    this.#ttl[i] = ttl ?? -1;
    this.#attempts[i] = attempts;
  }

  clear(): void {
    this.#length = 0;
    this.#order = undefined;
  }

  /** By address and port. */
  *[Symbol.iterator](): Generator<PortRow> {
    for (const i of this.#sorted()) yield this.#at(i);
  }

  /** Which hosts have so many rows, or more, that say the same. */
  hostsWith(proxiedReason: ProxiedReason, least: number): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    if (this.#findings.some((finding) => finding.proxiedReason === proxiedReason))
      for (const row of this) if (row.proxiedReason === proxiedReason) counts.set(row.address, (counts.get(row.address) ?? 0) + 1);
    return new Map([...counts].filter(([, count]) => count >= least));
  }

  #sorted(): Uint32Array {
    const [address, port] = [this.#address, this.#port];
    this.#order ??= Uint32Array.from({ length: this.#length }, (_, i) => i).sort(
      (a, b) => (address[a] as number) - (address[b] as number) || (port[a] as number) - (port[b] as number),
    );
    return this.#order;
  }

  /** Field by field: copied with others an object takes several times as long. */
  #at(i: number): PortRow {
    const { verdict, reason, from, proxied, proxiedReason } = this.#findings[this.#finding[i] as number] as Finding;
    const [rttUs, ttl] = [this.#rttUs[i] as number, this.#ttl[i] as number];
    return {
      address: formatIpv4(this.#address[i] as number),
      port: this.#port[i] as number,
      verdict,
      reason,
      from,
      proxied,
      proxiedReason,
      rttUs: Number.isNaN(rttUs) ? undefined : rttUs,
      ttl: ttl < 0 ? undefined : ttl,
      attempts: this.#attempts[i] as number,
    };
  }

  #indexOf(finding: Finding): number {
    const { verdict, reason, from, proxied, proxiedReason } = finding;
    const key = `${verdict} ${reason} ${from} ${proxied} ${proxiedReason}`;
    let index = this.#findingIndex.get(key);
    if (index === undefined) {
      index = this.#findings.push(finding) - 1;
      this.#findingIndex.set(key, index);
    }
    return index;
  }

  #grow(): void {
    const larger = <T extends { length: number; set(from: T): void }>(make: new (length: number) => T, from: T): T => {
      const to = new make(from.length * 2);
      to.set(from);
      return to;
    };
    this.#address = larger(Uint32Array, this.#address);
    this.#port = larger(Uint16Array, this.#port);
    this.#finding = larger(Uint32Array, this.#finding);
    this.#rttUs = larger(Float64Array, this.#rttUs);
    this.#ttl = larger(Int16Array, this.#ttl);
    this.#attempts = larger(Uint16Array, this.#attempts);
  }
}
