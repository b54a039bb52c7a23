import type { MessagePort } from 'node:worker_threads';
import type { HistoricPlace } from '../replay/log-beside';
import type { Failure } from './failure';
import type { PackedLabels } from './label-book';
import type { ControlRecord } from './recorded-front';
import type { SidePair } from './shared-sides';
import type { DecisionDetail, SideBatch, SideTotals } from './side-batch';
import type { SideView } from './side-tally';

/** Where the records of a lane come from. */
export type RecordSource =
  /** A file of events, whose first record is this set. */
  | { readonly kind: 'file'; readonly events: string; readonly setJson: string; readonly tokenKey: Uint8Array }
  /** A suite's log and decisions, which it may be writing; up to and without `endOffset`. */
  | { readonly kind: 'suite'; readonly place: SuitePlace; readonly endOffset: number };

/** Where a suite keeps what a back-test reads. */
export interface SuitePlace extends HistoricPlace {
  /** Folder of its decisions. */
  readonly decisions: string;
}

/** Where models are: below a folder of definitions, or among the files a suite keeps by their hash. */
export interface ModelPlace { readonly kind: 'folder' | 'artifacts'; readonly path: string }

interface ThreadLimits {
  /** Memory that the thread may take, MB; it ends alone when it needs more. */
  readonly memoryMbMax: number;
}

interface BaseJob extends SideView, ThreadLimits {
  readonly lane: number;
  /** How many lanes there are: with several, decisions read the others at the positions they recorded. */
  readonly lanes: number;
  readonly labels: PackedLabels;
  readonly source: RecordSource;
  /** Compare with the decisions stored through this offset. */
  readonly storedThrough: number | undefined;
}

export interface SetText { readonly setId: string; readonly json: string }

/** Everything a side needs to know to run in a thread of its own. */
export interface SideJob extends BaseJob {
  readonly work: 'side';
  readonly replaceWith: SetText | undefined;
  readonly models: ModelPlace;
}

/** Both sides in one thread, over what they have in common. */
export interface PairJob extends BaseJob {
  readonly work: 'pair';
  readonly replaceWith: SetText;
  readonly models: { readonly before: ModelPlace; readonly after: ModelPlace };
  /** Items from a thread of their own, or the stored decisions. */
  readonly front: { readonly kind: 'items'; readonly port: MessagePort; readonly patterns: 'each' | 'both' } | { readonly kind: 'recorded'; readonly controls: readonly ControlRecord[] };
}

/** Ingest and features for both sides. */
export interface FrontJob extends ThreadLimits { readonly work: 'front'; readonly lane: number; readonly source: RecordSource; readonly port: MessagePort }

interface LanesJob extends SideView, ThreadLimits {
  readonly place: SuitePlace;
  readonly labels: PackedLabels;
  /** By lane: decisions in other lanes whose additions its log holds (`ToldOrigins`). */
  readonly told: readonly (readonly string[])[];
}

/** A side of all lanes of a suite together: what it lists holds in all of them. */
export interface LanesSideJob extends LanesJob {
  readonly work: 'lanes-side';
  /** Up to and without, by lane. */
  readonly endOffsets: readonly number[];
  readonly replaceWith: SetText | undefined;
  readonly models: ModelPlace;
}

/** Both sides of all lanes over the stored decisions. */
export interface LanesPairJob extends LanesJob {
  readonly work: 'lanes-pair';
  readonly throughOffsets: readonly number[];
  readonly controls: readonly (readonly ControlRecord[])[];
  readonly replaceWith: SetText;
  readonly models: { readonly before: ModelPlace; readonly after: ModelPlace };
}

export type ThreadJob = SideJob | PairJob | FrontJob | LanesSideJob | LanesPairJob;

/** What is asked of a side or of a pair, and answered: batches, decisions of the batch that is out, what was added up. */
export interface SideAnswers { readonly batch: SideBatch; readonly details: readonly DecisionDetail[]; readonly totals: SideTotals }
export interface PairAnswers { readonly batch: Exclude<Awaited<ReturnType<SidePair['next']>>, undefined>; readonly details: Awaited<ReturnType<SidePair['details']>>; readonly totals: Awaited<ReturnType<SidePair['totals']>> }

/** What a thread tells the one that started it. */
export type FromThread<Answers extends SideAnswers | PairAnswers = SideAnswers | PairAnswers> =
  | { readonly kind: 'batch'; readonly batch: Answers['batch'] }
  | { readonly kind: 'details'; readonly details: Answers['details'] }
  | { readonly kind: 'end'; readonly totals: Answers['totals'] | undefined }
  | Failure;

/** What it is told. */
export type ToThread =
  /** The batch that is out has been used: its decisions may go, the next may come. */
  | { readonly kind: 'next' }
  | { readonly kind: 'details'; readonly offsets: readonly number[] };
