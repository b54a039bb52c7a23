import { WeirError } from '@weir/contracts';
import { OnlineStore } from '@weir/ports';
import { compareUtf8 } from './sorted-keys';

interface Lane { position: number; readonly values: Map<string, Uint8Array> }

/** State in memory, gone with the object. Bytes are copied in, so that nobody else can change them. */
export class MemoryOnlineStore extends OnlineStore {
  readonly #lanes = new Map<number, Lane>();

  override position(lane: number): Promise<number> {
    return Promise.resolve(this.#lane(lane).position);
  }

  override read(lane: number, keys: readonly string[]): Promise<ReadonlyArray<Uint8Array | undefined>> {
    return Promise.resolve(this.readSync(lane, keys));
  }

  /** As `read`, at once. */
  readSync(lane: number, keys: readonly string[]): ReadonlyArray<Uint8Array | undefined> {
    const { values } = this.#lane(lane);
    return keys.map((key) => values.get(key));
  }

  override readWithPosition(lanes: readonly number[], keys: readonly string[]): Promise<ReadonlyArray<{ position: number; values: ReadonlyArray<Uint8Array | undefined> }>> {
    return Promise.resolve(lanes.map((lane) => ({ position: this.#lane(lane).position, values: this.readSync(lane, keys) })));
  }

  override publish(lane: number, position: number, changes: Iterable<readonly [key: string, value: Uint8Array | undefined]>): Promise<void> {
    const state = this.#lane(lane);
    if (position < state.position) return Promise.reject(new WeirError('WEIR_FENCED', `lane ${lane} is at ${state.position}, so ${position} can't be published`));
    const copied = [...changes];
    for (const [key, value] of copied) {
      if (value === undefined) state.values.delete(key);
      else state.values.set(key, value.slice());
    }
    state.position = position;
    return Promise.resolve();
  }

  override async *scan(lane: number, prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]> {
    yield* this.scanSync(lane, prefix);
  }

  /** As `scan`, at once. */
  *scanSync(lane: number, prefix: string): Iterable<readonly [key: string, value: Uint8Array]> {
    const { values } = this.#lane(lane);
    const keys = [...values.keys()].filter((key) => key.startsWith(prefix)).sort(compareUtf8);
    for (const key of keys) {
      const value = values.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  override clear(lane: number): Promise<void> {
    this.#lanes.delete(lane);
    return Promise.resolve();
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }

  #lane(lane: number): Lane {
    let state = this.#lanes.get(lane);
    if (state === undefined) this.#lanes.set(lane, (state = { position: -1, values: new Map() }));
    return state;
  }
}
