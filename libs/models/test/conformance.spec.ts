import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerExplainFile, loadTreeEnsemble, readNumericCsv, TreeExplainer, type ExplainLine } from '../src';

const folder = join(__dirname, 'conformance');
const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8');
const bytesOf = (model: string): Uint8Array => readFileSync(join(folder, 'models', `${model}.onnx`));
type Expected = ExplainLine & { readonly model: string; readonly row: number };
const expected: Expected[] = textOf('expected.jsonl').trim().split('\n').map((line) => JSON.parse(line) as Expected);

const numbers = (line: ExplainLine): number[] => [line.p, line.margin, line.base, ...line.contributions].map((value) => value ?? Number.NaN);
const largestDifference = (one: readonly number[], other: readonly number[]): number => Math.max(...one.map((value, index) => Math.abs(value - (other[index] ?? Number.NaN))));

describe.each(['xgb_classifier', 'lgbm_classifier', 'random_forest', 'xgb_regressor'])('the explanation cases of %s', (model) => {
  const cases = expected.filter((line) => line.model === model);

  it('are answered to 1e-12', () => {
    const answers = [...answerExplainFile(bytesOf(model), textOf(`${model}.background.csv`), textOf(`${model}.rows.csv`))];
    expect(answers).toHaveLength(cases.length);
    answers.forEach((answer, row) => {
      expect(answer.contributions).toHaveLength(cases[row]!.contributions.length);
      expect(largestDifference(numbers(answer), numbers(cases[row]!))).toBeLessThan(1e-12);
    });
  });

  it('are answered the same without any table', () => {
    const background = readNumericCsv(textOf(`${model}.background.csv`), 'background').rows;
    const explainer = new TreeExplainer(loadTreeEnsemble(bytesOf(model)), background, { tableBytesMax: 0 });
    readNumericCsv(textOf(`${model}.rows.csv`), 'rows').rows.forEach((row, index) => {
      const { p, margin, base, contributions } = explainer.explain(row);
      expect(largestDifference([p, margin, base, ...contributions], numbers(cases[index]!))).toBeLessThan(1e-12);
    });
  });
});
