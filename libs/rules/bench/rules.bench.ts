import { cpus } from 'node:os';
import type { ConditionFrame } from '@weir/definitions';
import type { CelValue } from '@weir/expressions';
import { SeededRandom } from '@weir/testkit';
import { frameOf, inputOf, programOf, rule, type Fields } from '../test/rule-set';
import { DecisionCodec, decisionLayoutOf, type DecisionInput, type DecisionProgram } from '../src/index';

export interface BenchLine { readonly bench: 'rules'; readonly metric: string; readonly value: number; readonly unit: string; readonly n: number; readonly work: string }

const seed = 7;
const countries = Array.from({ length: 40 }, (_, i) => `C${i}`);

/** Rules as analysts write them: two to four comparisons over amounts, counts, countries, merchants; about one in a thousand fires on an event. */
export function benchRule(random: SeededRandom, i: number): Record<string, unknown> {
  const parts = [`tx.amount > ${random.int(50_000, 2_000_000)}`, `tx.country in ["${random.pick(countries)}", "${random.pick(countries)}"]`, `features.tx_count_1h > ${random.int(3, 60)}`];
  if (random.chance(0.4)) parts[1] = `tx.merchant_id == "m${random.int(0, 5_000)}"`;
  if (random.chance(0.3)) parts.push(`tx.v < ${random.int(0, 90)}.5`);
  if (random.chance(0.2)) parts.push(`(tx.n == ${random.int(0, 9)} || !tx.ok)`);
  return rule(`r${String(i).padStart(5, '0')}`, random.shuffle(parts).slice(0, random.int(2, parts.length)).join(' && '), { weight: 0.05, reason: 'a rule' });
}

export function benchFields(random: SeededRandom): { readonly fields: Fields; readonly features: Record<string, number> } {
  const fields = {
    amount: Math.round(Math.exp(random.normal(8, 1.5))), country: random.pick(countries), merchant_id: `m${random.int(0, 5_000)}`, v: random.float() * 100, n: random.int(0, 9), ok: random.chance(0.9),
    city: 'Oslo', ip: '10.0.0.1', email: 'a@x.org', x0: random.chance(0.1) ? null : random.float(),
  };
  return { fields, features: { tx_count_1h: random.int(0, 12), cities_24h: 1 } };
}

/** Figures of evaluating all rules on an event with the index and one by one, of a whole decision, and of storing it. `quick` ends within 40 s. */
export async function* run(quick: boolean): AsyncIterable<BenchLine> {
  for (const count of [100, 1_000, 10_000]) {
    const random = new SeededRandom(seed);
    const program = programOf(...Array.from({ length: count }, (_, i) => benchRule(random, i)));
    const events = Array.from({ length: 512 }, () => benchFields(random));
    const frames = events.map(({ fields, features }) => frameOf(program, fields, features));
    const inputs = events.map(({ fields, features }) => inputOf(program, fields, { features }));
    const budgetMs = quick ? 700 : 3_000;
    const fired = firedPerEvent(program, frames);
    yield* figures(`${count} rules, indexed, ${fired.toFixed(2)} fire`, measure(frames, (frame) => program.liveIndex.evaluate(frame), budgetMs));
    yield* figures(`${count} rules, one by one`, measure(frames, (frame) => scan(program, frame), budgetMs));
    yield* figures(`${count} rules, whole decision`, measure(inputs, (input) => program.decide(input), budgetMs));
    if (count === 1_000) yield* figures('storing a decision', measureCodec(program, inputs, budgetMs));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function firedPerEvent(program: DecisionProgram, frames: readonly ConditionFrame[]): number {
  let fired = 0;
  for (const frame of frames) {
    program.liveIndex.evaluate(frame);
    fired += program.liveIndex.trueCount;
  }
  return fired / frames.length;
}

let sink: CelValue;
function scan(program: DecisionProgram, frame: ConditionFrame): void {
  for (const { condition } of program.liveRules) sink = condition.evaluate(frame);
}

function measureCodec(program: DecisionProgram, inputs: readonly DecisionInput[], budgetMs: number): Measured {
  const codec = new DecisionCodec(decisionLayoutOf(program.set, program.source));
  const decisions = inputs.map((input) => ({ verdict: program.decide(input), meta: { decided_at: 0, latency_ms: { total: 1 }, trace_id: null } }));
  return measure(decisions, (decision) => codec.encode(decision), budgetMs);
}

interface Measured { readonly n: number; readonly perItemUs: number; readonly p50Ms: number; readonly p99Ms: number }

/** Warmed up for a quarter of the budget; latencies by blocks of 16, for one is shorter than the clock's tick. */
function measure<T>(items: readonly T[], work: (item: T) => unknown, budgetMs: number): Measured {
  const block = 16, blocks: number[] = [];
  let n = 0, at = 0;
  const runFor = (untilMs: number, keep: boolean): void => {
    while (performance.now() < untilMs) {
      const start = performance.now();
      for (let i = 0; i < block; i++) { work(items[at] as T); at = (at + 1) % items.length; }
      if (keep) { blocks.push((performance.now() - start) / block); n += block; }
    }
  };
  runFor(performance.now() + budgetMs / 4, false);
  const before = process.cpuUsage();
  runFor(performance.now() + budgetMs, true);
  const used = process.cpuUsage(before);
  blocks.sort((a, b) => a - b);
  return { n, perItemUs: (used.user + used.system) / n, p50Ms: blocks[Math.floor(blocks.length * 0.5)] ?? 0, p99Ms: blocks[Math.floor(blocks.length * 0.99)] ?? 0 };
}

function* figures(work: string, { n, perItemUs, p50Ms, p99Ms }: Measured): Iterable<BenchLine> {
  const round = (value: number): number => Number(value.toPrecision(4));
  const line = { bench: 'rules' as const, n, work: `${work}; seed ${seed}, ${cpus()[0]?.model ?? 'cpu'}` };
  yield { ...line, metric: 'cpu_per_item', value: round(perItemUs), unit: 'us' };
  yield { ...line, metric: 'throughput', value: round(1e6 / perItemUs), unit: '/s' };
  yield { ...line, metric: 'latency_p50', value: round(p50Ms), unit: 'ms' };
  yield { ...line, metric: 'latency_p99', value: round(p99Ms), unit: 'ms' };
}
