import { WeirError } from '@weir/contracts';
import type { LoadedModel } from '@weir/ports';
import type { ModelSession, SessionAnswer } from './model-session';
import { invalidModel, type ModelSignature } from './model-signature';

/** Rows of one run: past 64 a row costs the same, and 1,024 rows hold the process for about a millisecond. */
export const rowsPerRunMax = 1_024;

/** A session that answers P(fraud). Only the output asked for is computed and copied. */
export class OnnxModel implements LoadedModel {
  readonly inputs: number;
  private closed = false;

  constructor(private readonly session: ModelSession, private readonly signature: ModelSignature, private readonly rowsMax: number) {
    this.inputs = signature.inputs;
  }

  /** `matrix` must stay as it is until the answer is there. A value that is no probability (NaN, below 0, above 1) is NaN: no answer. */
  async score(matrix: Float32Array, rows: number): Promise<Float64Array> {
    if (this.closed) throw new WeirError('WEIR_MODEL_FAILED', 'the model is closed');
    if (!Number.isInteger(rows) || rows < 0 || matrix.length < rows * this.inputs) throw new RangeError(`${rows} rows of ${this.inputs} inputs expected, got ${matrix.length} numbers`);
    const probabilities = new Float64Array(rows);
    for (let from = 0; from < rows; from += this.rowsMax) {
      const count = Math.min(this.rowsMax, rows - from);
      const answer = await this.run(matrix.subarray(from * this.inputs, (from + count) * this.inputs), count);
      this.copyColumn(answer, { into: probabilities, from, count });
    }
    return probabilities;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.session.release();
  }

  private async run(rows: Float32Array, count: number): Promise<SessionAnswer> {
    try {
      return await this.session.run({ input: this.signature.input, output: this.signature.output.tensor, rows, count, columns: this.inputs });
    } catch (error) {
      throw new WeirError('WEIR_MODEL_FAILED', `the model failed on ${count} rows`, { cause: error });
    }
  }

  private copyColumn(answer: SessionAnswer, place: { into: Float64Array; from: number; count: number }): void {
    const { data } = answer;
    const columns = place.count === 0 ? 1 : answer.dims.reduce((size, of) => size * of, 1) / place.count;
    const column = this.signature.output.column ?? 0;
    const fits = (data instanceof Float32Array || data instanceof Float64Array) && Number.isInteger(columns) && column < columns && (this.signature.output.column !== undefined || columns === 1);
    if (!fits) throw invalidModel('the model answered in another shape', [{ where: 'model', field: 'output', expected: `${this.signature.output.tensor} [${place.count}, more than ${column}]`, got: `${answer.type} [${answer.dims.join(', ')}]` }]);
    for (let row = 0; row < place.count; row++) {
      const value = data[row * columns + column] as number;
      place.into[place.from + row] = value >= 0 && value <= 1 ? value : Number.NaN;
    }
  }
}
