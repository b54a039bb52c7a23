import { createWriteStream, openSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from 'commander';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { readRowBatches, rowFormatOf } from '@weir/adapters/files';
import { WeirError } from '@weir/contracts';
import { decidedSource, type DefinitionSet } from '@weir/definitions';
import { Tokeniser, typeTexts } from '@weir/pipeline';
import { verdictJson } from '@weir/rules';
import { buildStages, type Stages } from '../chain';
import { definitionFolder, loadDefinitionSet } from '../definition-files';
import { workFolder } from '../folders';
import { modelFilesBelow } from '../model-files';
import { runningData } from '../client';
import { answerRows } from '../offline/answer-rows';
import { runFile } from '../offline/file-run';
import { openSource } from '../offline/lane-source';
import { tokenKey } from '../suite/secrets';
import { LineWriter, Progress, say } from '../terminal';
import { answerCases } from './cases';
import { registerMatch } from './match';

interface FileFlags { readonly cases?: string; readonly definitions?: string; readonly events?: string; readonly out?: string; readonly at?: string; readonly asKnown?: boolean; readonly asDecided?: boolean; readonly service?: string; readonly json?: boolean; readonly data?: string }

/** Commands that need no running suite: files in, lines out, by the code that runs live. */
export function registerOffline(program: Command): void {
  registerMatch(program);
  program.command('decide').description('decides a whole file offline: a verdict per line')
    .option('--cases <file>', 'many small cases instead').option('--definitions <dir>', 'folder or file of definitions').option('--events <file>', 'JSONL, CSV or Parquet, in the order of arrival').option('--out <file>', 'instead of standard output')
    .action(decide);
  program.command('features').description('point-in-time feature values for rows of keys and time')
    .option('--cases <file>', 'many small cases instead').option('--definitions <dir>', 'folder or file of definitions; without --events the default is the set in force')
    .option('--events <file>', 'JSONL, CSV or Parquet, in the order of arrival').option('--data <dir>', 'instead: all that a suite has kept, running or not (default: the one that runs here)')
    .option('--at <file>', 'rows of entity keys and `time`').option('--service <name>', 'only the features of a feature service').option('--as-known', 'only what was received by then').option('--as-decided', 'what a decision saw')
    .action(features);
  program.command('rules').description('how often each rule fired, was unknown, and alone decided')
    .requiredOption('--definitions <dir>', 'folder or file of definitions').requiredOption('--events <file>', 'JSONL, CSV or Parquet, in the order of arrival').option('--json', 'a JSON line per rule')
    .action(rules);
}

const needed = (flags: FileFlags, name: 'definitions' | 'events' | 'at'): string => {
  const value = flags[name];
  if (value === undefined) throw new WeirError('WEIR_USAGE', `--${name} is needed (or --cases alone)`);
  return value;
};
export const localTokeniser = (): Tokeniser => new Tokeniser(tokenKey(join(workFolder(), 'token.key'), process.env));

const offlineStages = (definitions: string): Stages => buildStages({ lane: 0, runtime: new OnnxModelRuntime(), loadFile: modelFilesBelow(definitionFolder(definitions)) });

async function decide(flags: FileFlags): Promise<void> {
  if (flags.cases !== undefined) return answerCases('decide', flags.cases);
  const definitions = needed(flags, 'definitions');
  const set = loadDefinitionSet(definitions);
  const stages = offlineStages(definitions);
  const file = flags.out === undefined ? undefined : createWriteStream('', { fd: openSync(flags.out, 'w') }); // opened here: a path that cannot be written is said before the work
  const out = new LineWriter(file);
  const progress = new Progress('deciding', undefined);
  const counts = { decided: 0, duplicate: 0, quarantined: 0 };
  const startedAtMs = Date.now();
  for await (const { outcomes } of runFile({ set, stages, events: needed(flags, 'events'), tokeniser: localTokeniser(), progress: (done) => progress.at(done) })) {
    for (const outcome of outcomes) {
      if (outcome.kind === 'duplicate') counts.duplicate += 1;
      else if (outcome.kind === 'quarantined') counts.quarantined += 1;
      else if (outcome.kind === 'event' && outcome.verdict !== undefined) {
        counts.decided += 1;
        const wait = out.write(verdictJson(outcome.verdict));
        if (wait) await wait;
      }
    }
  }
  await out.flush();
  if (file) { file.end(); await once(file, 'close'); }
  await stages.scoring.close();
  progress.end();
  say(`${counts.decided} decided, ${counts.duplicate} duplicates, ${counts.quarantined} quarantined in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`);
}

async function features(flags: FileFlags): Promise<void> {
  if (flags.cases !== undefined) return answerCases('features', flags.cases);
  await featuresOfFile(flags, process.stdout);
}

/** Answers the rows of a file, a line each. */
export async function featuresOfFile(flags: FileFlags, to: NodeJS.WritableStream): Promise<void> {
  const at = needed(flags, 'at'), source = await openSource({ ...flags, data: dataOf(flags) }, tokenisers);
  try {
    const wanted = flags.service === undefined ? undefined : wantedFeatures(source.set, flags.service);
    const out = new LineWriter(to), progress = new Progress('reading events', undefined);
    for await (const line of answerRows({ source, rows: rowsOf(at, source.set), asKnown: flags.asKnown === true, asDecided: flags.asDecided === true, wanted, progress: (records) => { progress.at(records); } })) {
      const wait = out.write(line);
      if (wait) await wait;
    }
    progress.end();
    await out.flush();
  } finally { await source.close(); }
}

/** Rows of a file; of a CSV in the types of the source that is decided. */
async function* rowsOf(file: string, set: DefinitionSet): AsyncGenerator<Readonly<Record<string, unknown>>, void, undefined> {
  const textual = rowFormatOf(file).format === 'csv', source = decidedSource(set) ?? [...set.sources.values()][0];
  for await (const batch of readRowBatches(file)) for (const { row } of batch) yield textual && source ? timed(typeTexts(row, source)) : row;
}

/** The folder of a suite: the one named, else, where no file is, that of the suite that runs. */
export const dataOf = ({ events, data }: { readonly events?: string | undefined; readonly data?: string | undefined }): string | undefined => data ?? (events === undefined ? runningData() : undefined);

export const tokenisers = { local: (): Tokeniser => localTokeniser(), ofKey: (path: string): Tokeniser => new Tokeniser(tokenKey(path, process.env)) };

const timed = (row: Record<string, unknown>): Record<string, unknown> => (typeof row['time'] === 'string' && /^-?\d+$/.test(row['time']) ? { ...row, time: Number(row['time']) } : row);

/** Qualified names of a service's features. */
function wantedFeatures(set: DefinitionSet, service: string): ReadonlySet<string> {
  const found = set.services.get(service);
  if (found === undefined) throw new WeirError('WEIR_USAGE', `--service: there is no feature service ${service}; there are ${[...set.services.keys()].join(', ') || 'none'}`);
  return new Set(found.features.map((feature) => feature.replace(':', '.')));
}

interface RuleCounts { fired: number; unknown: number; decided: number }

async function rules(flags: FileFlags): Promise<void> {
  const definitions = needed(flags, 'definitions');
  const set = loadDefinitionSet(definitions);
  const stages = offlineStages(definitions);
  const countsByRule = new Map<string, RuleCounts>([...set.rules.keys()].map((name) => [name, { fired: 0, unknown: 0, decided: 0 }]));
  const progress = new Progress('evaluating', undefined);
  for await (const { outcomes } of runFile({ set, stages, events: needed(flags, 'events'), tokeniser: localTokeniser(), progress: (done) => progress.at(done) })) {
    for (const outcome of outcomes) {
      if (outcome.kind !== 'event' || outcome.verdict === undefined) continue;
      const { rules: fired, shadow, unknown, decided_by } = outcome.verdict;
      for (const name of fired) count(countsByRule, name, 'fired');
      for (const name of shadow) count(countsByRule, name, 'fired');
      for (const name of unknown) count(countsByRule, name, 'unknown');
      const asked = decided_by.endsWith('_rule') ? fired.filter((name) => `${set.rules.get(name)?.outcome ?? ''}_rule` === decided_by) : [];
      if (asked.length === 1) for (const name of asked) count(countsByRule, name, 'decided');
    }
  }
  progress.end();
  await stages.scoring.close();
  for (const [rule, counts] of countsByRule) process.stdout.write(flags.json ? `${JSON.stringify({ rule, ...counts })}\n` : `${rule.padEnd(32)} ${String(counts.fired).padStart(9)} fired ${String(counts.unknown).padStart(9)} unknown ${String(counts.decided).padStart(9)} alone decided\n`);
}

function count(countsByRule: Map<string, RuleCounts>, rule: string, what: keyof RuleCounts): void {
  const counts = countsByRule.get(rule);
  if (counts !== undefined) counts[what] += 1;
}
