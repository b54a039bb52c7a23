import type { Finding } from '@weir/contracts';
import type { Explainer } from './explanation';
import type { ScoreRows } from './sampling/sampled-explanation';

/** Sizes a row is scored in: alone, and among others as under load. */
const batchSizes = [1, 64] as const;
/** Sample rows looked at. */
const publishRowsMax = 1_000;
/** The runtime adds float32, the explainer doubles. */
const explainerTolerance = 1e-4;

/**
 * What a model must show on its sample rows before it is published: every row gets the same bits alone and in a batch of 64,
 * and the explainer's p is the runtime's. Empty: it may be.
 * @param explainer left out for a model whose explanations are estimates.
 */
export async function checkModelAnswers(options: { score: ScoreRows; inputs: number; rows: readonly ArrayLike<number>[]; explainer?: Explainer }): Promise<Finding[]> {
  const rows = options.rows.slice(0, publishRowsMax);
  const [alone, together] = await Promise.all(batchSizes.map((size) => scoreInBatches(options.score, rows, { size, inputs: options.inputs })));
  return rows.flatMap((row, index) => rowFindings(row, { index, alone: alone?.[index] ?? Number.NaN, together: together?.[index] ?? Number.NaN, explainer: options.explainer }));
}

async function scoreInBatches(score: ScoreRows, rows: readonly ArrayLike<number>[], { size, inputs }: { size: number; inputs: number }): Promise<Float64Array> {
  const answers = new Float64Array(rows.length);
  for (let from = 0; from < rows.length; from += size) {
    const batch = rows.slice(from, from + size);
    const matrix = new Float32Array(batch.length * inputs);
    batch.forEach((row, index) => matrix.set(row, index * inputs));
    answers.set(await score(matrix, batch.length), from);
  }
  return answers;
}

function rowFindings(row: ArrayLike<number>, answers: { index: number; alone: number; together: number; explainer: Explainer | undefined }): Finding[] {
  const { index, alone, together, explainer } = answers;
  const where = `sample row ${index}`;
  if (!Object.is(alone, together)) return [{ where, field: 'p', expected: `${alone} in every batch, as alone`, got: `${together} in a batch of 64` }];
  const explained = explainer?.explain(row).p;
  const agrees = explained === undefined || (Number.isNaN(explained) && Number.isNaN(alone)) || Math.abs(explained - alone) <= explainerTolerance;
  return agrees ? [] : [{ where, field: 'p', expected: `${alone}, as the runtime has it`, got: `${explained} from the explainer` }];
}
