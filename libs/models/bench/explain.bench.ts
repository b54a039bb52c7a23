import { SeededRandom } from '@weir/testkit';
import { loadTreeEnsemble, TreeExplainer } from '../src';
import { randomEnsemble } from '../src/testing/random-ensemble';

interface Figure { readonly bench: string; readonly metric: string; readonly value: number; readonly unit: string; readonly n: number; readonly work: string }

const inputs = 50;
const backgroundRows = 200;
interface Shape { readonly trees: number; readonly depth: number; readonly rowsAtOnce: number }
const shapes: readonly Shape[] = [{ trees: 100, depth: 3, rowsAtOnce: 512 }, { trees: 60, depth: 4, rowsAtOnce: 512 }, { trees: 100, depth: 6, rowsAtOnce: 512 }, { trees: 300, depth: 6, rowsAtOnce: 512 }, { trees: 100, depth: 10, rowsAtOnce: 32 }];

/** Time of an exact explanation, one core: trees of random tests over 50 inputs, every row another, one at a time and together. */
export function* run(quick: boolean): Iterable<Figure> {
  for (const shape of shapes) yield* explained(shape, { bench: 'explain', seconds: quick ? 1 : 4 });
}

/** Of the shapes with published figures of the C code of the `shap` package alone. */
export function* ofPublishedShapes(bench: string, seconds: number): Iterable<Figure> {
  for (const shape of shapes) if (shape.depth !== 10 && shape.trees !== 60) yield* explained(shape, { bench, seconds });
}

function* explained({ rowsAtOnce, ...shape }: Shape, { bench, seconds }: { readonly bench: string; readonly seconds: number }): Iterable<Figure> {
  const random = new SeededRandom(1);
  const next = (): number => random.float();
  const work = `TreeSHAP, ${shape.trees} trees of depth ${shape.depth}, ${inputs} inputs, ${backgroundRows} background rows`;
  const bytes = randomEnsemble({ ...shape, inputs }, next);
  const rowOf = (): Float64Array => Float64Array.from({ length: inputs }, next);
  const background = Array.from({ length: backgroundRows }, rowOf);
  const rows = Array.from({ length: rowsAtOnce }, rowOf);
  const startedAt = performance.now();
  const explainer = new TreeExplainer(loadTreeEnsemble(bytes), background);
  yield { bench, metric: 'latency_p50', value: Math.round(performance.now() - startedAt), unit: 'ms', n: 1, work: `preparing, ${work}` };
  yield* measure((first) => { for (let row = 0; row < rowsAtOnce; row++) explainer.explain(rows[(first + row) % rows.length] as Float64Array); }, { bench, work: `${work}, a row at a time`, rowsAtOnce, seconds });
  yield* measure(() => { explainer.explainAll(rows); }, { bench, work: `${work}, ${rowsAtOnce} rows together`, rowsAtOnce, seconds });
}

function* measure(explainRows: (first: number) => void, options: { bench: string; work: string; rowsAtOnce: number; seconds: number }): Generator<Figure> {
  explainRows(0);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let n = 0;
  for (; performance.now() - startedAt < options.seconds * 1_000; n += options.rowsAtOnce) explainRows(n);
  const cpu = process.cpuUsage(cpuBefore);
  const wallSeconds = (performance.now() - startedAt) / 1_000;
  yield { bench: options.bench, metric: 'cpu_per_item', value: Number(((cpu.user + cpu.system) / n).toPrecision(4)), unit: 'us', n, work: options.work };
  yield { bench: options.bench, metric: 'throughput', value: Math.round(n / wallSeconds), unit: '/s', n, work: options.work };
}
