/** `${name}` in the texts of a plan. */
import { nearest, quote } from '../options/values.ts';
import type { Scalar, Source } from './tree.ts';

/** `${name}`; `$${` is a dollar sign and a brace. */
const REFERENCE = /\$(\$)?\{([^}]*)\}/g;
const NAME = /^[A-Za-z_][\w-]*$/;

/** In characters, of all that one text refers to. */
const LONGEST_VALUES = 1 << 20;
/** Variables that refer to the next one. */
const LONGEST_CHAIN = 100;

/** @param at where the name stands @throws PlanError */
export function checkVariableName(name: string, at: number, source: Source): void {
  if (!NAME.test(name)) throw source.error(at, `${quote(name)} can't name a variable`, 'letters, digits, - and _, a letter first');
}

/** A value that may refer to others: resolved when it is first asked for. */
type Lazy = { text: string } | { scalar: Scalar };

export class Variables {
  readonly #known = new Map<string, Lazy>();
  readonly #open: string[] = [];

  constructor(
    private readonly source: Source,
    /** Where other names are looked for. */
    private readonly outer?: Variables,
  ) {}

  /** With a value that is taken as it stands. */
  set(name: string, text: string): void {
    this.#known.set(name, { text });
  }

  /** With a value that stands in the plan, and may refer to others. */
  define(name: string, scalar: Scalar): void {
    this.#known.set(name, { scalar });
  }

  has(name: string): boolean {
    return this.#known.has(name) || (this.outer?.has(name) ?? false);
  }

  names(): string[] {
    return [...new Set([...this.#known.keys(), ...(this.outer?.names() ?? [])])];
  }

  /** @throws PlanError where a name that was defined refers to what there is not, or to itself */
  check(name: string, scalar: Scalar): void {
    this.#valueOf(name, scalar, 0);
  }

  /** The text of a scalar with all that it refers to put in. @throws PlanError */
  text(scalar: Scalar): string {
    if (typeof scalar.value !== 'string' || !scalar.text.includes('${')) return scalar.text;
    let length = 0;
    return scalar.text.replace(REFERENCE, (whole, escaped: string | undefined, name: string, at: number) => {
      if (escaped !== undefined) return whole.slice(1);
      const value = this.#valueOf(name.trim(), scalar, at);
      length += value.length;
      if (length > LONGEST_VALUES) throw this.source.error(scalar.at, `variables put in make it longer than ${LONGEST_VALUES} characters`);
      return value;
    });
  }

  #valueOf(name: string, user: Scalar, at: number): string {
    const known = this.#known.get(name);
    const place = user.textAt === undefined ? user.at : user.textAt + at;
    if (known === undefined) {
      if (this.outer !== undefined) return this.outer.#valueOf(name, user, at);
      const near = nearest(name, this.names());
      throw this.source.error(
        place,
        `${quote(`\${${name}}`)} is not set`,
        near === undefined ? 'name it under vars' : `did you mean \${${near}}?`,
      );
    }
    if ('text' in known) return known.text;
    if (this.#open.includes(name)) {
      const circle = [...this.#open.slice(this.#open.indexOf(name)), name].join(' -> ');
      throw this.source.error(place, `variables refer to each other in a circle: ${circle}`, 'give one of them a value of its own');
    }
    if (this.#open.length >= LONGEST_CHAIN)
      throw this.source.error(place, `more than ${LONGEST_CHAIN} variables that refer to each other in a row`);
    if (known.scalar.value === null)
      throw this.source.error(known.scalar.at, `${quote(name)} has no value`, `give one with --var ${name}=VALUE`);
    this.#open.push(name);
    try {
      const text = this.text(known.scalar);
      this.#known.set(name, { text });
      return text;
    } finally {
      this.#open.pop();
    }
  }
}
