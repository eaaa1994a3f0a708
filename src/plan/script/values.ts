/** Names and the numbers that they stand for while a script runs. */
import type { Pattern, Sum } from './model.ts';

/** A name that has no value: the line that captures it may be one that need not be met. */
export class UnknownName extends Error {
  override readonly name = 'UnknownName';
  constructor(readonly unknown: string) {
    super(`$${unknown} has no value`);
  }
}

export class Values {
  readonly #values = new Map<string, number>();

  set(name: string, value: number): void {
    this.#values.set(name, value);
  }

  get all(): Record<string, number> {
    return Object.fromEntries(this.#values);
  }

  /** @throws UnknownName */
  evaluate({ constant, names }: Sum): number {
    let value = constant;
    for (const { name, sign } of names) {
      const term = this.#values.get(name);
      if (term === undefined) throw new UnknownName(name);
      value += sign * term;
    }
    return value;
  }

  /** Whether a value is as the pattern says. @throws UnknownName */
  fits(pattern: Pattern, value: number): boolean {
    if (pattern.type === 'exact') return value === this.evaluate(pattern.value);
    if (pattern.type === 'range') return value >= this.evaluate(pattern.low) && value <= this.evaluate(pattern.high);
    return true;
  }

  /** The same for numbers of 32 bits that wrap. @throws UnknownName */
  fits32(pattern: Pattern, value: number): boolean {
    if (pattern.type === 'exact') return value >>> 0 === this.evaluate(pattern.value) >>> 0;
    if (pattern.type !== 'range') return true;
    const low = this.evaluate(pattern.low);
    return (value - low) >>> 0 <= this.evaluate(pattern.high) - low;
  }

  /** What a pattern asks for, in words. @param wraps as a sequence number does @throws UnknownName */
  describe(pattern: Pattern, wraps = false): string {
    switch (pattern.type) {
      case 'exact':
        return this.#describeSum(pattern.value, wraps);
      case 'range':
        return `${this.#describeSum(pattern.low, wraps)}~${this.#describeSum(pattern.high, wraps)}`;
      case 'any':
        return '*';
      case 'capture':
        return `?${pattern.name}`;
    }
  }

  #describeSum(sum: Sum, wraps: boolean): string {
    const value = wraps ? this.evaluate(sum) >>> 0 : this.evaluate(sum);
    if (sum.names.length === 0) return String(value);
    const names = sum.names.map(({ name, sign }, i) => `${sign < 0 ? '-' : i === 0 ? '' : '+'}$${name}`).join('');
    const { constant } = sum;
    return `${value} (${names}${constant === 0 ? '' : constant < 0 ? constant : `+${constant}`})`;
  }
}
