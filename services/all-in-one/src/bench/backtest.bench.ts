import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentsFromJson, canonicalDocument, definitionsOf, resolveSet, type DefinitionSet } from '@weir/definitions';
import { simulate } from '@weir/simulator';
import { LabelBook, type PackedLabels } from '../backtest/label-book';
import { runBacktest } from '../backtest/run-backtest';
import { threadPair } from '../backtest/thread-pair';
import { wayOfFile } from '../backtest/way-of';
import { memoryMbMax } from '../commands/backtest';
import { loadDefinitionSet } from '../definition-files';
import { repositoryRoot } from '../folders';
import { setChecks } from '../set-checks';
import { besideLive } from './backtest-beside';
import { cpuMicros, round, rssMb, type Figure } from './figures';

const everything = { fromMs: -Infinity, toMs: Infinity };
/** Any will do: nobody looks at the tokens. */
const tokenKey = new Uint8Array(32);

/** Over a file, then over a suite's log and beside its traffic. */
export async function* run(quick: boolean): AsyncGenerator<Figure> {
  yield* overFile(quick);
  yield* besideLive(quick);
}

/**
 * A month of transactions from a file through the example definitions and through a changed set: one threshold and the policy's bands, so that ingest and
 * features run once in a thread and the rest of both sides in another; then one feature, so that nothing is shared. Every transaction labelled.
 */
async function* overFile(quick: boolean): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    const events = join(folder, 'events.jsonl'), labels = new LabelBook();
    const written = await writeMonth(events, quick ? 100_000 : 1_000_000, labels);
    const definitions = join(repositoryRoot(), 'examples', 'definitions'), live = loadDefinitionSet(definitions), packed = labels.pack();
    yield* ofChange(changedSet(live), { live, definitions, events, labels: packed, work: `${written} transactions of 30 days from JSONL; both sides: ${live.rules.size} rules, ${live.patterns.size} patterns, ${live.models.size} model; outcomes, money, segments, weeks` });
    yield* ofChange(changedFeature(live), { live, definitions, events, labels: packed, work: `the same ${written} transactions, one more view in the changed set: every stage runs twice, a thread a side` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface OverFile { readonly live: DefinitionSet; readonly definitions: string; readonly events: string; readonly labels: PackedLabels; readonly work: string }

async function* ofChange(changed: DefinitionSet, { live, definitions, events, labels, work }: OverFile): AsyncGenerator<Figure> {
  const models = { kind: 'folder', path: definitions } as const, way = wayOfFile(live, changed), cpuBefore = cpuMicros();
  const report = await runBacktest({
    changed, ...everything,
    lanes: [{ way: way.kind, open: () => threadPair({
      way, job: { lane: 0, lanes: 1, ...everything, amountField: 'amount', segment: 'country', labels, memoryMbMax, source: { kind: 'file', events, setJson: live.canonicalJson, tokenKey } },
      changed, models: { before: models, after: models }, storedThrough: undefined,
    }) }],
  });
  yield { bench: 'backtest', metric: 'throughput', value: round(report.decisions / (report.took_ms / 1_000)), unit: '/s', n: report.decisions, work };
  yield { bench: 'backtest', metric: 'cpu_per_item', value: round((cpuMicros() - cpuBefore) / report.decisions), unit: 'us', n: report.decisions, work: `${work}; both sides together` };
  yield { bench: 'backtest', metric: 'rss', value: rssMb(), unit: 'MB', n: report.decisions, work };
}

/** What no stage can share: another feature, which the model does not read. */
function changedFeature(live: DefinitionSet): DefinitionSet {
  const [first] = live.views.values();
  if (first === undefined) throw new Error('the examples have views');
  const more = { kind: 'FeatureView', name: 'one_more', entity: first.entity, source: first.source, features: [{ name: 'one_more', agg: 'count', windows: ['2h'] }] };
  return resolveSet(documentsFromJson([...definitionsOf(live).map(canonicalDocument), more]), live, { checks: setChecks });
}

function changedSet(live: DefinitionSet): DefinitionSet {
  const documents = definitionsOf(live).map((definition) => {
    const document = canonicalDocument(definition);
    if (definition.kind === 'Rule' && definition.name === 'large_amount') return { ...document, when: 'tx.amount > 50000' };
    return definition.kind === 'Policy' ? { ...document, bands: { review: 0.25, block: 0.7 } } : document;
  });
  return resolveSet(documentsFromJson(documents), live, { checks: setChecks });
}

/** About two transactions a day of each customer, cut off at the count. */
async function writeMonth(path: string, count: number, labels: LabelBook): Promise<number> {
  const file = createWriteStream(path);
  let written = 0;
  for (const { event, fraud } of simulate({ days: 30, customers: Math.ceil(count / 55), terminals: Math.ceil(count / 100), seed: 'backtest' })) {
    labels.add(event.transaction_id, fraud === 1, event.event_time);
    written += 1;
    if (!file.write(`${JSON.stringify(event)}\n`)) await once(file, 'drain');
    if (written === count) break;
  }
  file.end();
  await once(file, 'close');
  return written;
}
