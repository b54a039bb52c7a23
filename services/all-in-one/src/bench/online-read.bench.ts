import type { SubmittedRow } from '@weir/gateway';
import { openBenchSuite, sendLoad, type BenchSuite } from './bench-suite';
import { cpuMicros, latencyFigures, round, type Figure } from './figures';
import type { LoadOrder } from './load-client';

const cards = 2_000, eventsPerCard = 30;
const windows = ['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '7d', '30d'];
/** 5 aggregates × 10 windows. */
const definitions = `
kind: Source
name: transactions
id: transaction_id
time: event_time
partition_by: card
decide: true
fields: { transaction_id: string!, event_time: timestamp!, card_id: string!, amount: money! }
---
{ kind: Entity, name: card, key: card_id }
---
kind: FeatureView
name: velocity
entity: card
source: transactions
features:
${[['n', 'count'], ['total', 'sum'], ['mean', 'avg'], ['spread', 'stddev'], ['most', 'max']].map(([name, agg]) => `  - { name: ${name}, agg: ${agg}${agg === 'count' ? '' : ', of: amount'}, windows: [${windows.join(', ')}] }`).join('\n')}
---
{ kind: Policy, name: default, bands: { review: 0.3, block: 0.8 } }
`;

/** Reads of features through the whole gateway, from a client in a process of its own: throughput with 32 under way, latencies at half of it. */
export async function* run(quick: boolean): AsyncGenerator<Figure> {
  const bench = await openBenchSuite();
  try {
    await fill(bench);
    for (const entitiesPerRead of [1, 5]) {
      for (const kind of ['http-read', 'grpc-read'] as const) {
        const work = `${kind === 'http-read' ? 'HTTP' : 'gRPC'}, ${entitiesPerRead} × 50 features a read, ${cards} cards of ${eventsPerCard} events; client in another process on the same machine`;
        const order: LoadOrder = {
          kind, target: kind === 'http-read' ? bench.url : bench.grpc, key: bench.key, inFlight: 32, perSecond: undefined, warmMs: quick ? 1_000 : 3_000, measureMs: quick ? 2_500 : 10_000, entitiesPerRead, entities: cards, run: '',
        };
        yield* measured('online-read', order, work);
      }
    }
  } finally {
    await bench.stop();
  }
}

/** Throughput and CPU of this process per answer under a closed loop, then latencies at half of that rate. */
export async function* measured(name: string, order: LoadOrder, work: string): AsyncGenerator<Figure> {
  let cpuBefore = 0;
  const flood = await sendLoad(order, () => { cpuBefore = cpuMicros(); });
  const cpu = cpuMicros() - cpuBefore;
  if (flood.failed > 0) throw new Error(`${flood.failed} of ${flood.failed + flood.answered} requests failed`);
  const perSecond = flood.answered / flood.seconds;
  yield { bench: name, metric: 'throughput', value: round(perSecond), unit: '/s', n: flood.answered, work };
  yield { bench: name, metric: 'cpu_per_item', value: round(cpu / flood.answered), unit: 'us', n: flood.answered, work };
  const steady = await sendLoad({ ...order, perSecond: perSecond / 2, run: `${order.run}s` }, () => undefined);
  if (steady.failed > 0) throw new Error(`${steady.failed} of ${steady.failed + steady.answered} requests failed`);
  yield* latencyFigures(name, steady.latenciesMs, `${work}; at ${Math.round(perSecond / 2)}/s${steady.late + flood.late > 0 ? `; 202 instead of a decision at the deadline: ${steady.late} of these, ${flood.late} of ${flood.answered} at full load` : ''}`);
}

async function fill({ suite }: BenchSuite): Promise<void> {
  await suite.definitions.apply({ documents: [], files: [{ path: 'online-read.yaml', text: definitions }], prune: true }, { name: 'bench', note: null });
  const nowMs = Date.now();
  for (let turn = 0; turn < eventsPerCard; turn += 1) {
    const rows = Array.from({ length: cards }, (_, card): SubmittedRow => {
      const atMs = nowMs - (eventsPerCard - turn) * 40 * 60_000;
      const event = { transaction_id: `${turn}-${card}`, event_time: atMs, card_id: `card-${card}`, amount: 100 + ((card * 31 + turn * 17) % 9_000) };
      return { json: JSON.stringify(event), event, receivedAtMs: atMs, idempotency: undefined };
    });
    await suite.edge.submit(rows, { source: undefined, wait: 'decided', deadlineMs: 60_000 });
  }
}
