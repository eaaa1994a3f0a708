/** Programs that tell what happens as JSON Lines on stdout. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The lines so far, and those to come. */
export class Lines<Line> {
  readonly all: Line[] = [];
  #ended = false;
  readonly #waiting = new Set<() => void>();

  /** @param skip what makes no line of this kind, such as an empty one: it is left out where `parse` returns undefined */
  constructor(stream: Readable, parse: (text: string) => Line | undefined) {
    const reader = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    reader.on('line', (text) => {
      const line = parse(text);
      if (line !== undefined) this.all.push(line);
      for (const look of this.#waiting) look();
    });
    reader.on('close', () => {
      this.#ended = true;
      for (const look of this.#waiting) look();
    });
  }

  /** The first line that fits, from those that came already on. @throws where the stream ends or the time is over without one */
  async first(what: string, fits: (line: Line) => boolean, timeoutMs = 10_000): Promise<Line> {
    return new Promise((resolve, reject) => {
      let looked = 0;
      const done = (settle: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        settle();
      };
      const fail = (why: string) =>
        done(() => reject(new Error(`${why} before ${what}; there was:\n${this.all.map((line) => JSON.stringify(line)).join('\n')}`)));
      const look = () => {
        while (looked < this.all.length) {
          const line = this.all[looked++] as Line;
          if (fits(line)) {
            done(() => resolve(line));
            return;
          }
        }
        if (this.#ended) fail('the output ended');
      };
      const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }
}
