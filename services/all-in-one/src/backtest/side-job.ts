import type { DecisionDetail, SideBatch, SideTotals } from './side-batch';
import type { SideView } from './local-side';
import type { PackedLabels } from './label-book';
import type { RecordPack } from './record-pack';
import type { StoredQuestion } from './stored-comparison';

/** Everything a side needs to know to run in a thread of its own. */
export interface SideJob extends SideView {
  readonly lane: number;
  /** How many lanes there are: with several, decisions read the others at the positions they recorded. */
  readonly lanes: number;
  readonly source:
    /** A file of events, whose first record is this set. */
    | { readonly kind: 'file'; readonly events: string; readonly setJson: string; readonly tokenKey: Uint8Array }
    /** Records asked of the thread that started the side, up to and without `endOffset`. */
    | { readonly kind: 'feed'; readonly fromOffset: number; readonly endOffset: number };
  readonly replaceWith: { readonly setId: string; readonly json: string } | undefined;
  /** Where models are: below a folder of definitions, or among the files a suite keeps by their hash. */
  readonly models: { readonly kind: 'folder' | 'artifacts'; readonly path: string };
  readonly labels: PackedLabels;
  /** Compare with the decisions stored through this offset; asked of the thread that started the side. */
  readonly storedThrough: number | undefined;
  /** Added to the thread's niceness: 0 for a command's own work, more beside live traffic. */
  readonly niceness: number;
}

/** What a side's thread tells the one that started it. */
export type FromSide =
  | { readonly kind: 'batch'; readonly batch: SideBatch }
  | { readonly kind: 'end'; readonly totals: SideTotals }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string; readonly findings: readonly { readonly where: string; readonly field: string; readonly expected: string; readonly got: string }[] }
  | { readonly kind: 'details'; readonly details: readonly DecisionDetail[] }
  | { readonly kind: 'read'; readonly lane: number; readonly fromOffset: number; readonly max: number }
  | { readonly kind: 'stored'; readonly question: StoredQuestion };

/** What it is told. */
export type ToSide =
  /** The batch that is out has been used: its decisions may go, the next may come. */
  | { readonly kind: 'next' }
  | { readonly kind: 'details'; readonly offsets: readonly number[] }
  | { readonly kind: 'records'; readonly lane: number; readonly pack: RecordPack }
  | { readonly kind: 'stored'; readonly rows: readonly (string | undefined)[] };
