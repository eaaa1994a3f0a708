/** How a run went, probe by probe where it is short, some of them together where it is long: never more than so many cells. */
import type { Course } from '../events.ts';

const MOST_CELLS = 256;

interface Cell {
  timed: number;
  sumUs: number;
  lost: number;
}

const emptyCell = (): Cell => ({ timed: 0, sumUs: 0, lost: 0 });

export class CourseRecorder {
  #cells: Cell[] = [];
  #probesPerCell = 1;

  /** @param sequence of the probe, from 1 @param rttUs undefined: it was lost; `untimed`: it was answered, but nobody can say when */
  add(sequence: number, rttUs: number | 'untimed' | undefined): void {
    let index = Math.floor((sequence - 1) / this.#probesPerCell);
    while (index >= MOST_CELLS) {
      this.#halve();
      index = Math.floor(index / 2);
    }
    while (this.#cells.length <= index) this.#cells.push(emptyCell());
    const cell = this.#cells[index] as Cell;
    if (rttUs === undefined) cell.lost++;
    else if (rttUs !== 'untimed') {
      cell.timed++;
      cell.sumUs += rttUs;
    }
  }

  get course(): Course {
    const cells = this.#cells.map(({ timed, sumUs, lost }) => ({ meanUs: timed === 0 ? undefined : sumUs / timed, lost }));
    return { probesPerCell: this.#probesPerCell, cells };
  }

  /** Two cells become one. */
  #halve(): void {
    const halved: Cell[] = [];
    this.#cells.forEach(({ timed, sumUs, lost }, i) => {
      if (i % 2 === 0) halved.push(emptyCell());
      const cell = halved.at(-1) as Cell;
      cell.timed += timed;
      cell.sumUs += sumUs;
      cell.lost += lost;
    });
    this.#cells = halved;
    this.#probesPerCell *= 2;
  }
}
