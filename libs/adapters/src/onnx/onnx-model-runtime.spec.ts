/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelRuntimeContract, type KnownModel } from '@weir/ports/testing';
import { OnnxModelRuntime } from './onnx-model-runtime';
import known from './fixtures/known-answers.json';

const bytesOf = (file: string): Uint8Array => readFileSync(join(__dirname, 'fixtures', file));
const models: KnownModel[] = known.map(({ name, file, output, rows, expected }) => ({
  name, output, bytes: bytesOf(file), rows: rows.map((row) => row.map((value) => value ?? Number.NaN)), expected: expected.map((p) => p ?? Number.NaN),
}));

modelRuntimeContract('OnnxModelRuntime', () => new OnnxModelRuntime(), models);

describe('OnnxModelRuntime', () => {
  it('splits what is more than a run takes, and answers the same', async () => {
    const { bytes, output, rows } = models[0]!;
    const matrix = Float32Array.from(rows.flat());
    const [whole, split] = await Promise.all([new OnnxModelRuntime().load({ bytes, output }), new OnnxModelRuntime({ rowsPerRunMax: 3 }).load({ bytes, output })]);
    expect(await split.score(matrix, rows.length)).toEqual(await whole.score(matrix, rows.length));
  });

  it('does not take a value that is no probability for one', async () => {
    const loaded = await new OnnxModelRuntime().load({ bytes: bytesOf('score-twice.onnx'), output: 'score' });
    expect([...(await loaded.score(Float32Array.of(-0.1, 0, 0.25, 0.5, 0.75, Number.POSITIVE_INFINITY), 6))]).toEqual([Number.NaN, 0, 0.5, 1, Number.NaN, Number.NaN]);
  });

  it.each([
    ['probabilities', 'probabilities[column], column 0 to 1'],
    ['probabilities[2]', 'a column from 0 to 1'],
    ['label', 'a tensor of float or double'],
    ['probability[1]', 'one of label, probabilities'],
    ['probabilities[x]', 'name or name[column]'],
  ])('says what is wrong with the output %s', async (output, expected) => {
    await expect(new OnnxModelRuntime().load({ bytes: bytesOf('xgb_classifier.onnx'), output })).rejects.toMatchObject({ code: 'WEIR_MODEL_INVALID', findings: [{ field: 'output', expected }] });
  });

  it.each([
    ['two-inputs.onnx', 'input', 'one input, float [n, m] with n open and m fixed', 'a: float32 [n, 2]; b: float32 [n, 2]'],
    ['double-input.onnx', 'input', 'one input, float [n, m] with n open and m fixed', 'a: float64 [n, 2]'],
    ['open-width.onnx', 'input', 'one input, float [n, m] with n open and m fixed', 'a: float32 [n, m]'],
    ['zipmap.onnx', 'output', 'a tensor (convert the model with zipmap=False)', 'score: no tensor'],
  ])('refuses %s and says why', async (file, field, expected, got) => {
    await expect(new OnnxModelRuntime().load({ bytes: bytesOf(file), output: 'score[0]' })).rejects.toMatchObject({ code: 'WEIR_MODEL_INVALID', findings: [{ field, expected, got }] });
  });
});
