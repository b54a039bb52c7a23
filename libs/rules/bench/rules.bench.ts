import { cpus } from 'node:os';
import type { ConditionFrame } from '@weir/definitions';
import type { CelValue } from '@weir/expressions';
import { SeededRandom } from '@weir/testkit';
import { frameOf, inputOf, programOf, rule, type Fields } from '../test/rule-set';
import { engineOf, firedBy } from './json-rules-engine';
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

type BenchEvent = ReturnType<typeof benchFields>;
/** Events whose fired rules are compared with another engine's before it is timed. */
const comparedMax = 3;

/** Figures of evaluating all rules on an event with the index and one by one, of a whole decision, of storing it, and of json-rules-engine on the same. `quick` ends within 40 s. */
export async function* run(quick: boolean): AsyncIterable<BenchLine> {
  for (const count of [100, 1_000, 10_000]) {
    const random = new SeededRandom(seed);
    const rules = Array.from({ length: count }, (_, i) => benchRule(random, i));
    const program = programOf(...rules);
    const events = Array.from({ length: 512 }, () => benchFields(random));
    const frames = events.map(({ fields, features }) => frameOf(program, fields, features));
    const inputs = events.map(({ fields, features }) => inputOf(program, fields, { features }));
    const budgetMs = quick ? 700 : 3_000;
    const fired = firedPerEvent(program, frames);
    yield* figures(`${count} rules, indexed, ${fired.toFixed(2)} fire`, measure(frames, (frame) => program.liveIndex.evaluate(frame), budgetMs));
    yield* figures(`${count} rules, one by one`, measure(frames, (frame) => scan(program, frame), budgetMs));
    yield* figures(`${count} rules, whole decision`, measure(inputs, (input) => program.decide(input), budgetMs));
    if (count === 1_000) yield* figures('storing a decision', measureCodec(program, inputs, budgetMs));
    yield* figures(`${count} rules in json-rules-engine, the same rules and events in the same run`, await measureEngine(rules, events, { program, frames, budgetMs }));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** An engine's answer to a few events is compared with ours first. At 10,000 rules few events fit into the time: each takes a good part of a second. */
async function measureEngine(rules: ReadonlyArray<Record<string, unknown>>, events: readonly BenchEvent[], { program, frames, budgetMs }: { readonly program: DecisionProgram; readonly frames: readonly ConditionFrame[]; readonly budgetMs: number }): Promise<Measured> {
  const engine = engineOf(rules.map(({ name, when }) => [String(name), String(when)]));
  const factsOf = ({ fields, features }: BenchEvent): Record<string, unknown> => ({ ...fields, ...features });
  for (const [index, event] of events.slice(0, comparedMax).entries()) {
    const ours = program.liveRules.filter(({ condition }) => condition.evaluate(frames[index] as ConditionFrame) === true).map(({ name }) => name).sort();
    const theirs = [...await firedBy(engine, factsOf(event))].sort();
    if (ours.join() !== theirs.join()) throw new Error(`event ${index}: ${ours.join(' ')} fire, json-rules-engine says ${theirs.join(' ')}`);
  }
  for (const warmUntilMs = performance.now() + budgetMs / 4; performance.now() < warmUntilMs; ) await firedBy(engine, factsOf(events[0] as BenchEvent));
  const runs: number[] = [];
  const before = process.cpuUsage(), endMs = performance.now() + budgetMs;
  for (let at = 0; performance.now() < endMs || runs.length < 3; at = (at + 1) % events.length) {
    const start = performance.now();
    await firedBy(engine, factsOf(events[at] as BenchEvent));
    runs.push(performance.now() - start);
  }
  const used = process.cpuUsage(before);
  runs.sort((a, b) => a - b);
  return { n: runs.length, perItemUs: (used.user + used.system) / runs.length, p50Ms: runs[Math.floor(runs.length * 0.5)] ?? 0, p99Ms: runs[Math.floor(runs.length * 0.99)] ?? 0 };
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
