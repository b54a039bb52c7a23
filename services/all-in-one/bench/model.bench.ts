import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { readNumericCsv } from '@weir/models';
import type { LoadedModel } from '@weir/ports';
import { cpuMicros, latencyFigures, round, type Figure } from '../src/bench/figures';
import { repositoryRoot } from '../src/folders';

const batches = [1, 16, 64, 256, 1_024];

/** The example model on the CPU runtime, one thread, rows of its background: per batch size what a call and a row cost. */
export async function* run(quick: boolean): AsyncIterable<Figure> {
  const models = join(repositoryRoot(), 'examples/definitions/models');
  const { rows } = readNumericCsv(readFileSync(join(models, 'fraud_gbm.background.csv'), 'utf8'), 'background');
  const model = await new OnnxModelRuntime().load({ bytes: readFileSync(join(models, 'fraud_gbm.onnx')), output: 'probabilities[1]' });
  for (const batch of batches) {
    const matrix = new Float32Array(batch * model.inputs);
    for (let row = 0; row < batch; row++) matrix.set(rows[row % rows.length] ?? [], row * model.inputs);
    yield* measure(model, { matrix, batch, seconds: quick ? 1 : 4 });
  }
  await model.close();
}

async function* measure(model: LoadedModel, { matrix, batch, seconds }: { matrix: Float32Array; batch: number; seconds: number }): AsyncIterable<Figure> {
  const work = `fraud_gbm.onnx, ${model.inputs} inputs, batches of ${batch}`;
  for (let call = 0; call < 200; call++) await model.score(matrix, batch);
  const latenciesMs: number[] = [];
  const cpuBefore = cpuMicros();
  const startedAt = performance.now();
  while (performance.now() - startedAt < seconds * 1_000) {
    const calledAt = performance.now();
    await model.score(matrix, batch);
    latenciesMs.push(performance.now() - calledAt);
  }
  const wallSeconds = (performance.now() - startedAt) / 1_000;
  const n = latenciesMs.length * batch;
  yield { bench: 'model', metric: 'throughput', value: round(n / wallSeconds), unit: '/s', n, work };
  yield { bench: 'model', metric: 'cpu_per_item', value: round((cpuMicros() - cpuBefore) / n), unit: 'us', n, work };
  yield* latencyFigures('model', latenciesMs, work);
}
