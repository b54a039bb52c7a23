/**
 * A stage of the way: a plain deterministic object. The same records in the same order give the same outputs and, however they were
 * cut into batches, the same state. No clock, no randomness; the model runtime is the only thing awaited.
 */
export interface Stage<In, Out> {
  readonly name: string;
  /** One call per batch, in lane order, never two at once. Outputs are in the order of the inputs they come from. */
  process(batch: readonly In[]): Out[] | Promise<Out[]>;
  /**
   * State that changed since the last call, as key and packed bytes (undefined: gone), for one atomic write together with the lane's
   * position. Packed bytes are canonical: the same state has the same bytes whatever way led there. It is read little by little while batches
   * go on, to its end before the next call; what it gives is the state at the call, whatever was processed since.
   */
  takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]>;
  /** Empties the stage and takes its state from a store: reads are lazy where the state is large. */
  restore(state: StageState): Promise<void>;
  /** Keys that `process` will ask its state for, so that a distant store is read once a batch. Absent: the stage keeps all it needs. */
  needs?(batch: readonly In[]): readonly string[];
  /** What `process` would give for this one input now; nothing changes. */
  simulate(input: In): Out | Promise<Out>;
}

/** What a stage wrote before, as of the position of the last checkpoint. */
export interface StageState {
  get(key: string): Uint8Array | undefined;
  /** Entries whose key starts with `prefix`, by key ascending (UTF-8 bytes). */
  scan(prefix: string): Iterable<readonly [key: string, value: Uint8Array]>;
}
