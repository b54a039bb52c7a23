import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { readNumericCsv } from '@weir/models';
import type { LoadedModel } from '@weir/ports';

interface Figure { readonly bench: 'model'; readonly metric: string; readonly value: number; readonly unit: string; readonly n: number; readonly work: string }

const models = join(process.cwd(), 'examples/definitions/models');
const batches = [1, 16, 64, 256, 1_024];

/** The example model on the CPU runtime, one thread, rows of its background: per batch size what a call and a row cost. */
export async function* run(quick: boolean): AsyncIterable<Figure> {
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
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  while (performance.now() - startedAt < seconds * 1_000) {
    const calledAt = performance.now();
    await model.score(matrix, batch);
    latenciesMs.push(performance.now() - calledAt);
  }
  const wallSeconds = (performance.now() - startedAt) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  const n = latenciesMs.length * batch;
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number): number => latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(share * latenciesMs.length))] ?? Number.NaN;
  yield { bench: 'model', metric: 'throughput', value: n / wallSeconds, unit: '/s', n, work };
  yield { bench: 'model', metric: 'latency_p50', value: at(0.5), unit: 'ms', n: latenciesMs.length, work };
  yield { bench: 'model', metric: 'latency_p99', value: at(0.99), unit: 'ms', n: latenciesMs.length, work };
  yield { bench: 'model', metric: 'cpu_per_item', value: (cpu.user + cpu.system) / n, unit: 'us', n, work };
}
