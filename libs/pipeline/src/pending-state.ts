import type { StageState } from './stage';

/**
 * The state of a lane as its stages may read it at any time: what they handed over and is still on its way to the store, before what the store
 * has. So a stage may forget a value as soon as it handed it over.
 */
export class PendingState {
  readonly #pending = new Map<string, { readonly value: Uint8Array | undefined; readonly checkpoint: number }>();

  /** Changes taken for a checkpoint, numbered upwards. */
  add(checkpoint: number, change: readonly [key: string, value: Uint8Array | undefined]): void {
    this.#pending.set(change[0], { value: change[1], checkpoint });
  }

  /** `mirror`: what is read below stays as it was at the start, so nothing handed over may be dropped. */
  constructor(private readonly mirror: boolean) {}

  /** The checkpoint and all before it are in the store. */
  published(checkpoint: number): void {
    if (this.mirror) return;
    for (const [key, entry] of this.#pending) if (entry.checkpoint <= checkpoint) this.#pending.delete(key);
  }

  over(stored: StageState): StageState {
    return {
      get: (key) => {
        const entry = this.#pending.get(key);
        return entry === undefined ? stored.get(key) : entry.value;
      },
      scan: (prefix) => this.#scan(stored, prefix),
    };
  }

  *#scan(stored: StageState, prefix: string): Iterable<readonly [key: string, value: Uint8Array]> {
    if (this.#pending.size === 0) {
      yield* stored.scan(prefix);
      return;
    }
    const merged = new Map(stored.scan(prefix));
    for (const [key, { value }] of this.#pending) {
      if (!key.startsWith(prefix)) continue;
      if (value === undefined) merged.delete(key);
      else merged.set(key, value);
    }
    yield* [...merged].sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  }
}
