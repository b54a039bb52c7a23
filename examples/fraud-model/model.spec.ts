import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocuments, resolveSet } from '@weir/definitions';
import { loadExplainer, readNumericCsv } from '@weir/models';

const definitions = join(__dirname, '../definitions');
const csv = (name: string): ReturnType<typeof readNumericCsv> => readNumericCsv(readFileSync(join(definitions, 'models', name), 'utf8'), name);

describe('the example model', () => {
  const set = resolveSet(parseDocuments(readdirSync(definitions).filter((file) => file.endsWith('.yaml')).map((file) => ({ file, text: readFileSync(join(definitions, file), 'utf8') }))));
  const background = csv('fraud_gbm.background.csv');
  const explainer = loadExplainer(readFileSync(join(definitions, 'models/fraud_gbm.onnx')), background.rows, { output: 'probabilities[1]' });

  it('was trained on the features of its service, in their order', () => {
    expect(background.columns).toEqual(set.services.get('fraud_v1')?.features);
    expect(explainer.inputs).toBe(background.columns.length);
  });

  it('thinks the usual harmless and the sampled frauds not', () => {
    const { rows } = csv('fraud_gbm.rows.csv');
    const explanations = explainer.explainAll(rows);
    expect(explanations.slice(0, 10).every(({ p }) => p > 0.9)).toBe(true);
    expect(explanations.slice(10).every(({ p }) => p < 0.1)).toBe(true);
    for (const { margin, base, contributions } of explanations) expect(contributions.reduce((sum, value) => sum + value, base)).toBeCloseTo(margin, 10);
  });
});
