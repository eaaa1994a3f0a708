const cell = new Int32Array(new SharedArrayBuffer(4));

/** Lets a moment pass in which this thread does nothing, its event loop included. */
export function standStill(ms: number): void {
  Atomics.wait(cell, 0, 0, ms);
}
