/** Why a row got its score: `base` + Σ `contributions` = `margin`. */
export interface Explanation {
  /** P(fraud). */
  readonly p: number;
  /** Log-odds where the model ends in a logistic, else p. */
  readonly margin: number;
  /** The margin expected of a background row. */
  readonly base: number;
  /** In the order of the model's inputs. */
  readonly contributions: Float64Array;
}

/** Explains rows of one model; a pure function of the model, its background and the row. */
export interface Explainer {
  readonly inputs: number;
  /** True where the contributions are estimates. */
  readonly approximate: boolean;
  /** @throws RangeError for a row of another length. */
  explain(row: ArrayLike<number>): Explanation;
  /** Many rows cost less each than one; the answers are the same to the bit. */
  explainAll(rows: readonly ArrayLike<number>[]): Explanation[];
}
