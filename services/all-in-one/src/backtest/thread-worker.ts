import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import type { RawRecord } from '@weir/contracts';
import { resolveCanonicalSet } from '@weir/definitions';
import { buildStages, type Stages } from '../chain';
import { buildFollowedStages } from '../replay/followed-stages';
import type { ReadLane } from '../replay/shard-replica';
import { modelFilesBelow } from '../model-files';
import { fileRecords } from '../offline/file-run';
import { ModelArtifacts } from '../suite/model-artifacts';
import { failureOf } from './failure';
import { frontBatches, type FrontBatch } from './front-batch';
import { buffersOfItems, ItemUnpacker, packItems, type ItemPack } from './item-pack';
import { LabelBook } from './label-book';
import { LanesPair } from './lanes-pair';
import { LanesSide } from './lanes-side';
import { LocalSide, sideBatchMax } from './local-side';
import { recordedBatches } from './recorded-front';
import { RememberingTokeniser } from './remembering-tokeniser';
import { SharedSides } from './shared-sides';
import { SuiteReader } from './suite-reader';
import type { FromThread, FrontJob, LanesPairJob, LanesSideJob, ModelPlace, PairAnswers, PairJob, RecordSource, SideAnswers, SideJob, ThreadJob, ToThread } from './side-job';
import type { ReadStored, StoredDecisionsOptions } from './stored-comparison';
import { StoredReader, type ReadPack } from './stored-rows';
import { ThreadPort } from './thread-port';

type Parent = ThreadPort<ToThread, FromThread>;
/** What passes between the thread of the front and that of the pair. */
type FromFront = { readonly kind: 'items'; readonly records: number; readonly pack: ItemPack } | { readonly kind: 'ended' };
interface ToFront { readonly kind: 'more' }

/** Batches that the front may be ahead. */
const batchesAheadMax = 4;

const stagesFor = (lane: number, models: ModelPlace): Stages => buildStages({ lane, runtime: new OnnxModelRuntime(), loadFile: loaderOf(models) });

function loaderOf({ kind, path }: ModelPlace): (file: string, sha256: string | null) => Promise<Uint8Array> {
  if (kind === 'folder') return modelFilesBelow(path);
  const artifacts = new ModelArtifacts(path);
  return async (file, sha256) => artifacts.read(file, sha256);
}

/** What a job reads, and how to be done with it. */
interface Sources {
  readonly records: AsyncGenerator<RawRecord, void, undefined>;
  readonly readLane: ReadLane;
  readonly packs: ReadPack;
  close(): Promise<void>;
}

const notOfAFile = (): Promise<never> => Promise.reject(new Error('a file has neither other lanes nor decisions'));

async function sourcesOf(source: RecordSource, lane: number): Promise<Sources> {
  if (source.kind === 'suite') {
    const reader = await SuiteReader.open(source.place);
    return { records: reader.records(lane, source.endOffset), readLane: reader.readLane, packs: reader.packs(lane), close: () => reader.close() };
  }
  const records = fileRecords({ set: resolveCanonicalSet(source.setJson), events: source.events, tokeniser: new RememberingTokeniser(source.tokenKey) });
  return { records, readLane: notOfAFile, packs: notOfAFile, close: () => Promise.resolve() };
}

const storedOf = (throughOffset: number | undefined, read: ReadStored, packs?: ReadPack): StoredDecisionsOptions | undefined => (throughOffset === undefined ? undefined : { throughOffset, read, packs });

function readStored(packs: ReadPack): ReadStored {
  const reader = new StoredReader(packs, sideBatchMax);
  return (offsets) => reader.at(offsets);
}

/** Gives a batch, answers for its decisions until it has been used, gives the next. */
async function serve<Answers extends SideAnswers | PairAnswers>(sides: { next(): Promise<Answers['batch'] | undefined>; details(offsets: readonly number[]): Promise<Answers['details']>; totals(): Promise<Answers['totals']>; close(): Promise<void> }, parent: Parent): Promise<void> {
  try {
    for (let batch = await sides.next(); batch !== undefined; batch = await sides.next()) {
      parent.say({ kind: 'batch', batch });
      for (let message = await parent.hear('next', 'details'); message.kind === 'details'; message = await parent.hear('next', 'details')) parent.say({ kind: 'details', details: await sides.details(message.offsets) });
    }
    parent.say({ kind: 'end', totals: await sides.totals() });
  } finally {
    await sides.close();
  }
}

function side(job: SideJob, parent: Parent, { records, readLane, packs }: Sources): Promise<void> {
  const { lane, lanes, replaceWith } = job, stored = readStored(packs);
  const stages = buildFollowedStages({ lane, lanes, replaceWith, stored, runtime: new OnnxModelRuntime(), loadFile: loaderOf(job.models), read: readLane });
  return serve<SideAnswers>(new LocalSide({ ...job, stages, records, labels: LabelBook.unpack(job.labels), stored: storedOf(job.storedThrough, stored, packs) }), parent);
}

function pair(job: PairJob, parent: Parent, { packs }: Sources): Promise<void> {
  const { front, lane, storedThrough } = job;
  const recorded = front.kind === 'recorded' && storedThrough !== undefined;
  return serve<PairAnswers>(new SharedSides({
    ...job, patterns: front.kind === 'items' ? front.patterns : 'recorded', labels: LabelBook.unpack(job.labels), before: stagesFor(lane, job.models.before), after: stagesFor(lane, job.models.after),
    front: front.kind === 'items' ? itemBatches(front.port) : recordedBatches({ lane, read: packs, controls: front.controls, throughOffset: storedThrough ?? -1, batchMax: sideBatchMax }),
    stored: recorded ? { throughOffset: storedThrough, read: () => Promise.resolve([]) } : storedOf(storedThrough, readStored(packs)),
  }), parent);
}

async function lanesSide(job: LanesSideJob, parent: Parent): Promise<void> {
  const reader = await SuiteReader.open(job.place), { lanes } = job.place;
  try {
    await serve<SideAnswers>(new LanesSide({
      ...job, labels: LabelBook.unpack(job.labels),
      lanes: job.endOffsets.map((endOffset, lane) => ({
        records: reader.records(lane, endOffset), told: new Set(job.told[lane]),
        stages: buildFollowedStages({ lane, lanes, replaceWith: job.replaceWith, stored: readStored(reader.packs(lane)), runtime: new OnnxModelRuntime(), loadFile: loaderOf(job.models), read: reader.readLane }),
      })),
    }), parent);
  } finally {
    await reader.close();
  }
}

async function lanesPair(job: LanesPairJob, parent: Parent): Promise<void> {
  const reader = await SuiteReader.open(job.place);
  try {
    await serve<PairAnswers>(new LanesPair({
      ...job, labels: LabelBook.unpack(job.labels),
      lanes: job.throughOffsets.map((throughOffset, lane) => ({
        front: recordedBatches({ lane, read: reader.packs(lane), controls: job.controls[lane] ?? [], throughOffset, batchMax: sideBatchMax }), told: new Set(job.told[lane]),
        before: stagesFor(lane, job.models.before), after: stagesFor(lane, job.models.after),
      })),
    }), parent);
  } finally {
    await reader.close();
  }
}

/** What the thread of the front gives. */
async function* itemBatches(port: MessagePort): AsyncGenerator<FrontBatch, void, undefined> {
  const front = new ThreadPort<FromFront, ToFront>(port), unpacker = new ItemUnpacker();
  for (;;) {
    const given = await front.hear('items', 'ended');
    if (given.kind === 'ended') return;
    front.say({ kind: 'more' });
    yield { records: given.records, outcomes: unpacker.unpack(given.pack) };
  }
}

async function front({ lane, port }: FrontJob, parent: Parent, sources: Sources): Promise<void> {
  const back = new ThreadPort<ToFront, FromFront>(port);
  const stages = buildStages({ lane, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('features need no model')) });
  let ahead = 0;
  for await (const { records, outcomes } of frontBatches({ ingest: stages.ingest, stages: [stages.features] }, sources.records)) {
    const pack = packItems(lane, outcomes);
    back.say({ kind: 'items', records, pack }, buffersOfItems(pack));
    for (ahead += 1; ahead >= batchesAheadMax; ahead -= 1) await back.hear('more');
  }
  back.say({ kind: 'ended' });
  parent.say({ kind: 'end', totals: undefined });
  port.close();
}

async function main(port: MessagePort): Promise<void> {
  const job = workerData as ThreadJob, parent: Parent = new ThreadPort(port); // posted by ThreadHost alone
  try {
    if (job.work === 'lanes-side') return await lanesSide(job, parent);
    if (job.work === 'lanes-pair') return await lanesPair(job, parent);
    const sources = await sourcesOf(job.source, job.lane);
    try {
      await (job.work === 'side' ? side(job, parent, sources) : job.work === 'pair' ? pair(job, parent, sources) : front(job, parent, sources));
    } finally {
      await sources.close();
    }
  } catch (error) {
    parent.say(failureOf(error));
  } finally {
    port.close();
  }
}

if (parentPort !== null) void main(parentPort);
