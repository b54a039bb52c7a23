import { SeededRandom } from '@weir/testkit';
import { loadTreeEnsemble, TreeExplainer } from '../src';
import { randomEnsemble } from '../src/testing/random-ensemble';

interface Figure { readonly bench: 'explain'; readonly metric: string; readonly value: number; readonly unit: string; readonly n: number; readonly work: string }

const inputs = 50;
const backgroundRows = 200;
const shapes = [{ trees: 100, depth: 3 }, { trees: 60, depth: 4 }, { trees: 100, depth: 6 }, { trees: 300, depth: 6 }, { trees: 100, depth: 10 }];

/** Time of one exact explanation, one core: trees of random tests over 50 inputs, every row another. */
export async function* run(quick: boolean): AsyncIterable<Figure> {
  for (const shape of shapes) {
    const random = new SeededRandom(1);
    const next = (): number => random.float();
    const work = `${shape.trees} trees of depth ${shape.depth}, ${inputs} inputs, ${backgroundRows} background rows`;
    const bytes = randomEnsemble({ ...shape, inputs }, next);
    const rowOf = (): Float64Array => Float64Array.from({ length: inputs }, next);
    const background = Array.from({ length: backgroundRows }, rowOf);
    const rows = Array.from({ length: 512 }, rowOf);
    const startedAt = performance.now();
    const explainer = new TreeExplainer(loadTreeEnsemble(bytes), background);
    yield { bench: 'explain', metric: 'prepare', value: performance.now() - startedAt, unit: 'ms', n: 1, work };
    yield* measure(explainer, rows, { work, seconds: quick ? 1 : 4 });
  }
}

function* measure(explainer: TreeExplainer, rows: readonly Float64Array[], options: { work: string; seconds: number }): Generator<Figure> {
  const explain = (row: number): void => { explainer.explain(rows[row % rows.length] as Float64Array); };
  for (let row = 0; row < 2_000; row++) explain(row);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let n = 0;
  while (performance.now() - startedAt < options.seconds * 1_000) for (let row = 0; row < 256; row++) explain(n++);
  const cpu = process.cpuUsage(cpuBefore);
  const wallSeconds = (performance.now() - startedAt) / 1_000;
  yield { bench: 'explain', metric: 'cpu_per_item', value: (cpu.user + cpu.system) / n, unit: 'us', n, work: options.work };
  yield { bench: 'explain', metric: 'throughput', value: n / wallSeconds, unit: '/s', n, work: options.work };
}
