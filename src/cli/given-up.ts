/** The run has ended, but a thread of it waits for what nobody can call off: the process is not to wait for that thread. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
  /** @param told undefined where there is nothing to tell */
  constructor(
    readonly exitCode: number,
    readonly told?: Error,
  ) {
    super('given up');
  }
}
