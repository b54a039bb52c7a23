import { dirname, resolve } from 'node:path';
import { WeirError, type StreamEvent } from '@weir/contracts';
import { documentsFromJson, resolveCanonicalSet, resolveSet, type DefinitionSet } from '@weir/definitions';
import { answerFeatureCase } from '@weir/features';
import { IngestStage } from '@weir/ingest';
import { runOffline, type Outcome } from '@weir/pipeline';
import type { ModelRuntime } from '@weir/ports';
import { answerOf } from '@weir/scoring';
import { buildStages } from '../chain';
import { modelFilesBelow } from '../model-files';
import { setChecks } from '../set-checks';
import { caseRecords, readCase, type Case } from './case-records';

interface Refused { readonly index: number; readonly reason: string; readonly field?: string }
type Answer = Readonly<Record<string, unknown>>;

/** One line out per case in; a case that cannot be run says why in `error`, and the rest go on. */
export async function answerFeatures(line: unknown): Promise<Answer> {
  return answering(readCase(line), 'rows', async (given, set) => {
    const { records, firstEvent } = caseRecords(given, set);
    const ingest = { ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [] };
    const acceptedEvents: StreamEvent[] = [];
    const refusals = await collect(runOffline(ingest, records), firstEvent, (outcome) => { if (outcome.kind === 'event') acceptedEvents.push(outcome.event); });
    return { rows: answerFeatureCase({ set, acceptedEvents, rows: given.at, asKnown: given.asKnown, asDecided: given.asDecided }), ...refusals };
  });
}

/** As `answerFeatures`, through every stage: a decision per accepted event. Models are read beside the cases' file. */
export function decisionAnswerer(casesFile: string, runtime: ModelRuntime): (line: unknown) => Promise<Answer> {
  const loadFile = modelFilesBelow(dirname(resolve(casesFile)));
  return (line) => answering(readCase(line), 'decisions', async (given, set) => {
    const { records, firstEvent } = caseRecords(given, set);
    const stages = buildStages({ lane: 0, runtime, loadFile });
    const decisions: unknown[] = [];
    const refusals = await collect(runOffline(stages, records), firstEvent, (outcome) => { if (outcome.kind === 'event' && outcome.verdict !== undefined) decisions.push(answerOf(outcome.verdict)); });
    await stages.scoring.close();
    return { decisions, ...refusals };
  });
}

async function answering(given: Case, part: 'rows' | 'decisions', answer: (given: Case, set: DefinitionSet) => Promise<Answer>): Promise<Answer> {
  const empty = { name: given.name, rows: null, decisions: null, quarantined: [], duplicates: [], error: null };
  try {
    const set = resolveSet(documentsFromJson(given.definitions), undefined, { checks: setChecks });
    return { ...empty, ...(await answer(given, set)) };
  } catch (error) {
    return { ...empty, [part]: null, error: errorText(error) };
  }
}

function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const findings = error instanceof WeirError ? error.findings.filter(({ expected, got }) => !error.message.includes(`expected ${expected}, got ${got}`)).map((finding) => `${finding.where}: ${finding.name ?? ''} ${finding.field}: expected ${finding.expected}, got ${finding.got}`) : [];
  return [error.message, ...findings].join('; ');
}

async function collect(batches: AsyncIterable<{ readonly outcomes: readonly Outcome[] }>, firstEvent: number, accept: (outcome: Outcome) => void): Promise<{ quarantined: Refused[]; duplicates: number[] }> {
  const quarantined: Refused[] = [];
  const duplicates: number[] = [];
  for await (const { outcomes } of batches) {
    for (const outcome of outcomes) {
      if (outcome.kind === 'quarantined') quarantined.push({ index: outcome.offset - firstEvent, reason: outcome.reason, ...(outcome.reason === 'invalid' && outcome.field ? { field: outcome.field } : {}) });
      else if (outcome.kind === 'duplicate') duplicates.push(outcome.offset - firstEvent);
      else accept(outcome);
    }
  }
  return { quarantined, duplicates };
}
