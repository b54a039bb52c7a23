import type { Value } from '@weir/contracts';
import type { KernelPlan } from './kernel-plan';
import type { MergedTiles } from './merged-tiles';
import { RangeTotals } from './range-totals';
import { RawRows } from './raw-rows';
import { TileSet } from './tile-set';

/** Rows that are forgotten together: one at a time costs more than keeping a few. */
const prunedTogether = 4;

/**
 * What is kept of one key's events in one view: the newest ones as they are, older ones as tiles. Which is which follows from the events
 * and the horizon alone, never from the order of arrival or from when it was stored.
 */
export class KeyedState {
  readonly raw: RawRows;
  /** By class of the plan; null until the first event leaves the raw rows. */
  tileSets: TileSet[] | null;
  /** Oldest event ever seen, ms; Infinity before the first. */
  firstMs = Infinity;
  /** Newest event that is no longer kept as it is; -Infinity for none. */
  spilledNewestMs = -Infinity;
  /** Place in the log of the last event applied; -1 before the first. */
  lastOrder = -1;
  /** Whether it was read since it was made or unpacked: what is carried from read to read pays from the second on. */
  wasRead = false;
  /** Derived, by window group: carried from read to read, never stored. */
  private totals: (RangeTotals | undefined)[] | null = null;
  private merged: (MergedTiles | undefined)[] | null = null;

  constructor(readonly plan: KernelPlan, raw?: RawRows, tileSets?: TileSet[] | null) {
    this.raw = raw ?? new RawRows(plan.columns, plan.filters, plan.texts);
    this.tileSets = tileSets ?? null;
  }

  get newestMs(): number { return this.raw.count > 0 ? this.raw.timeAt(this.raw.end - 1) : this.spilledNewestMs; }

  /** The tile sets, made where there are none. */
  tiles(): TileSet[] {
    this.tileSets ??= this.plan.tileClasses.map((tileClass) => new TileSet(tileClass));
    return this.tileSets;
  }

  /**
   * Takes in an event and gives its row, which is good until `settle`. The key may hold one event more than it keeps until then,
   * so that a read for this event finds it whatever its time.
   */
  apply(timeMs: number, order: number, values: readonly Value[], passes: Uint8Array): number {
    if (timeMs < this.firstMs) this.firstMs = timeMs;
    if (order > this.lastOrder) this.lastOrder = order;
    const { raw } = this;
    const row = raw.insert(timeMs, order, values, passes);
    if (row !== raw.end - 1) {
      for (const totals of this.totals ?? []) totals?.inserted(raw, row);
      for (const merged of this.merged ?? []) merged?.inserted(raw, row);
    }
    return row;
  }

  /**
   * Moves what no longer is kept as it is into tiles, and forgets what no read at or after `horizonMs` can see (a few rows wait until there
   * are enough of them).
   */
  settle(horizonMs: number): void {
    const { raw, plan } = this;
    if (raw.count > plan.rawMax) {
      this.spill(raw.count - plan.rawMax, horizonMs, this.newestMs);
      this.prune(horizonMs);
    } else if (raw.count > prunedTogether && raw.timeAt(raw.head + prunedTogether - 1) < horizonMs - plan.reachMs) this.prune(horizonMs);
  }

  /** Totals of a group's rows, moved to this range. */
  totalsOf(group: number, from: number, until: number): RangeTotals {
    this.totals ??= [];
    const totals = (this.totals[group] ??= new RangeTotals(this.plan.groups[group]?.channels ?? [], this.raw));
    totals.moveTo(this.raw, from, until);
    return totals;
  }

  /** What was merged for a group, if it still holds. */
  mergedOf(group: number, classIndex: number, lowMs: number): MergedTiles | undefined {
    const merged = this.merged?.[group];
    return merged !== undefined && merged.classIndex === classIndex && merged.lowMs === lowMs && merged.version === this.tileSets?.[classIndex]?.version ? merged : undefined;
  }

  keepMerged(group: number, merged: MergedTiles): void {
    this.merged ??= [];
    this.merged[group] = merged;
  }

  clone(): KeyedState {
    const copy = new KeyedState(this.plan, this.raw.clone(), this.tileSets?.map((set) => set.clone()) ?? null);
    copy.firstMs = this.firstMs;
    copy.spilledNewestMs = this.spilledNewestMs;
    copy.lastOrder = this.lastOrder;
    return copy;
  }

  private prune(horizonMs: number): void {
    const { raw } = this;
    const newestMs = this.newestMs;
    const until = this.firstKept(horizonMs);
    if (until > raw.head && !this.plan.keepsOld) {
      this.spilledNewestMs = Math.max(this.spilledNewestMs, raw.timeAt(until - 1));
      for (const merged of this.merged ?? []) merged?.forgetRows();
      this.dropRows(until - raw.head);
    } else if (until > raw.head) this.spill(until - raw.head, horizonMs, newestMs);
    const oldestRawMs = raw.count > 0 ? raw.timeAt(raw.head) : Infinity;
    this.tileSets?.forEach((set, index) => {
      if (set.empty) return;
      const before = set.version;
      const newestOverMs = set.prune(horizonMs, newestMs, oldestRawMs);
      for (const merged of this.merged ?? []) if (merged?.classIndex === index && merged.version === before && newestOverMs < merged.lowMs) merged.version = set.version;
    });
  }

  private spill(count: number, horizonMs: number, newestMs: number): void {
    const { raw } = this;
    const sets = this.tileSets ?? this.plan.tileClasses.map((tileClass) => new TileSet(tileClass));
    for (let row = raw.head; row < raw.head + count; row++) {
      sets.forEach((set, index) => {
        const before = set.version;
        const stored = set.add(raw, row, horizonMs, newestMs);
        for (const merged of this.merged ?? []) {
          if (merged?.classIndex !== index || merged.version !== before) continue;
          if (stored) merged.add(raw, row);
          else merged.forgetRows();
          merged.version = set.version;
        }
      });
      const timeMs = raw.timeAt(row);
      if (timeMs > this.spilledNewestMs) this.spilledNewestMs = timeMs;
    }
    if (this.tileSets === null && sets.some((set) => !set.empty)) this.tileSets = sets;
    this.dropRows(count);
  }

  private dropRows(count: number): void {
    for (const totals of this.totals ?? []) totals?.dropping(this.raw, count);
    this.raw.dropFront(count);
  }

  /** First row that some read at or after `horizonMs` needs as it is. */
  private firstKept(horizonMs: number): number {
    const { raw, plan } = this;
    let first = raw.firstAtOrAfter(horizonMs - plan.reachMs);
    for (const { window } of plan.groups) {
      if (first === raw.head) return first;
      if (window.kind === 'rows') first = Math.min(first, Math.max(raw.head, raw.firstAtOrAfter(horizonMs + 1) - window.last - 1));
      if (window.kind !== 'session') continue;
      let row = raw.firstAtOrAfter(horizonMs - window.gapMs);
      while (row > raw.head && row < raw.end && raw.timeAt(row) - raw.timeAt(row - 1) <= window.gapMs) row--;
      first = Math.min(first, row);
    }
    return first;
  }
}
