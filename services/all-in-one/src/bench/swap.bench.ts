import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../folders';
import { openBenchSuite, type BenchSuite } from './bench-suite';
import { latencyFigures, round, type Figure } from './figures';

const inFlight = 8;
const returnWaitMs = 60_000;
/** Below what the slow model takes for a batch on any machine, above what the others do. */
const latencyMaxMs = 50;
/** One in so many transactions has an amount that the bad models cannot bear. */
const largeEvery = 10;

/** Requests that never stop, and what came of them. */
class Load {
  sent = 0;
  failed = 0;
  degraded = 0;
  readonly latenciesMs: number[] = [];
  readonly answeredByModel = new Map<string, number>();
  private isOver = false;
  private readonly senders: Array<Promise<void>>;

  constructor(private readonly bench: BenchSuite) { this.senders = Array.from({ length: inFlight }, () => this.send()); }

  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.senders);
  }

  private async send(): Promise<void> {
    while (!this.isOver) {
      const number = this.sent++, startedAtMs = performance.now();
      try {
        const response = await fetch(`${this.bench.url}/transactions`, {
          method: 'POST', headers: { authorization: `Bearer ${this.bench.key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ transaction_id: `t-${number}`, event_time: Date.now(), card_id: `c-${number % 500}`, amount: number % largeEvery === 0 ? 500_000 : 5_000 }),
        });
        const answer = await response.json() as { readonly model?: { readonly name: string; readonly version: number } | null; readonly degraded?: boolean };
        if (response.status !== 200) this.failed += 1;
        if (answer.degraded === true) this.degraded += 1;
        const by = answer.model == null ? 'none' : `${answer.model.name} v${answer.model.version}`;
        this.answeredByModel.set(by, (this.answeredByModel.get(by) ?? 0) + 1);
      } catch {
        this.failed += 1;
      }
      this.latenciesMs.push(performance.now() - startedAtMs);
    }
  }
}

/**
 * Models changed under load: a swap, a challenger for a tenth, a roll-back, then a version that fails and one that hangs, each of which the suite sends
 * back by itself. Every request counts; none may fail.
 */
export async function* run(quick: boolean): AsyncGenerator<Figure> {
  const bench = await openBenchSuite({ WEIR_MODEL_LATENCY_MAX_MS: String(latencyMaxMs) }), calmMs = quick ? 1_500 : 5_000;
  let sending: Load | undefined;
  try {
    await bench.suite.definitions.apply({ files: [{ path: 'swap.yaml', text: base }], documents: [], prune: true }, by);
    await publish(bench, 'steady.onnx');
    const load = sending = new Load(bench);
    await pause(calmMs);
    const swapMs = await timed(() => publish(bench, 'other.onnx'));
    await pause(calmMs);
    const challengerMs = await timed(() => publish(bench, 'steady.onnx', { name: 'rival', role: 'challenger', share: 0.1 }));
    await pause(calmMs);
    const rollbackMs = await timed(() => bench.suite.definitions.rollback(undefined, by));
    await pause(calmMs);
    const returnedMs: Record<string, number> = {};
    for (const file of ['fails.onnx', 'slow.onnx']) {
      await publish(bench, file);
      returnedMs[file] = await timed(() => until(() => bench.suite.definitions.set.models.get('risk')?.file === 'other.onnx'));
      await pause(calmMs);
    }
    await load.stop();
    const work = `POST /transactions, ${inFlight} under way, one lane; swap, challenger of 10 %, roll-back, a version that fails and one that hangs; answered by ${[...load.answeredByModel].map(([name, count]) => `${name}: ${count}`).join(', ')}`;
    const figure = (metric: string, value: number, unit: string): Figure => ({ bench: 'swap', metric, value: round(value), unit, n: load.sent, work });
    yield figure('requests', load.sent, 'count');
    yield figure('failed', load.failed, 'count');
    yield figure('degraded', load.degraded, 'count');
    yield figure('versions', load.answeredByModel.size, 'count');
    yield figure('swap', swapMs, 'ms');
    yield figure('challenger', challengerMs, 'ms');
    yield figure('rollback', rollbackMs, 'ms');
    yield figure('return_failing', (returnedMs['fails.onnx'] ?? Number.NaN) / 1_000, 's');
    yield figure('return_slow', (returnedMs['slow.onnx'] ?? Number.NaN) / 1_000, 's');
    yield* latencyFigures('swap', load.latenciesMs, work);
  } finally {
    await sending?.stop();
    await bench.stop();
  }
}

const by = { name: 'bench', note: null };
const base = `
kind: Source
name: transactions
id: transaction_id
time: event_time
decide: true
fields: { transaction_id: string!, event_time: timestamp!, card_id: string!, amount: money! }
---
{ kind: Entity, name: card, key: card_id }
---
kind: FeatureView
name: card_velocity
entity: card
source: transactions
features: [{ name: tx_count, agg: count, windows: [5m] }]
---
{ kind: FeatureService, name: inputs, features: ["tx:amount", "card_velocity:tx_count_5m"] }
---
{ kind: Policy, name: default, deadline: 30s }
`;

async function publish(bench: BenchSuite, file: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const folder = join(repositoryRoot(), 'services', 'all-in-one', 'test', 'models');
  const sha256 = await bench.suite.artifacts.keep({ path: file, bytes: readFileSync(join(folder, file)), backgroundOf: undefined });
  await bench.suite.artifacts.keep({ path: 'background.csv', bytes: readFileSync(join(folder, 'background.csv')), backgroundOf: sha256 });
  const document = { kind: 'Model', name: 'risk', role: 'champion', file, features: 'inputs', output: 'p', background: 'background.csv', ...more };
  await bench.suite.definitions.apply({ files: [], documents: [document], prune: false }, by);
}

const pause = (ms: number): Promise<void> => new Promise((resume) => { setTimeout(resume, ms); });

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}

/** @throws RangeError when it does not hold in time. */
async function until(holds: () => boolean): Promise<void> {
  for (const endMs = performance.now() + returnWaitMs; !holds(); await pause(50)) if (performance.now() > endMs) throw new RangeError(`the former version did not come back within ${returnWaitMs} ms`);
}
