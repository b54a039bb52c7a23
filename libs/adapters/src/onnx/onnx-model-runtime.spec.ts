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
modelRuntimeContract('OnnxModelRuntime with a thread a model', () => new OnnxModelRuntime({ ownThreads: true }), models.slice(0, 2));

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

describe('OnnxModelRuntime with a thread a model', () => {
  const slow = readFileSync(join(__dirname, '../../../../services/all-in-one/test/models/slow.onnx'));

  it('holds neither the caller nor another model while one takes its time', async () => {
    const [hanging, other] = await Promise.all([new OnnxModelRuntime({ ownThreads: true }).load({ bytes: slow, output: 'p' }), new OnnxModelRuntime({ ownThreads: true }).load({ bytes: models[0]!.bytes, output: models[0]!.output })]);
    let ended = false, turns = 0;
    const run = hanging.score(Float32Array.of(500_000, 1), 1).then(() => { ended = true; });
    // In one thread the long run would be over before the first of them; it is a thousand times the work of three.
    for (; !ended && turns < 3; turns += 1) await other.score(Float32Array.from(models[0]!.rows[0]!), 1);
    expect([turns, ended]).toEqual([3, false]);
    await run;
    await Promise.all([hanging.close(), other.close()]);
  });

  it('answers several that ask at once in their order, and fails what a failed run asked', async () => {
    const { bytes, output, rows } = models[0]!;
    const loaded = await new OnnxModelRuntime({ ownThreads: true }).load({ bytes, output }), alone = await new OnnxModelRuntime().load({ bytes, output });
    const asked = rows.map((row) => loaded.score(Float32Array.from(row), 1));
    for (const [row, answer] of asked.entries()) expect(await answer).toEqual(await alone.score(Float32Array.from(rows[row] ?? []), 1));
    const broken = await new OnnxModelRuntime({ ownThreads: true }).load({ bytes: readFileSync(join(__dirname, '../../../../services/all-in-one/test/models/fails.onnx')), output: 'p' });
    await expect(broken.score(Float32Array.of(500_000, 1), 1)).rejects.toMatchObject({ code: 'WEIR_MODEL_FAILED' });
    expect(await broken.score(Float32Array.of(5, 1), 1)).toHaveLength(1);
    await broken.close();
    await expect(broken.score(Float32Array.of(5, 1), 1)).rejects.toMatchObject({ code: 'WEIR_MODEL_FAILED' });
    await Promise.all([loaded.close(), alone.close()]);
  });
});
