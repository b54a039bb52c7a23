import type { CelType, CelValue, Environment } from '../src';
import { celDouble, celInt, celList, celDyn, celString, celTimestamp, compile } from '../src';

/** ns per evaluation, one JSON line per expression: `node dist/libs/expressions/bench/evaluate.js`. */
interface Frame { readonly values: readonly CelValue[]; readonly numbers: Float64Array }
const slots: Readonly<Record<string, readonly [number, CelType]>> = { 'tx.amount': [0, celInt], 'tx.country': [1, celString], 'tx.at': [2, celTimestamp], 'tx.email': [3, celString], 'tx.missing': [4, celInt], 'tx.recent': [5, celList(celDyn)] };
const numbers: Readonly<Record<string, number>> = { 'features.count_1h': 0, 'features.avg_30d': 1 };
const environment: Environment<Frame> = {
  resolve: (path) => {
    const name = path.join('.'), slot = slots[name], number = numbers[name];
    if (slot !== undefined) { const [index, type] = slot; return { type, read: (frame) => frame.values[index] }; }
    if (number === undefined) return 'a field';
    return { type: celDouble, read: (frame) => { const value = frame.numbers[number] as number; return value === value ? value : undefined; } };
  },
};
const frames: readonly Frame[] = Array.from({ length: 64 }, (_, index) => ({
  values: [index * 1000, index % 2 === 0 ? 'DE' : 'FR', 1_711_846_770_250 + index * 60_000, `user${index}@mail.${index % 2 === 0 ? 'ru' : 'com'}`, undefined, ['a', 'b', null]],
  numbers: Float64Array.of(index, index % 3 === 0 ? Number.NaN : index * 2),
}));
const sources = [
  'tx.amount > 30000', 'tx.country == "DE"', 'tx.amount > features.avg_30d', 'features.count_1h >= 5', 'tx.missing > 3', 'tx.country == null', 'tx.country in ["DE", "FR"]', 'tx.country in ["AA", "BB", "CC", "DD", "EE", "DE"]',
  'tx.amount > 30000 && tx.country != "DE" && features.count_1h >= 5.0', 'tx.amount > 3 * features.avg_30d + 10', 'tx.at.getHours() < 6', 'tx.at.getHours("Europe/Berlin") < 6', 'tx.email.endsWith("@mail.ru")', 'tx.email.matches("^[a-z0-9]+@mail\\\\.(ru|com)$")', 'tx.email.matches("user.*mail.*ru")', 'tx.recent.exists(x, x == "b")',
];

// All are compiled and warmed before any is measured, so that every call site is as polymorphic as in production.
const compiled = sources.map((source) => compile(source, environment));
let hits = 0;
const run = (index: number, rounds: number): number => {
  const evaluate = compiled[index]?.evaluate;
  const start = process.hrtime.bigint();
  for (let round = 0; round < rounds; round++) for (const frame of frames) if (evaluate?.(frame) === true) hits++;
  return Number(process.hrtime.bigint() - start) / (rounds * frames.length);
};
for (let warm = 0; warm < 20; warm++) compiled.forEach((_, index) => run(index, 100));
sources.forEach((source, index) => {
  const best = Math.min(...Array.from({ length: 5 }, () => run(index, 2000)));
  process.stdout.write(`${JSON.stringify({ bench: 'expressions', metric: 'cpu_per_item', value: Number(best.toFixed(1)), unit: 'ns', work: source })}\n`);
});
const start = performance.now();
for (let count = 0; count < 1000; count++) compile(`tx.amount > ${count} && tx.country != "DE" && features.count_1h >= 5.0`, environment);
process.stdout.write(`${JSON.stringify({ bench: 'expressions', metric: 'compile', value: Number((performance.now() - start).toFixed(0)), unit: 'us', work: `three comparisons (${hits > 0 ? 'ok' : 'no hits'})` })}\n`);
