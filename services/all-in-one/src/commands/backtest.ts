import { join } from 'node:path';
import type { Command } from 'commander';
import { WeirError } from '@weir/contracts';
import { readTimestamp } from '@weir/pipeline';
import { LabelBook, readLabelFile } from '../backtest/label-book';
import type { GroupFigures } from '../backtest/report';
import { examplesDefault, runBacktest } from '../backtest/run-backtest';
import { threadPair } from '../backtest/thread-pair';
import { wayOfFile } from '../backtest/way-of';
import { Client } from '../client';
import { definitionFolder, loadDefinitionSet } from '../definition-files';
import { changeOf, readFolder } from '../definition-upload';
import { workFolder } from '../folders';
import { tokenKey } from '../suite/secrets';
import { Progress } from '../terminal';
import { backtestOf } from './await-backtest';
import { objectOf, objectsOf, print, printTable, shown, textsOf, type JsonObject } from './remote';

export interface BacktestFlags {
  readonly definitions: string; readonly live?: string; readonly events?: string; readonly from?: string; readonly to?: string; readonly labels?: string;
  readonly amount?: string; readonly segment?: string; readonly examples?: string; readonly url?: string; readonly json?: boolean;
}

/** A changed set against the live one, over a file of events or over the log of a running suite. */
export function registerBacktest(program: Command): void {
  program.command('backtest').description('a changed set of definitions against the live one over history: outcomes, precision, recall, money, examples')
    .requiredOption('--definitions <dir>', 'the changed set: folder or file').option('--from <time>', 'decisions of events at or after it').option('--to <time>', 'decisions of events before it')
    .option('--events <file>', 'offline over a file (JSONL, CSV or Parquet, in the order of arrival) instead of a running suite').option('--live <dir>', 'with --events: the live set')
    .option('--labels <file>', 'with --events: rows of transaction_id, fraud and (optional) at; default: the labels in the log').option('--amount <field>', 'the money at stake', 'amount')
    .option('--segment <field or CEL>', 'figures for each of its values, e.g. country').option('--examples <n>', 'transactions shown per kind of change', String(examplesDefault))
    .option('--url <url>', 'of the suite (default: the one the last `weir up` wrote down)').option('--json', 'the report as one JSON line')
    .action(async (flags: BacktestFlags) => {
      const report = flags.events === undefined ? await overSuite(flags) : await overFile(flags, flags.events);
      if (flags.json) print(JSON.stringify(report));
      else printReport(objectOf(report));
    });
}

/** Memory that one thread of a command may take, MB: nothing runs beside them that they could harm. */
export const memoryMbMax = 16_384;

async function overFile(flags: BacktestFlags, events: string): Promise<unknown> {
  if (flags.live === undefined) throw new WeirError('WEIR_USAGE', '--live is needed with --events: the set that the changed one is compared with');
  const live = loadDefinitionSet(flags.live);
  const changed = loadDefinitionSet(flags.definitions, live);
  const labels = new LabelBook();
  if (flags.labels !== undefined) await readLabelFile(flags.labels, labels);
  const progress = new Progress('replaying', undefined);
  const range = rangeOf(flags);
  const way = wayOfFile(live, changed);
  const open = () => threadPair({
    way, job: { lane: 0, lanes: 1, ...range, amountField: flags.amount ?? 'amount', segment: flags.segment, labels: labels.pack(), memoryMbMax, source: { kind: 'file', events, setJson: live.canonicalJson, tokenKey: tokenKey(join(workFolder(), 'token.key'), process.env) } },
    changed, models: { before: { kind: 'folder', path: definitionFolder(flags.live ?? '') }, after: { kind: 'folder', path: definitionFolder(flags.definitions) } }, storedThrough: undefined,
  });
  const report = await runBacktest({ lanes: [{ way: way.kind, open }], changed, ...range, examples: Number(flags.examples ?? examplesDefault), progress: (records) => { progress.at(records); } });
  progress.end();
  return report;
}

async function overSuite(flags: BacktestFlags): Promise<unknown> {
  if (flags.labels !== undefined || flags.live !== undefined) throw new WeirError('WEIR_USAGE', '--labels and --live go with --events: a running suite has its own (send labels with POST /labels)');
  const client = new Client(flags);
  const folder = await readFolder(flags.definitions);
  for (const { path, bytes } of folder.models) await client.send('PUT', `/models/files?path=${encodeURIComponent(path)}`, { text: bytes, type: 'application/octet-stream' });
  return backtestOf(client, { ...changeOf(folder), ...timesOf(flags), amount: flags.amount, segment: flags.segment, examples: Number(flags.examples ?? examplesDefault) }, 'replaying');
}

/** `--from` and `--to` as they are sent. @throws WeirError WEIR_USAGE. */
export function timesOf({ from, to }: { readonly from?: string; readonly to?: string }): { from?: number; to?: number } {
  return { ...(from === undefined ? {} : { from: momentOf('from', from) }), ...(to === undefined ? {} : { to: momentOf('to', to) }) };
}

export function rangeOf(flags: { readonly from?: string; readonly to?: string }): { readonly fromMs: number; readonly toMs: number } {
  const { from = -Infinity, to = Infinity } = timesOf(flags);
  return { fromMs: from, toMs: to };
}

function momentOf(flag: string, text: string): number {
  const ms = readTimestamp(/^-?\d+$/.test(text) ? Number(text) : text);
  if (ms === undefined) throw new WeirError('WEIR_USAGE', `--${flag}: a time is expected (ISO 8601, or ms since the epoch), got ${JSON.stringify(text)}`);
  return ms;
}

/** Matches before and after, by day, and of each pattern what it gives now. */
function printPatterns(patterns: readonly JsonObject[]): void {
  if (patterns.length === 0) return;
  const counts = (side: unknown): unknown[] => { const of = objectOf(side); return [of['matches'], of['keys']]; };
  print('');
  printTable(['PATTERN', 'MODE', 'MATCHES BEFORE', 'KEYS', 'MATCHES AFTER', 'KEYS'], patterns.map(({ pattern, mode, before, after }) => [pattern, mode ?? 'gone', ...counts(before), ...counts(after)]));
  for (const { pattern, before, after } of patterns) {
    const [one, other] = [objectOf(objectOf(before)['by_day']), objectOf(objectOf(after)['by_day'])];
    const days = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
    if (days.length === 0) continue;
    print('');
    printTable([`DAY, ${shown(pattern)}`, 'BEFORE', 'AFTER'], days.map((day) => [day, one[day] ?? 0, other[day] ?? 0]));
    for (const example of objectsOf(objectOf(after)['examples'])) print(`  ${matchText(example)}`);
  }
}

/** A match of a report in one line: key, time, events by step. */
export const matchText = ({ key, first, last, events }: JsonObject): string =>
  `${shown(key)} ${shown(first)} to ${shown(last)}: ${Object.entries(objectOf(events)).map(([step, ids]) => `${step} ${textsOf(ids).join(' ')}`).join('; ')}`;

const wayTexts: Readonly<Record<string, string>> = {
  recorded: 'features and matches as the stored decisions have them: the change leaves them as they are', shared: 'ingest and features ran once: the change leaves them as they are', apart: 'every stage ran twice',
};

function printReport(report: JsonObject): void {
  const figures = report as unknown as GroupFigures; // a back-test's report, made by reportOf here or by a suite of the same interface
  const outcomes = ['approve', 'review', 'block'] as const;
  print(`${figures.decisions} decisions compared${objectOf(report['sets'])['unchanged'] === true ? '; the set is the same' : ''}`);
  printTable(['BEFORE \\ AFTER', ...outcomes, 'ALL'], [...outcomes.map((before) => [before, ...outcomes.map((after) => figures.matrix[before]?.[after] ?? 0), figures.before[before]]), ['all', ...outcomes.map((after) => figures.after[after]), figures.decisions]]);
  for (const way of textsOf(report['ways'])) print(wayTexts[way] ?? way);
  const percent = (share: number | null): string => (share === null ? '-' : `${(100 * share).toFixed(2)} %`);
  const quality = (['before', 'after'] as const).flatMap((side) => (['block', 'held'] as const).map((kind) => {
    const { held, precision, recall, false_positives_per_true: perTrue } = figures.quality[side][kind];
    return [side, kind === 'block' ? 'blocked' : 'blocked or review', held, percent(precision), percent(recall), perTrue === null ? '-' : perTrue.toFixed(2)];
  }));
  const labelled = objectOf(report['labelled']);
  print(`\nlabelled: ${shown(labelled['fraud'])} fraud, ${shown(labelled['genuine'])} genuine`);
  printTable(['', 'HELD', 'HOW MANY', 'PRECISION', 'RECALL', 'FALSE PER TRUE'], quality);
  print(`\nmoney (as the field has it): saved ${figures.money.saved}, lost ${figures.money.lost}, net ${figures.money.net}\n`);
  const fired = (side: unknown): [unknown, unknown] => { const of = objectOf(side); return [of['fired'], of['unknown']]; };
  printTable(['RULE', 'MODE', 'FIRED BEFORE', 'UNKNOWN', 'FIRED AFTER', 'UNKNOWN'], objectsOf(report['rules']).map((rule) => [rule['rule'], rule['mode'], ...fired(rule['before']), ...fired(rule['after'])]));
  printPatterns(objectsOf(report['patterns']));
  for (const [title, key] of [['SEGMENT', 'segment'], ['WEEK', 'week']] as const) {
    const groups = objectsOf(report[`${key}s`]);
    if (groups.length > 0) print('');
    if (groups.length > 0) printTable([title, 'DECISIONS', ...outcomes.map((name) => `${name} BEFORE`), ...outcomes.map((name) => `${name} AFTER`)], groups.map((group) => [group[key], group['decisions'], ...outcomes.map((name) => objectOf(group['before'])[name]), ...outcomes.map((name) => objectOf(group['after'])[name])]));
  }
  for (const example of objectsOf(report['examples'])) {
    const sideText = (side: unknown): string => { const { outcome, reasons } = objectOf(side); return `${String(outcome)}${objectsOf(reasons).map(({ text }) => `; ${String(text)}`).join('')}`; };
    print(`\n${shown(example['transaction_id'])} at ${shown(example['event_time'])}${example['fraud'] === null ? '' : example['fraud'] === true ? ', fraud' : ', genuine'}\n  before: ${sideText(example['before'])}\n  after:  ${sideText(example['after'])}`);
  }
  const parity = report['parity'];
  if (parity !== null && parity !== undefined) print(`\nparity with what was stored: ${shown(objectOf(parity)['same'])} of ${shown(objectOf(parity)['compared'])} the same, ${shown(objectOf(parity)['degraded'])} degraded counted apart`);
}
