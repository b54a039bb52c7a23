import { MessageChannel } from 'node:worker_threads';
import type { DefinitionSet } from '@weir/definitions';
import type { ControlRecord } from './recorded-front';
import type { SidePair } from './shared-sides';
import type { Side } from './side-batch';
import type { FrontJob, LanesSideJob, ModelPlace, PairAnswers, PairJob, SetText, SideAnswers, SideJob } from './side-job';
import { ThreadHost } from './thread-host';

/** How the two sides of a lane are run. The answers are the same; the fewer stages they have to themselves, the sooner they come. */
export type Way =
  /** Each side runs every stage: sources, features or tables differ. A thread a side. */
  | { readonly kind: 'apart' }
  /** Ingest and features run once, in a thread; patterns (once, where they are the same) and decisions of both sides in another. */
  | { readonly kind: 'shared'; readonly patterns: 'each' | 'both' }
  /** Features and patterns are taken from the stored decisions; only what decides runs. One thread. */
  | { readonly kind: 'recorded'; readonly controls: readonly ControlRecord[] };

/** What both sides of a lane have in common. */
export type LaneJob = Omit<SideJob, 'work' | 'replaceWith' | 'models' | 'storedThrough'>;

export interface ThreadPairOptions {
  readonly way: Way;
  readonly job: LaneJob;
  readonly changed: DefinitionSet;
  readonly models: { readonly before: ModelPlace; readonly after: ModelPlace };
  /** Offset through which the log's own side is compared with what was stored. */
  readonly storedThrough: number | undefined;
}

/** Both sides of a lane in threads. */
export function threadPair(options: ThreadPairOptions): SidePair {
  const { way, job, changed, models, storedThrough } = options;
  const replaceWith = { setId: changed.id, json: changed.canonicalJson };
  if (way.kind === 'apart') {
    return sidesApart(
      threadSide({ ...job, work: 'side', models: models.before, replaceWith: undefined, storedThrough }),
      threadSide({ ...job, work: 'side', models: models.after, replaceWith, storedThrough: undefined }),
    );
  }
  const pairJob: Omit<PairJob, 'front'> = { ...job, work: 'pair', models, replaceWith, storedThrough };
  if (way.kind === 'recorded') return new ThreadHost<PairAnswers>({ ...pairJob, front: { kind: 'recorded', controls: way.controls } });
  return sharedPair(pairJob, way.patterns);
}

export interface ThreadLanesOptions {
  readonly way: 'apart' | 'recorded';
  readonly job: Omit<LanesSideJob, 'work' | 'replaceWith' | 'models' | 'endOffsets'>;
  readonly changed: DefinitionSet;
  readonly models: ModelPlace;
  readonly lanes: ReadonlyArray<{ readonly endOffset: number; readonly through: number; readonly controls: readonly ControlRecord[] }>;
}

/** Both sides of all lanes together, for a changed set that may list other things: what it lists in one lane holds in all. */
export function threadLanes({ way, job, changed, models, lanes }: ThreadLanesOptions): SidePair {
  const replaceWith = { setId: changed.id, json: changed.canonicalJson };
  if (way === 'recorded') return new ThreadHost<PairAnswers>({ ...job, work: 'lanes-pair', replaceWith, models: { before: models, after: models }, throughOffsets: lanes.map(({ through }) => through), controls: lanes.map(({ controls }) => controls) });
  const endOffsets = lanes.map(({ endOffset }) => endOffset);
  const side = (of: SetText | undefined): Side => new ThreadHost<SideAnswers>({ ...job, work: 'lanes-side', replaceWith: of, models, endOffsets });
  return sidesApart(side(undefined), side(replaceWith));
}

/** A side in a thread of its own. */
export const threadSide = (job: SideJob): Side => new ThreadHost<SideAnswers>(job);

function sharedPair(pairJob: Omit<PairJob, 'front'>, patterns: 'each' | 'both'): SidePair {
  const { port1, port2 } = new MessageChannel();
  const frontJob: FrontJob = { work: 'front', lane: pairJob.lane, source: pairJob.source, port: port1, memoryMbMax: pairJob.memoryMbMax };
  const front = new ThreadHost<PairAnswers>(frontJob, [port1]);
  const back = new ThreadHost<PairAnswers>({ ...pairJob, front: { kind: 'items', port: port2, patterns } }, [port2]);
  front.onFailure((error) => { back.fail(error); });
  return {
    next: () => back.next(), details: (offsets) => back.details(offsets), totals: () => back.totals(),
    close: async () => { await Promise.all([front.close(), back.close()]); },
  };
}

/** Two sides that know nothing of each other, as a pair. One that fails does not leave the other's failure unheard. */
export function sidesApart(before: Side, after: Side): SidePair {
  const both = async <T>(ask: (side: Side) => Promise<T>): Promise<readonly [T, T]> => {
    const [one, other] = await Promise.allSettled([ask(before), ask(after)]);
    if (one.status === 'rejected') throw one.reason;
    if (other.status === 'rejected') throw other.reason;
    return [one.value, other.value];
  };
  return {
    next: async () => { const [one, other] = await both((side) => side.next()); return one === undefined || other === undefined ? undefined : [one, other]; },
    details: (offsets) => both((side) => side.details(offsets)), totals: () => both((side) => side.totals()),
    close: async () => { await Promise.all([before.close(), after.close()]); },
  };
}
