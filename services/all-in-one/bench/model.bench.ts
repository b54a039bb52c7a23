import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { readNumericCsv } from '@weir/models';
import { explanationsBeside } from '../src/bench/explanations-beside';
import { cpuMicros, round, threadCpuMicros, type Figure } from '../src/bench/figures';
import { repositoryRoot } from '../src/folders';

const batches = [1, 16, 64, 256];
/** The ways of scoring take turns, so that what else the machine does is the same for all. */
const turns = 5;

interface Way { readonly name: string; readonly score: (matrix: Float32Array, rows: number) => Promise<unknown> }

/**
 * Scoring against onnxruntime alone, in this thread and with a thread a model; exact explanations of the shapes with published figures; and what explanations cost
 * the decisions of those who do not ask for any.
 */
export async function* run(quick: boolean): AsyncIterable<Figure> {
  yield* scoring(quick ? 0.25 : 2);
  yield* await explanations(quick ? 0.7 : 4);
  yield* explanationsBeside(quick);
}

async function* scoring(secondsPerWay: number): AsyncIterable<Figure> {
  const models = join(repositoryRoot(), 'examples/definitions/models'), bytes = readFileSync(join(models, 'fraud_gbm.onnx')), output = 'probabilities';
  const { rows } = readNumericCsv(readFileSync(join(models, 'fraud_gbm.background.csv'), 'utf8'), 'background');
  const alone = await InferenceSession.create(bytes, { executionProviders: ['cpu'], executionMode: 'sequential', intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 4 });
  const [own, threaded] = await Promise.all([new OnnxModelRuntime().load({ bytes, output: `${output}[1]` }), new OnnxModelRuntime({ ownThreads: true }).load({ bytes, output: `${output}[1]` })]);
  const input = alone.inputNames[0] ?? '';
  const ways: readonly Way[] = [
    { name: 'onnxruntime alone', score: (matrix, count) => alone.run({ [input]: new Tensor('float32', matrix, [count, own.inputs]) }, [output]) },
    { name: "Weir, in the caller's thread", score: (matrix, count) => own.score(matrix, count) },
    { name: 'Weir, in a thread of its own', score: (matrix, count) => threaded.score(matrix, count) },
  ];
  for (const batch of batches) {
    const matrix = new Float32Array(batch * own.inputs);
    for (let row = 0; row < batch; row++) matrix.set(rows[row % rows.length] ?? [], row * own.inputs);
    yield* compare(ways, { matrix, batch, seconds: secondsPerWay, work: `scoring, fraud_gbm.onnx, ${own.inputs} inputs, batches of ${batch}` });
  }
  await Promise.all([alone.release(), own.close(), threaded.close()]);
}

async function* compare(ways: readonly Way[], { matrix, batch, seconds, work }: { readonly matrix: Float32Array; readonly batch: number; readonly seconds: number; readonly work: string }): AsyncIterable<Figure> {
  const sums = ways.map(() => ({ rows: 0, wallMs: 0, cpu: 0, caller: 0 }));
  for (const { score } of ways) for (let call = 0; call < 200; call++) await score(matrix, batch);
  for (let turn = 0; turn < turns; turn++) {
    for (const [index, { score }] of ways.entries()) {
      const sum = sums[index], startedAt = performance.now(), cpu = cpuMicros(), caller = threadCpuMicros() ?? 0;
      if (sum === undefined) continue;
      for (; performance.now() - startedAt < (seconds * 1_000) / turns; sum.rows += batch) await score(matrix, batch);
      sum.wallMs += performance.now() - startedAt;
      sum.cpu += cpuMicros() - cpu;
      sum.caller += (threadCpuMicros() ?? 0) - caller;
    }
  }
  for (const [index, { name }] of ways.entries()) {
    const { rows, wallMs, cpu, caller } = sums[index] ?? { rows: 1, wallMs: 1, cpu: 0, caller: 0 };
    const figure = (metric: string, value: number, unit: string): Figure => ({ bench: 'model', metric, value: round(value), unit, n: rows, work: `${work}, ${name}` });
    yield figure('throughput', (rows * 1_000) / wallMs, '/s');
    yield figure('cpu_per_item', cpu / rows, 'us');
    yield figure('caller_cpu_per_item', caller / rows, 'us');
  }
}

/** Found by its path, as benchmarks are: it is part of no library's face. */
async function explanations(seconds: number): Promise<Iterable<Figure>> {
  const loaded: unknown = await import(join(repositoryRoot(), 'dist', 'libs/models/bench/explain.bench.js'));
  if (typeof loaded !== 'object' || loaded === null || !('ofPublishedShapes' in loaded) || typeof loaded.ofPublishedShapes !== 'function') throw new TypeError('the benchmark of explanations has no ofPublishedShapes');
  return (loaded.ofPublishedShapes as (bench: string, seconds: number) => Iterable<Figure>)('model', seconds);
}
