import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from 'commander';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { readRowBatches, rowFormatOf } from '@weir/adapters/files';
import { WeirError, type StreamEvent } from '@weir/contracts';
import { decidedSource, resolveCanonicalSet } from '@weir/definitions';
import { answerFeatureCase } from '@weir/features';
import { IngestStage } from '@weir/ingest';
import { Tokeniser, typeTexts } from '@weir/pipeline';
import { verdictJson } from '@weir/rules';
import { buildStages, type Stages } from '../chain';
import { definitionFolder, loadDefinitionSet } from '../definition-files';
import { workFolder } from '../folders';
import { modelFilesBelow } from '../model-files';
import { runFile } from '../offline/file-run';
import { tokenKey } from '../suite/secrets';
import { LineWriter, Progress, say } from '../terminal';
import { answerCases } from './cases';
import { registerMatch } from './match';

interface FileFlags { readonly cases?: string; readonly definitions?: string; readonly events?: string; readonly out?: string; readonly at?: string; readonly asKnown?: boolean; readonly asDecided?: boolean; readonly service?: string; readonly json?: boolean }

/** Commands that need no running suite: files in, lines out, by the code that runs live. */
export function registerOffline(program: Command): void {
  registerMatch(program);
  program.command('decide').description('decides a whole file offline: a verdict per line')
    .option('--cases <file>', 'many small cases instead').option('--definitions <dir>', 'folder or file of definitions').option('--events <file>', 'JSONL, CSV or Parquet, in the order of arrival').option('--out <file>', 'instead of standard output')
    .action(decide);
  program.command('features').description('point-in-time feature values for rows of keys and time')
    .option('--cases <file>', 'many small cases instead').option('--definitions <dir>', 'folder or file of definitions').option('--events <file>', 'JSONL, CSV or Parquet, in the order of arrival')
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
  const file = flags.out === undefined ? undefined : createWriteStream(flags.out);
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
  const set = loadDefinitionSet(needed(flags, 'definitions'));
  const acceptedEvents: StreamEvent[] = [];
  const stages = { ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [] };
  const progress = new Progress('reading events', undefined);
  for await (const { outcomes } of runFile({ set, stages, events: needed(flags, 'events'), tokeniser: localTokeniser(), progress: (done) => progress.at(done) })) {
    for (const outcome of outcomes) if (outcome.kind === 'event') acceptedEvents.push(outcome.event);
  }
  progress.end();
  const at = needed(flags, 'at');
  const textual = rowFormatOf(at).format === 'csv';
  const source = decidedSource(set) ?? [...set.sources.values()][0];
  const rows: Readonly<Record<string, unknown>>[] = [];
  for await (const batch of readRowBatches(at)) for (const { row } of batch) rows.push(textual && source ? timed(typeTexts(row, source)) : row);
  const wanted = flags.service === undefined ? undefined : wantedFeatures(set, flags.service);
  const out = new LineWriter();
  for (const answer of answerFeatureCase({ set, acceptedEvents, rows, asKnown: flags.asKnown === true, asDecided: flags.asDecided === true })) {
    await out.write(JSON.stringify(wanted === undefined ? answer : { ...answer, features: only(answer.features, wanted), statuses: only(answer.statuses, wanted) }));
  }
  await out.flush();
}

const timed = (row: Record<string, unknown>): Record<string, unknown> => (typeof row['time'] === 'string' && /^-?\d+$/.test(row['time']) ? { ...row, time: Number(row['time']) } : row);
const only = <T>(values: Readonly<Record<string, T>>, wanted: ReadonlySet<string>): Record<string, T> => Object.fromEntries(Object.entries(values).filter(([name]) => wanted.has(name)));

function wantedFeatures(set: ReturnType<typeof loadDefinitionSet>, service: string): ReadonlySet<string> {
  const found = set.services.get(service);
  if (found === undefined) throw new WeirError('WEIR_USAGE', `--service: there is no feature service ${service}; there are ${[...set.services.keys()].join(', ') || 'none'}`);
  return new Set(found.features.flatMap((feature) => { const [, name = ''] = feature.split(':'); return [name, feature.replace(':', '.')]; }));
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
