import type { Command } from 'commander';
import { readRowBatches, writeRows } from '@weir/adapters/files';
import { featureValue, WeirError, type EventItem, type FeatureValue } from '@weir/contracts';
import { labelsSourceName, resolveCanonicalSet, type DefinitionSet, type FeatureService } from '@weir/definitions';
import { FeatureStage } from '@weir/feature-store';
import { IngestStage } from '@weir/ingest';
import { readTimestamp, runOffline } from '@weir/pipeline';
import { openSource, type LaneSource } from '../offline/lane-source';
import { Progress, say } from '../terminal';
import { dataOf, tokenisers } from './offline';

interface TrainSetFlags { readonly service: string; readonly labels?: string; readonly definitions?: string; readonly events?: string; readonly data?: string; readonly served?: boolean; readonly out: string; readonly asOf?: string }

/** A training set: for each decided event the vector a decision saw, and what became known of it. */
export function registerTrainSet(program: Command): void {
  program.command('train-set').description('a point-in-time correct training set: vectors as decisions saw them, with labels')
    .requiredOption('--service <name>', 'the feature service whose vector is wanted').option('--labels <file>', 'rows of transaction_id, fraud and (optional) at; the newest counts. Without --events the default is the labels that the suite got')
    .option('--definitions <dir>', 'folder or file of definitions; without --events the default is the set in force').option('--events <file>', 'JSONL, CSV or Parquet, in the order of arrival')
    .option('--data <dir>', 'instead: all that a suite has kept, running or not (default: the one that runs here)').option('--served', 'vectors as they were served, from the stored decisions, instead of computed again')
    .requiredOption('--out <file>', '.jsonl, .csv (also .gz) or .parquet').option('--as-of <time>', 'labels known by then')
    .action(trainSet);
}

async function trainSet(flags: TrainSetFlags): Promise<void> {
  const asOfMs = flags.asOf === undefined ? Infinity : readTimestamp(/^-?\d+$/.test(flags.asOf) ? Number(flags.asOf) : flags.asOf);
  if (asOfMs === undefined) throw new WeirError('WEIR_USAGE', `--as-of: a time is expected (ISO 8601, or ms since the epoch), got ${JSON.stringify(flags.asOf)}`);
  if (flags.labels === undefined && flags.events !== undefined) throw new WeirError('WEIR_USAGE', '--labels is needed with --events');
  const source = await openSource({ ...flags, data: dataOf(flags) }, tokenisers);
  try {
    const { set } = source, service = set.services.get(flags.service);
    if (service === undefined) throw new WeirError('WEIR_USAGE', `--service: there is no feature service ${flags.service}; there are ${[...set.services.keys()].join(', ') || 'none'}`);
    if (flags.served !== true && source.lanes.length > 1) throw new WeirError('WEIR_USAGE', `over ${source.lanes.length} lanes what was served cannot be computed again from one log: --served takes it from the decisions`);
    if (flags.served === true && source.history === undefined) throw new WeirError('WEIR_USAGE', '--served takes decisions that a suite has kept: give its folder with --data');
    const progress = new Progress('reading events', undefined), labels = flags.labels === undefined ? await labelsOfLog(source, asOfMs) : await readLabels(flags.labels, asOfMs);
    const counts = { rows: 0, unlabelled: 0 }, training = { source, service, labels, counts, progress };
    await writeRows(flags.out, flags.served === true ? servedRows(training) : trainingRows(training));
    progress.end();
    say(`${counts.rows} rows into ${flags.out}; ${counts.unlabelled} decided events have no label and were left out`);
  } finally { await source.close(); }
}

interface Label { readonly fraud: number; readonly atMs: number }

/** The newest label of each transaction that was known by `asOfMs`. */
async function readLabels(file: string, asOfMs: number): Promise<ReadonlyMap<string, Label>> {
  const labels = new Map<string, Label>();
  for await (const batch of readRowBatches(file)) {
    for (const { row, line } of batch) {
      const id = row['transaction_id'];
      const fraud = fraudOf(row['fraud']);
      if (typeof id !== 'string' && typeof id !== 'number') throw new WeirError('WEIR_INPUT_INVALID', `${file}:${line}: transaction_id: expected an id, got ${typeof id}`);
      if (fraud === undefined) throw new WeirError('WEIR_INPUT_INVALID', `${file}:${line}: fraud: expected 0, 1, true or false, got ${JSON.stringify(row['fraud'] ?? null)}`);
      const atMs = timeOf(row['at']);
      const known = labels.get(String(id));
      if (atMs <= asOfMs && (known === undefined || atMs >= known.atMs)) labels.set(String(id), { fraud, atMs });
    }
  }
  return labels;
}

const timeOf = (value: unknown): number => (value === undefined || value === null ? -Infinity : (readTimestamp(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value) ?? -Infinity));

function fraudOf(value: unknown): number | undefined {
  if (value === true || value === 1 || value === '1' || value === 'true') return 1;
  if (value === false || value === 0 || value === '0' || value === 'false') return 0;
  return undefined;
}

/** The labels that stand in the lanes. */
async function labelsOfLog(source: LaneSource, asOfMs: number): Promise<ReadonlyMap<string, Label>> {
  const labels = new Map<string, Label>();
  for (const lane of source.lanes) {
    for await (const { body } of source.records(lane)) {
      if (body.kind !== 'event' || body.source !== labelsSourceName) continue;
      const { transaction_id: id, fraud: said, at } = objectOf(body.json), fraud = fraudOf(said), atMs = timeOf(at), known = typeof id === 'string' ? labels.get(id) : undefined;
      if (typeof id === 'string' && fraud !== undefined && atMs <= asOfMs && (known === undefined || atMs >= known.atMs)) labels.set(id, { fraud, atMs });
    }
  }
  return labels;
}

function objectOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch { return {}; } // ingest quarantined it
}

interface Training { readonly source: LaneSource; readonly service: FeatureService; readonly labels: ReadonlyMap<string, Label>; readonly counts: { rows: number; unlabelled: number }; readonly progress: Progress }
type TrainingRow = Readonly<Record<string, unknown>>;

async function* trainingRows({ source, service, labels, counts, progress }: Training): AsyncGenerator<TrainingRow> {
  for (const lane of source.lanes) {
    const stages = { ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [new FeatureStage({ lane })] };
    for await (const { outcomes } of runOffline(stages, source.records(lane, (done) => { progress.at(done); }))) {
      for (const outcome of outcomes) {
        if (outcome.kind !== 'event' || !outcome.decide) continue;
        const label = labels.get(outcome.event.id);
        if (label === undefined) { counts.unlabelled += 1; continue; }
        counts.rows += 1;
        yield { transaction_id: outcome.event.id, event_time: outcome.event.timeMs, ...vectorOf(outcome, service, source.set), fraud: label.fraud };
      }
    }
  }
}

/** Vectors as decisions have them. What a decision did not have (a feature of another set) is null. */
async function* servedRows({ source, service, labels, counts, progress }: Training): AsyncGenerator<TrainingRow> {
  let done = 0;
  for await (const { transactionId, eventTimeMs, json } of source.history?.decisions() ?? []) {
    if (++done % 1_000 === 0) progress.at(done);
    const label = labels.get(transactionId);
    if (label === undefined) { counts.unlabelled += 1; continue; }
    counts.rows += 1;
    const { tx, features } = JSON.parse(json) as { readonly tx: Readonly<Record<string, FeatureValue>>; readonly features: Readonly<Record<string, FeatureValue>> }; // a stored decision
    yield { transaction_id: transactionId, event_time: eventTimeMs, ...Object.fromEntries(service.features.map((feature) => {
      const [view = '', name = ''] = feature.split(':');
      return [feature, (view === 'tx' ? tx[name] : (features[name] ?? features[`${view}.${name}`])) ?? null];
    })), fraud: label.fraud };
  }
}

/** The service's vector by feature (`view:feature`, `tx:field`), in its order. */
function vectorOf({ event, vector }: EventItem, service: FeatureService, set: DefinitionSet): Record<string, FeatureValue> {
  const source = set.sources.get(event.source);
  return Object.fromEntries(service.features.map((feature): [string, FeatureValue] => {
    const [view = '', name = ''] = feature.split(':');
    if (view === 'tx') return [feature, event.values[source?.slotByField.get(name) ?? -1] ?? null];
    const slot = vector?.layout.slotByName.get(`${view}.${name}`);
    return [feature, vector === undefined || slot === undefined ? null : featureValue(vector, slot)];
  }));
}
