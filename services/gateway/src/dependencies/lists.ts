import type { Value } from '@weir/contracts';
import type { Page, PageRequest } from './page';

/** A rule that is silent for one key of an entity. */
export interface Snooze { readonly rule: string; readonly entity: string; readonly key: string; readonly untilMs: number; readonly by: string; readonly reason: string }

/** An unknown rule or entity is WEIR_NOT_FOUND everywhere. Changes resolve when they are in the lanes. */
export interface Snoozes {
  of(rule: string): Promise<readonly Snooze[]>;
  /** Gives it as it is kept: the key as its token. */
  put(snooze: Snooze): Promise<Snooze>;
  /** undefined when there was none. */
  remove(snooze: Omit<Snooze, 'untilMs' | 'reason'>): Promise<{ readonly key: string } | undefined>;
}

export interface ListEntry { readonly value: string; readonly fromMs: number | null; readonly untilMs: number | null; readonly reason: string; readonly by: string }

/** An unknown list is WEIR_NOT_FOUND everywhere. Changes resolve when they are in the lanes. */
export interface Lists {
  all(): Promise<ReadonlyArray<{ readonly name: string; readonly of: string; readonly effect: string; readonly match: string; readonly entries: number }>>;
  entries(list: string, page: PageRequest): Promise<Page<ListEntry>>;
  entry(list: string, value: string): Promise<ListEntry | undefined>;
  /** `untilMs` undefined: by the list's ttl. Gives the entry as it now is. */
  put(list: string, value: string, entry: { readonly fromMs: number | null; readonly untilMs: number | null | undefined; readonly reason: string; readonly by: string }): Promise<ListEntry>;
  /** False when there was none. */
  remove(list: string, value: string, by: string): Promise<boolean>;
  /** All of them or none, between two events, in the lanes when it resolves; `replace`: nothing else stays. Gives how many the list holds then. */
  putAll(list: string, entries: readonly NewListEntry[], how: { readonly replace: boolean; readonly by: string }): Promise<number>;
}

/** `untilMs` undefined: by the list's ttl. */
export interface NewListEntry { readonly value: string; readonly fromMs: number | null; readonly untilMs: number | null | undefined; readonly reason: string; readonly by: string }

type Row = Readonly<Record<string, Value>>;

/** An unknown table is WEIR_NOT_FOUND everywhere. Changes resolve when they are in the lanes. */
/** `version`: place in the log of whoever owns the row, ascending for each row. */
export type RowChange = { readonly op: 'put'; readonly row: Row; readonly version: number } | { readonly op: 'remove'; readonly key: string; readonly version: number };

export interface Tables {
  /** In their order; one that is older than what is there does nothing. Rows are checked as `put` does. */
  change(table: string, changes: readonly RowChange[]): Promise<void>;
  all(): Promise<ReadonlyArray<{ readonly name: string; readonly key: string; readonly rows: number }>>;
  rows(table: string, page: PageRequest): Promise<Page<Row>>;
  row(table: string, key: string): Promise<Row | undefined>;
  /** Every row carries the table's key field; checked against the table's fields. */
  put(table: string, rows: readonly Row[], by: string): Promise<void>;
  remove(table: string, key: string, by: string): Promise<boolean>;
}
