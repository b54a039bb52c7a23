/** A loaded model. Deterministic: the same row gives the same bits, alone or in a batch. */
export interface LoadedModel {
  readonly inputs: number;
  /** Row-major float32, `rows` × `inputs`; P(fraud) per row, NaN where the model gives none. */
  score(matrix: Float32Array, rows: number): Promise<Float64Array>;
  close(): Promise<void>;
}
export abstract class ModelRuntime {
  /** @throws WeirError WEIR_MODEL_INVALID naming what does not fit. `output` is `name` or `name[column]`. */
  abstract load(model: { readonly bytes: Uint8Array; readonly output: string }): Promise<LoadedModel>;
}
