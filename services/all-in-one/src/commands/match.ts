import type { Command } from 'commander';
import { PatternStage } from '@weir/cep';
import { WeirError } from '@weir/contracts';
import { resolveCanonicalSet } from '@weir/definitions';
import { FeatureStage } from '@weir/feature-store';
import { IngestStage } from '@weir/ingest';
import { loadDefinitionSet } from '../definition-files';
import { runFile } from '../offline/file-run';
import { MatchTally, noFigures, type PatternFigures } from '../offline/match-tally';
import { Progress } from '../terminal';
import { Client } from '../client';
import { changeOf, readFolder } from '../definition-upload';
import { backtestOf } from './await-backtest';
import { matchText, rangeOf, timesOf } from './backtest';
import { answerCases } from './cases';
import { localTokeniser } from './offline';
import { objectOf, objectsOf, print, printTable, type JsonObject } from './remote';

interface MatchFlags { readonly cases?: string; readonly definitions?: string; readonly events?: string; readonly pattern?: readonly string[]; readonly from?: string; readonly to?: string; readonly examples?: string; readonly url?: string; readonly json?: boolean }

const examplesDefault = 5;

/** What patterns would give: over cases, over a file, or over a running suite's log. Nothing is published. */
export function registerMatch(program: Command): void {
  program.command('match').description('what patterns give over history before they are published: matches per day, with examples; or pattern cases, a line per case')
    .option('--cases <file>', 'pattern cases, one JSON object a line').option('--definitions <dir>', 'folder or file of definitions')
    .option('--events <file>', 'JSONL, CSV or Parquet, in the order of arrival; without it the log of a running suite').option('--pattern <name...>', 'only these')
    .option('--from <time>', 'matches at or after it').option('--to <time>', 'matches before it').option('--examples <n>', 'matches shown of each pattern', String(examplesDefault))
    .option('--url <url>', 'of the suite (default: the one the last `weir up` wrote down)').option('--json', 'a JSON line per pattern')
    .action(async (flags: MatchFlags) => {
      if (flags.cases !== undefined) return answerCases('match', flags.cases);
      if (flags.definitions === undefined) throw new WeirError('WEIR_USAGE', '--definitions is needed (or --cases alone)');
      const rows = flags.events === undefined ? await overSuite(flags, flags.definitions) : await overFile(flags, flags.definitions, flags.events);
      show(rows, flags);
    });
}

type Row = PatternFigures & { readonly pattern: string; readonly mode: string | null };

async function overFile(flags: MatchFlags, definitions: string, events: string): Promise<Row[]> {
  const set = loadDefinitionSet(definitions);
  for (const name of flags.pattern ?? []) if (!set.patterns.has(name)) throw new WeirError('WEIR_USAGE', `--pattern: there is no pattern ${name}; there are ${[...set.patterns.keys()].join(', ') || 'none'}`);
  const stages = { ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [new FeatureStage({ lane: 0 }), new PatternStage()] };
  const tally = new MatchTally({ ...rangeOf(flags), examples: Number(flags.examples ?? examplesDefault) });
  const progress = new Progress('matching', undefined);
  for await (const { outcomes } of runFile({ set, stages, events, tokeniser: localTokeniser(), progress: (done) => { progress.at(done); } })) tally.add(outcomes);
  progress.end();
  const figures = tally.figures();
  return [...set.patterns.values()].map(({ name, mode }) => ({ pattern: name, mode, ...(figures.get(name) ?? noFigures) }));
}

/** By the back-test of the suite: its threads, its whole log. */
async function overSuite(flags: MatchFlags, definitions: string): Promise<Row[]> {
  const report = await backtestOf(new Client(flags), { ...changeOf(await readFolder(definitions)), ...timesOf(flags), examples: 0 }, 'matching');
  return objectsOf(report['patterns']).map(({ pattern, mode, after }) => ({ pattern: String(pattern), mode: mode === null ? null : String(mode), ...(objectOf(after) as unknown as PatternFigures) })); // made by reportOf
}

function show(rows: readonly Row[], flags: MatchFlags): void {
  const wanted = rows.filter(({ pattern }) => flags.pattern === undefined || flags.pattern.includes(pattern));
  if (flags.json === true) { for (const row of wanted) print(JSON.stringify(row)); return; }
  printTable(['PATTERN', 'MODE', 'MATCHES', 'KEYS', 'TIME-OUTS', 'LIMITS', 'LATE EVENTS'], wanted.map(({ pattern, mode, matches, keys, timeouts, limits, late }) => [pattern, mode ?? 'gone', matches, keys, timeouts, limits, late]));
  for (const { pattern, by_day: byDay, examples } of wanted) {
    if (Object.keys(byDay).length === 0) continue;
    print('');
    printTable([`DAY, ${pattern}`, 'MATCHES'], Object.entries(byDay));
    for (const example of examples) print(`  ${matchText(example as unknown as JsonObject)}`);
  }
}
