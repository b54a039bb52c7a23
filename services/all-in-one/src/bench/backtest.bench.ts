import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentsFromJson, canonicalDocument, definitionsOf, resolveSet, type DefinitionSet } from '@weir/definitions';
import { simulate } from '@weir/simulator';
import { LabelBook } from '../backtest/label-book';
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
 * A month of transactions from a file through the example definitions and through a changed set (one threshold, the policy's bands): ingest and features
 * once in a thread, the rest of both sides in another; every transaction labelled.
 */
async function* overFile(quick: boolean): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    const events = join(folder, 'events.jsonl'), labels = new LabelBook();
    const written = await writeMonth(events, quick ? 100_000 : 1_000_000, labels);
    const definitions = join(repositoryRoot(), 'examples', 'definitions');
    const live = loadDefinitionSet(definitions), changed = changedSet(live);
    const models = { kind: 'folder', path: definitions } as const;
    const cpuBefore = cpuMicros();
    const way = wayOfFile(live, changed);
    const report = await runBacktest({
      changed, ...everything,
      lanes: [{ way: way.kind, open: () => threadPair({
        way, job: { lane: 0, lanes: 1, ...everything, amountField: 'amount', segment: 'country', labels: labels.pack(), memoryMbMax, source: { kind: 'file', events, setJson: live.canonicalJson, tokenKey } },
        changed, models: { before: models, after: models }, storedThrough: undefined,
      }) }],
    });
    const work = `${written} transactions of 30 days from JSONL; both sides: ${live.rules.size} rules, ${live.patterns.size} patterns, ${live.models.size} model; outcomes, money, segments, weeks`;
    yield { bench: 'backtest', metric: 'throughput', value: round(report.decisions / (report.took_ms / 1_000)), unit: '/s', n: report.decisions, work };
    yield { bench: 'backtest', metric: 'cpu_per_item', value: round((cpuMicros() - cpuBefore) / report.decisions), unit: 'us', n: report.decisions, work: `${work}; both sides together` };
    yield { bench: 'backtest', metric: 'rss', value: rssMb(), unit: 'MB', n: report.decisions, work };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
