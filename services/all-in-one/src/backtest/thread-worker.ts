import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { lowerPriority } from '@weir/adapters/threads';
import { WeirError, type RawRecord } from '@weir/contracts';
import { resolveCanonicalSet } from '@weir/definitions';
import { buildStages, type Stages } from '../chain';
import { buildFollowedStages } from '../replay/followed-stages';
import { modelFilesBelow } from '../model-files';
import { fileRecords } from '../offline/file-run';
import { ModelArtifacts } from '../suite/model-artifacts';
import { frontBatches, type FrontBatch } from './front-batch';
import { buffersOfItems, ItemUnpacker, packItems, type ItemPack } from './item-pack';
import { LabelBook } from './label-book';
import { LocalSide, sideBatchMax } from './local-side';
import { recordedBatches } from './recorded-front';
import { unpackRecords, type RecordPack } from './record-pack';
import { RememberingTokeniser } from './remembering-tokeniser';
import { SharedSides } from './shared-sides';
import type { FromThread, FrontJob, ModelPlace, PairAnswers, PairJob, RecordSource, SideAnswers, SideJob, ThreadJob, ToThread } from './side-job';
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

function recordsOf(source: RecordSource, lane: number, parent: Parent): AsyncGenerator<RawRecord, void, undefined> {
  if (source.kind === 'feed') return fedRecords(source, lane, parent);
  return fileRecords({ set: resolveCanonicalSet(source.setJson), events: source.events, tokeniser: new RememberingTokeniser(source.tokenKey) });
}

/** One pack is on its way while the one before is worked on. */
async function* fedRecords({ fromOffset, endOffset }: Extract<RecordSource, { kind: 'feed' }>, lane: number, parent: Parent): AsyncGenerator<RawRecord, void, undefined> {
  const read = (from: number): Promise<RecordPack> => readPack(parent, { lane, fromOffset: from, max: endOffset - from });
  let ahead: Promise<RecordPack> | undefined = fromOffset < endOffset ? read(fromOffset) : undefined;
  while (ahead !== undefined) {
    const pack: RecordPack = await ahead;
    const last = pack.offsets.at(-1);
    if (last === undefined) return;
    ahead = last + 1 < endOffset ? read(last + 1) : undefined;
    yield* unpackRecords(lane, pack);
  }
}

async function readPack(parent: Parent, { lane, fromOffset, max }: { readonly lane: number; readonly fromOffset: number; readonly max: number }): Promise<RecordPack> {
  parent.say({ kind: 'read', lane, fromOffset, max: Math.min(sideBatchMax, max) });
  return (await parent.hearWhere((message): message is Extract<ToThread, { kind: 'records' }> => message.kind === 'records' && message.lane === lane)).pack;
}

/** Stored decisions, a stretch ahead of what is worked on. */
function storedPacks(parent: Parent): ReadPack {
  const ask = async (fromOffset: number, max: number): Promise<Awaited<ReturnType<ReadPack>>> => {
    parent.say({ kind: 'stored', fromOffset, max });
    return (await parent.hear('stored')).pack;
  };
  let ahead: { readonly fromOffset: number; readonly pack: ReturnType<ReadPack> } | undefined;
  return async (fromOffset, max) => {
    const pack = await (ahead?.fromOffset === fromOffset ? ahead.pack : ask(fromOffset, max));
    const last = pack.offsets.at(-1);
    ahead = last === undefined ? undefined : { fromOffset: last + 1, pack: ask(last + 1, max) };
    return pack;
  };
}

const storedOf = (throughOffset: number | undefined, read: ReadStored): StoredDecisionsOptions | undefined => (throughOffset === undefined ? undefined : { throughOffset, read });

function readStored(parent: Parent): ReadStored {
  const reader = new StoredReader(storedPacks(parent), sideBatchMax);
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

function side(job: SideJob, parent: Parent): Promise<void> {
  const { lane, lanes, replaceWith } = job, stored = readStored(parent);
  const stages = buildFollowedStages({
    lane, lanes, replaceWith, stored, runtime: new OnnxModelRuntime(), loadFile: loaderOf(job.models),
    read: async (other, fromOffset, max) => [...unpackRecords(other, await readPack(parent, { lane: other, fromOffset, max }))],
  });
  return serve<SideAnswers>(new LocalSide({ ...job, stages, records: recordsOf(job.source, lane, parent), labels: LabelBook.unpack(job.labels), stored: storedOf(job.storedThrough, stored) }), parent);
}

function pair(job: PairJob, parent: Parent): Promise<void> {
  const { front, lane, storedThrough } = job;
  const recorded = front.kind === 'recorded' && storedThrough !== undefined;
  return serve<PairAnswers>(new SharedSides({
    ...job, patterns: front.kind === 'items' ? front.patterns : 'recorded', labels: LabelBook.unpack(job.labels), before: stagesFor(lane, job.models.before), after: stagesFor(lane, job.models.after),
    front: front.kind === 'items' ? itemBatches(front.port) : recordedBatches({ lane, read: storedPacks(parent), controls: front.controls, throughOffset: storedThrough ?? -1, batchMax: sideBatchMax }),
    stored: recorded ? { throughOffset: storedThrough, read: () => Promise.resolve([]) } : storedOf(storedThrough, readStored(parent)),
  }), parent);
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

async function front({ lane, source, port }: FrontJob, parent: Parent): Promise<void> {
  const back = new ThreadPort<ToFront, FromFront>(port);
  const stages = buildStages({ lane, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('features need no model')) });
  let ahead = 0;
  for await (const { records, outcomes } of frontBatches(stages, recordsOf(source, lane, parent))) {
    const pack = packItems(lane, outcomes);
    back.say({ kind: 'items', records, pack }, buffersOfItems(pack));
    for (ahead += 1; ahead >= batchesAheadMax; ahead -= 1) await back.hear('more');
  }
  back.say({ kind: 'ended' });
  parent.say({ kind: 'end', totals: undefined });
  port.close();
}

async function main(port: MessagePort): Promise<void> {
  const job = workerData as ThreadJob; // posted by ThreadHost alone
  lowerPriority(job.niceness);
  const parent: Parent = new ThreadPort(port);
  try {
    await (job.work === 'side' ? side(job, parent) : job.work === 'pair' ? pair(job, parent) : front(job, parent));
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    parent.say({ kind: 'failed', name, message, code: error instanceof WeirError ? error.code : '', findings: error instanceof WeirError ? [...error.findings] : [] });
  } finally {
    port.close();
  }
}

if (parentPort !== null) void main(parentPort);
