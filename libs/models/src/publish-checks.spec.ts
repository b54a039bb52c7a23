import { checkModelAnswers } from './publish-checks';
import type { Explainer } from './explanation';
import type { ScoreRows } from './sampling/sampled-explanation';

const rows = Array.from({ length: 130 }, (_, row) => [row / 256, 0]);
const good: ScoreRows = async (matrix, count) => Float64Array.from({ length: count }, (_, row) => matrix[row * 2] ?? 0);
const explainer = (p: (x: number) => number): Explainer => {
  const explain: Explainer['explain'] = (row) => ({ p: p(row[0] ?? 0), margin: 0, base: 0, contributions: new Float64Array(2) });
  return { inputs: 2, approximate: false, explain, explainAll: (all) => all.map(explain) };
};

describe('checkModelAnswers', () => {
  it('finds nothing in a model that answers alike and is explained as it answers', async () => {
    expect(await checkModelAnswers({ score: good, inputs: 2, rows, explainer: explainer((x) => x) })).toEqual([]);
    expect(await checkModelAnswers({ score: good, inputs: 2, rows: [] })).toEqual([]);
  });

  it('names the rows that a batch changes, were it in the last bit', async () => {
    const score: ScoreRows = async (matrix, count) => (await good(matrix, count)).map((p) => (count > 1 && p > 120 / 256 ? p + Number.EPSILON : p));
    const findings = await checkModelAnswers({ score, inputs: 2, rows });
    expect(findings).toHaveLength(9);
    expect(findings[0]).toMatchObject({ where: 'sample row 121', field: 'p' });
  });

  it('names the rows that are explained as another model', async () => {
    const findings = await checkModelAnswers({ score: good, inputs: 2, rows, explainer: explainer((x) => (x > 128 / 256 ? x + 0.001 : x)) });
    expect(findings.map((finding) => finding.where)).toEqual(['sample row 129']);
  });

  it('takes no answer for no answer', async () => {
    const score: ScoreRows = async (_matrix, count) => new Float64Array(count).fill(Number.NaN);
    expect(await checkModelAnswers({ score, inputs: 2, rows, explainer: explainer(() => Number.NaN) })).toEqual([]);
  });
});
