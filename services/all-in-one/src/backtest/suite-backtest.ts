import { WeirError } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import type { BacktestRequest } from '@weir/gateway';
import { lanesBegin } from '../relane/lane-record';
import { LabelBook, type PackedLabels } from './label-book';
import { surveyLog, type LogSurvey } from './log-survey';
import { RecordUnusable } from './recorded-front';
import { runBacktest, type LanePair } from './run-backtest';
import { runVerify } from './run-verify';
import type { ModelPlace, SetText, SuitePlace } from './side-job';
import { SuiteReader } from './suite-reader';
import { threadLanes, threadPair, threadSide, type LaneJob } from './thread-pair';
import { wayOfLog } from './way-of';

/** A back-test or a verification of a suite's own log, as it goes to the process that runs it. */
export interface SuiteBacktest {
  readonly place: SuitePlace;
  /** Folder of the suite's model files, by their hash. */
  readonly modelsFolder: string;
  readonly request: Omit<BacktestRequest, 'change'>;
  readonly inForce: SetText;
  readonly changed: SetText;
  /** Memory that one thread may take, MB. */
  readonly memoryMbMax: number;
}

export type TellProgress = (records: number, total: number) => void;
type Report = Readonly<Record<string, unknown>>;

/** A lane as it is run. */
interface RunLane { readonly job: LaneJob; readonly endOffset: number; readonly records: number; readonly through: number; readonly survey: LogSurvey | undefined }

/** Runs it in threads of this process, from what lies on disk. @throws what a side throws; WeirError WEIR_CONFLICT when the log does not begin at its start. */
export async function runSuiteBacktest(backtest: SuiteBacktest, tellProgress: TellProgress): Promise<Report> {
  const { request, inForce, changed } = backtest, isCompared = request.verify || changed.setId === inForce.setId;
  const labels = new LabelBook();
  const lanes = await readLanes(backtest, { isCompared, labels });
  const total = lanes.reduce((sum, { records }) => sum + records, 0);
  const progress = (records: number): void => { tellProgress(Math.min(records, total), total); };
  progress(0);
  if (request.verify) return verified(backtest, lanes, progress);
  const run = (useRecords: boolean): Promise<Report> => compared(backtest, { lanes, labels, isCompared, useRecords, progress });
  // The same set has to show that the whole way gives the stored decisions again, so it does not begin with them.
  if (isCompared) return run(false);
  try {
    return await run(true);
  } catch (error) {
    if (!(error instanceof RecordUnusable)) throw error;
    return run(false);
  }
}

async function readLanes(backtest: SuiteBacktest, { isCompared, labels }: { readonly isCompared: boolean; readonly labels: LabelBook }): Promise<RunLane[]> {
  const { place, request } = backtest, begin = lanesBegin(place.dataDir), reader = await SuiteReader.open(place), lanes: RunLane[] = [];
  try {
    for (let lane = 0; lane < place.lanes; lane += 1) {
      const { first, next } = await reader.log.bounds('transactions.raw', lane);
      if (first > begin) throw new WeirError('WEIR_CONFLICT', `the log of lane ${lane} begins at ${first}, and the lane at ${begin}: a back-test needs it from its start`);
      const through = reader.position(lane), endOffset = isCompared ? Math.min(next, through + 1) : next;
      lanes.push({ job: laneJob(backtest, lane, endOffset), endOffset, records: Math.max(endOffset - begin, 0), through, survey: request.verify ? undefined : await surveyLog(reader.log, { lane, endOffset: next }, labels) });
    }
  } finally {
    await reader.close();
  }
  return lanes;
}

function laneJob({ place, request: { fromMs, toMs, amountField, segment }, memoryMbMax }: SuiteBacktest, lane: number, endOffset: number): LaneJob {
  return { lane, lanes: place.lanes, fromMs, toMs, amountField, segment, source: { kind: 'suite', place, endOffset }, labels: { ids: [], fraud: new Uint8Array(0) }, memoryMbMax };
}

const modelsOf = ({ modelsFolder }: SuiteBacktest): ModelPlace => ({ kind: 'artifacts', path: modelsFolder });

async function verified(backtest: SuiteBacktest, lanes: readonly RunLane[], progress: (records: number) => void): Promise<Report> {
  const models = modelsOf(backtest);
  return { ...await runVerify({ progress, lanes: lanes.map(({ job, through }) => () => threadSide({ ...job, work: 'side', models, replaceWith: undefined, storedThrough: through })) }) };
}

interface Compared { readonly lanes: readonly RunLane[]; readonly labels: LabelBook; readonly isCompared: boolean; readonly useRecords: boolean; readonly progress: (records: number) => void }

async function compared(backtest: SuiteBacktest, { lanes, labels, isCompared, useRecords, progress }: Compared): Promise<Report> {
  const { fromMs, toMs, examples } = backtest.request, models = modelsOf(backtest), packed = labels.pack();
  const changed = resolveCanonicalSet(backtest.changed.json), known = resolveCanonicalSet(backtest.inForce.json);
  const together = isCompared ? undefined : allLanes(backtest, { lanes, labels: packed, changed, known, useRecords });
  return { ...await runBacktest({
    changed, fromMs, toMs, examples, progress,
    lanes: together !== undefined ? [together] : lanes.map(({ job, survey, through }) => {
      const way = wayOfLog(survey?.controls, changed, { useRecords, lanes: job.lanes, known });
      const storedThrough = isCompared || way.kind === 'recorded' ? through : undefined;
      return { way: way.kind, open: () => threadPair({ way, job: { ...job, labels: packed }, changed, models: { before: models, after: models }, storedThrough }) };
    }),
  }) };
}

/**
 * With several lanes, what decisions listed stands in the logs of the others. A changed set lists for itself, so its lanes are decided together; undefined
 * where there is one, or where nothing is listed by decisions. (The set in force is compared with what was decided, in lanes that have what was listed.)
 */
function allLanes({ place, request: { fromMs, toMs, amountField, segment }, memoryMbMax, modelsFolder }: SuiteBacktest, { lanes, labels, changed, known, useRecords }: { readonly lanes: readonly RunLane[]; readonly labels: PackedLabels; readonly changed: DefinitionSet; readonly known: DefinitionSet; readonly useRecords: boolean }): LanePair | undefined {
  const told = lanes.map(({ survey }) => survey?.told ?? []), mayList = [...changed.rules.values(), ...changed.patterns.values()].some(({ then }) => then.some((action) => action.do === 'add_to_list'));
  if (lanes.length === 1 || (!mayList && told.every(({ length }) => length === 0))) return undefined;
  const isRecorded = lanes.every(({ job, survey }) => wayOfLog(survey?.controls, changed, { useRecords, lanes: job.lanes, known }).kind === 'recorded'), way = isRecorded ? 'recorded' : 'apart';
  const parts = lanes.map(({ endOffset, through, survey }) => ({ endOffset, through, controls: survey?.controls ?? [] }));
  return { way, open: () => threadLanes({ way, changed, lanes: parts, models: { kind: 'artifacts', path: modelsFolder }, job: { place, fromMs, toMs, amountField, segment, memoryMbMax, labels, told } }) };
}
