import type { StageState } from './stage';

/**
 * The state of a lane as its stages may read it at any time: what they handed over and is still on its way to the store, before what the store
 * has. So a stage may forget a value as soon as it handed it over.
 */
export class PendingState {
  /** By checkpoint, the newest first. */
  #checkpoints: Array<{ readonly number: number; readonly values: Map<string, Uint8Array | undefined> }> = [];

  /** `mirror`: what is read below stays as it was at the start, so nothing handed over may be dropped. */
  constructor(private readonly mirror: boolean) {}

  /** A change taken for a checkpoint, numbered upwards. */
  add(checkpoint: number, [key, value]: readonly [key: string, value: Uint8Array | undefined]): void {
    const number = this.mirror ? 0 : checkpoint;
    if (this.#checkpoints[0]?.number !== number) this.#checkpoints.unshift({ number, values: new Map() });
    this.#checkpoints[0]?.values.set(key, value);
  }

  /** The checkpoint and all before it are in the store. */
  published(checkpoint: number): void {
    if (!this.mirror) this.#checkpoints = this.#checkpoints.filter(({ number }) => number > checkpoint);
  }

  over(stored: StageState): StageState {
    return {
      get: (key) => {
        for (const { values } of this.#checkpoints) if (values.has(key)) return values.get(key);
        return stored.get(key);
      },
      scan: (prefix) => this.#scan(stored, prefix),
    };
  }

  *#scan(stored: StageState, prefix: string): Iterable<readonly [key: string, value: Uint8Array]> {
    if (this.#checkpoints.length === 0) {
      yield* stored.scan(prefix);
      return;
    }
    const merged = new Map(stored.scan(prefix));
    for (const { values } of this.#checkpoints.toReversed()) {
      for (const [key, value] of values) {
        if (!key.startsWith(prefix)) continue;
        if (value === undefined) merged.delete(key);
        else merged.set(key, value);
      }
    }
    yield* [...merged].sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  }
}
