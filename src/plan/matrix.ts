/** A test for each combination of a matrix' values. */

/** Values by name. */
export type Combination = ReadonlyMap<string, string>;

/** The combinations, the last name's values changing fastest; of no names the one that is empty. */
export function* combinations(values: readonly (readonly [name: string, values: readonly string[]])[]): Generator<Combination> {
  const total = sizeOf(values);
  for (let index = 0; index < total; index++) {
    const combination: [string, string][] = [];
    let rest = index;
    for (const [name, texts] of [...values].reverse()) {
      combination.unshift([name, texts[rest % texts.length] as string]);
      rest = Math.floor(rest / texts.length);
    }
    yield new Map(combination);
  }
}

/** How many combinations there are. */
export const sizeOf = (values: readonly (readonly [string, readonly string[]])[]): number =>
  values.reduce((product, [, texts]) => product * texts.length, 1);

/** The name of a test with the values of its combination that the name does not tell itself. */
export function nameOf(name: string, told: ReadonlySet<string>, combination: Combination): string {
  const rest = [...combination].filter(([key]) => !told.has(key)).map(([key, value]) => `${key}=${value}`);
  return rest.length === 0 ? name : `${name} [${rest.join(', ')}]`;
}
