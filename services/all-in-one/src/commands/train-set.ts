import type { Command } from 'commander';
import { readRowBatches, writeRows } from '@weir/adapters/files';
import { featureValue, WeirError, type EventItem, type FeatureValue } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet, type FeatureService } from '@weir/definitions';
import { FeatureStage } from '@weir/feature-store';
import { IngestStage } from '@weir/ingest';
import { readTimestamp } from '@weir/pipeline';
import { loadDefinitionSet } from '../definition-files';
import { runFile } from '../offline/file-run';
import { Progress, say } from '../terminal';
import { localTokeniser } from './offline';

interface TrainSetFlags { readonly service: string; readonly labels: string; readonly definitions: string; readonly events: string; readonly out: string; readonly asOf?: string }

/** A training set: for each decided event the vector a decision saw, and what became known of it. */
export function registerTrainSet(program: Command): void {
  program.command('train-set').description('a point-in-time correct training set: vectors as decisions saw them, with labels')
    .requiredOption('--service <name>', 'the feature service whose vector is wanted').requiredOption('--labels <file>', 'rows of transaction_id, fraud and (optional) at; the newest counts')
    .requiredOption('--definitions <dir>', 'folder or file of definitions').requiredOption('--events <file>', 'JSONL, CSV or Parquet, in the order of arrival')
    .requiredOption('--out <file>', '.jsonl, .csv (also .gz) or .parquet').option('--as-of <time>', 'labels known by then')
    .action(trainSet);
}

async function trainSet(flags: TrainSetFlags): Promise<void> {
  const set = loadDefinitionSet(flags.definitions);
  const service = set.services.get(flags.service);
  if (service === undefined) throw new WeirError('WEIR_USAGE', `--service: there is no feature service ${flags.service}; there are ${[...set.services.keys()].join(', ') || 'none'}`);
  const labels = await readLabels(flags.labels, flags.asOf === undefined ? Infinity : (readTimestamp(flags.asOf) ?? Infinity));
  const progress = new Progress('reading events', undefined);
  const counts = { rows: 0, unlabelled: 0 };
  await writeRows(flags.out, trainingRows({ set, service, labels, flags, counts, progress }));
  progress.end();
  say(`${counts.rows} rows into ${flags.out}; ${counts.unlabelled} decided events have no label and were left out`);
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

interface Training { readonly set: DefinitionSet; readonly service: FeatureService; readonly labels: ReadonlyMap<string, Label>; readonly flags: TrainSetFlags; readonly counts: { rows: number; unlabelled: number }; readonly progress: Progress }

async function* trainingRows({ set, service, labels, flags, counts, progress }: Training): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const stages = { ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [new FeatureStage({ lane: 0 })] };
  for await (const { outcomes } of runFile({ set, stages, events: flags.events, tokeniser: localTokeniser(), progress: (done) => progress.at(done) })) {
    for (const outcome of outcomes) {
      if (outcome.kind !== 'event' || !outcome.decide) continue;
      const label = labels.get(outcome.event.id);
      if (label === undefined) { counts.unlabelled += 1; continue; }
      counts.rows += 1;
      yield { transaction_id: outcome.event.id, event_time: outcome.event.timeMs, ...vectorOf(outcome, service, set), fraud: label.fraud };
    }
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
