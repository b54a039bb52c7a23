/** Lets at most `max` in at once; who comes later waits in order. */
export class Gate {
  #inside = 0;
  readonly #waiting: Array<() => void> = [];
  readonly #emptied: Array<() => void> = [];

  constructor(private readonly max: number) {}

  async enter(): Promise<void> {
    while (this.#inside >= this.max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#inside++;
  }

  /** Goes in without waiting: for one who has just been let in and has more than one thing to do. */
  take(): void { this.#inside++; }

  leave(): void {
    this.#inside--;
    this.#waiting.shift()?.();
    if (this.#inside === 0) for (const resolve of this.#emptied.splice(0)) resolve();
  }

  /** Resolves when nobody is inside. */
  empty(): Promise<void> {
    return this.#inside === 0 ? Promise.resolve() : new Promise((resolve) => this.#emptied.push(resolve));
  }
}
