import { join } from 'node:path';
import type { RawRecord } from '@weir/contracts';
import { documentsFromJson, parseDocuments, resolveSet, type DefinitionSet } from '@weir/definitions';
import { FeatureStage } from '@weir/feature-store';
import { IngestStage } from '@weir/ingest';
import { emptyState, itemsOf, Tokeniser, toRawBody } from '@weir/pipeline';
import { simulate } from '@weir/simulator';
import { loadDefinitionSet, readDefinitionFiles } from '../definition-files';
import { repositoryRoot } from '../folders';
import { cpuMicros, round, rssMb, threadCpuMicros, type Figure } from './figures';

const batchMax = 512;
/** Any will do: nobody looks at the tokens. */
const tokenKey = new Uint8Array(32);

/** What one event costs in ingest and in the feature stage alone, one thread, nothing stored: over the example definitions, and over 90 features of three entities. */
export async function* run(quick: boolean): AsyncGenerator<Figure> {
  const definitions = join(repositoryRoot(), 'examples', 'definitions');
  const count = quick ? 200_000 : 600_000;
  for (const [name, set] of [['the example definitions', loadDefinitionSet(definitions)], ['three entities', ninetyFeatures(join(definitions, 'sources.yaml'))]] as const) yield* measure(name, set, count);
}

async function* measure(name: string, set: DefinitionSet, count: number): AsyncGenerator<Figure> {
  const ingest = new IngestStage(), features = new FeatureStage({ lane: 0 });
  await ingest.restore(emptyState);
  await features.restore(emptyState);
  const warm = count / 2;
  let seen = 0, ingestMicros = 0, featureMicros = 0, ingestBytes = 0, featureBytes = 0, cleanBatches = 0, allBefore = 0;
  for (const records of batches(set, count)) {
    if (seen <= warm && seen + records.length > warm) allBefore = cpuMicros();
    const heapBefore = process.memoryUsage().heapUsed, before = threadMicros();
    const items = itemsOf(ingest.process(records));
    const between = threadMicros(), heapBetween = process.memoryUsage().heapUsed;
    features.process(items);
    const after = threadMicros(), heapAfter = process.memoryUsage().heapUsed;
    seen += records.length;
    if (seen <= warm) continue;
    ingestMicros += between - before;
    featureMicros += after - between;
    // A collection in between would hide what was allocated: such a batch says nothing.
    if (heapBetween <= heapBefore || heapAfter <= heapBetween) continue;
    cleanBatches += records.length;
    ingestBytes += heapBetween - heapBefore;
    featureBytes += heapAfter - heapBetween;
  }
  const measured = count - warm, views = [...set.views.values()];
  const work = `${views.reduce((sum, view) => sum + view.features.length, 0)} features in ${views.length} views (${name}), ${seen} events, of one thread`;
  const figure = (metric: string, value: number, unit: string, of: string): Figure => ({ bench: 'features', metric, value: round(value), unit, n: measured, work: `${of}: ${work}` });
  yield figure('cpu_per_item', featureMicros / measured, 'us', 'feature stage');
  yield figure('cpu_per_item', ingestMicros / measured, 'us', 'ingest');
  yield figure('cpu_per_item', (cpuMicros() - allBefore) / measured, 'us', 'the whole process, reading the events and the collector included');
  yield figure('allocated_per_item', featureBytes / cleanBatches, 'B', 'feature stage');
  yield figure('allocated_per_item', ingestBytes / cleanBatches, 'B', 'ingest');
  yield figure('rss', rssMb(), 'MB', 'process');
}

const threadMicros = (): number => threadCpuMicros() ?? cpuMicros();

/** The set, then simulated card payments as the edge appends them, made when they are asked for. */
function* batches(set: DefinitionSet, count: number): Generator<RawRecord[]> {
  yield [{ lane: 0, offset: 0, appendedAtMs: 0, body: { kind: 'definitions', setId: set.id, json: set.canonicalJson } }];
  const edge = { sources: set.sources, mayReplay: true, ownClock: true, tokeniser: new Tokeniser(tokenKey) };
  let records: RawRecord[] = [], offset = 1;
  for (const { event } of simulate({ days: 3_650, customers: 20_000, terminals: 10_000, seed: 'bench' })) {
    const result = toRawBody({ ...event }, edge);
    if (result.kind !== 'body') throw new Error('simulated events are good');
    records.push({ lane: 0, offset: offset++, appendedAtMs: result.body.receivedAtMs ?? 0, body: result.body });
    if (records.length < batchMax && offset <= count) continue;
    yield records;
    if (offset > count) return;
    records = [];
  }
}

/** 90 aggregates as card fraud asks for them: how often, how much, how many different ones, over minutes to a month. */
function ninetyFeatures(sources: string): DefinitionSet {
  const view = (name: string, entity: string, distinct: string, last: string): object => ({
    kind: 'FeatureView', name, entity, source: 'transactions', features: [
      { name: `${entity}_count`, agg: 'count', windows: ['5m', '1h', '24h', '7d', '30d'] }, { name: `${entity}_sum`, agg: 'sum', of: 'amount', windows: ['5m', '1h', '24h', '7d', '30d'] },
      { name: `${entity}_avg`, agg: 'avg', of: 'amount', windows: ['1h', '24h', '7d', '30d'] }, { name: `${entity}_max`, agg: 'max', of: 'amount', windows: ['1h', '24h', '7d', '30d'] },
      { name: `${entity}_spread`, agg: 'stddev', of: 'amount', windows: ['24h', '7d', '30d'] }, { name: `${entity}_others`, agg: 'distinct', of: distinct, windows: ['1h', '24h', '7d'] },
      { name: `${entity}_declines`, agg: 'count', where: 'tx.status == "declined"', windows: ['1h', '24h', '7d'] }, { name: `${entity}_last`, agg: 'last', of: last, current: 'exclude' },
      { name: `${entity}_idle`, agg: 'since_last' }, { name: `${entity}_age`, agg: 'since_first' },
    ],
  });
  const views = [view('card_flow', 'card', 'merchant_id', 'country'), view('merchant_flow', 'merchant', 'card_id', 'device_id'), view('device_flow', 'device', 'card_id', 'country')];
  return resolveSet([...parseDocuments(readDefinitionFiles(sources)), ...documentsFromJson(views)]);
}

