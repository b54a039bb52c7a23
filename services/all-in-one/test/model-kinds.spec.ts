/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { checkModelAnswers, expectedCalibrationError, loadExplainer, readNumericCsv, sampleExplanation, type Scored } from '@weir/models';
import { SeededRandom } from '@weir/testkit';

const bytesOf = (name: string): Uint8Array => readFileSync(join(__dirname, 'model-kinds', name));
const csv = (name: string): readonly Float64Array[] => readNumericCsv(Buffer.from(bytesOf(name)).toString('utf8'), name).rows;
const labelled = csv('rows.csv'), rows = labelled.map((row) => row.subarray(0, 6)), frauds = labelled.map((row) => row[6] === 1), background = csv('background.csv');
const expected = JSON.parse(Buffer.from(bytesOf('expected.json')).toString('utf8')) as Readonly<Record<string, readonly number[]>>; // written by make_models.py

async function scored(name: string): Promise<readonly Scored[]> {
  const loaded = await new OnnxModelRuntime().load({ bytes: bytesOf(`${name}.onnx`), output: 'p' });
  const p = await loaded.score(Float32Array.from(rows.flatMap((row) => [...row])), rows.length);
  await loaded.close();
  return [...p].map((score, index) => ({ score, fraud: frauds[index] ?? false }));
}
const accuracy = (of: readonly Scored[]): number => of.filter(({ score, fraud }) => score >= 0.5 === fraud).length / of.length;

describe('a model that is', () => {
  it.each(['ensemble', 'calibrated', 'float', 'int8'])('%s answers as onnxruntime does elsewhere', async (name) => {
    (await scored(name)).forEach(({ score }, index) => expect(score).toBeCloseTo(expected[name]?.[index] ?? Number.NaN, 5));
  });

  it.each(['ensemble', 'calibrated'])('%s, of several tree ensembles, passes publishing: alike alone and in a batch of 64, and explained exactly', async (name) => {
    const loaded = await new OnnxModelRuntime().load({ bytes: bytesOf(`${name}.onnx`), output: 'p' }), explainer = loadExplainer(bytesOf(`${name}.onnx`), background, { output: 'p' });
    expect(await checkModelAnswers({ score: (matrix, count) => loaded.score(matrix, count), inputs: 6, rows, explainer })).toEqual([]);
    for (const row of rows.slice(0, 50)) {
      const { margin, base, contributions } = explainer.explain(row);
      expect(contributions.reduce((sum, value) => sum + value, base)).toBeCloseTo(margin, 8);
    }
    await loaded.close();
  });

  it('calibrated says probabilities that come true better than before', async () => {
    const before = expectedCalibrationError(await scored('ensemble')), after = expectedCalibrationError(await scored('calibrated'));
    expect(after).toBeLessThan(before);
  });

  it('of INT8 loses less than a hundredth of the accuracy', async () => {
    expect(Math.abs(accuracy(await scored('int8')) - accuracy(await scored('float')))).toBeLessThan(0.01);
  });

  it('none of these is explained by estimates that say so', async () => {
    expect(() => loadExplainer(bytesOf('int8.onnx'), background, { output: 'p' })).toThrow(expect.objectContaining({ code: 'WEIR_MODEL_INVALID' }) as Error);
    const loaded = await new OnnxModelRuntime().load({ bytes: bytesOf('float.onnx'), output: 'p' }), random = new SeededRandom(1);
    const estimate = await sampleExplanation(rows[0] as Float64Array, { score: (matrix, count) => loaded.score(matrix, count), background, random: () => random.float() });
    expect(estimate).toMatchObject({ approximate: true, margin: expect.closeTo(expected['float']?.[0] ?? Number.NaN, 5) as number });
    await loaded.close();
  });
});
