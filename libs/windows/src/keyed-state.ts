import type { Value } from '@weir/contracts';
import type { KernelPlan } from './kernel-plan';
import { RawColumns } from './raw-columns';
import { TileSet } from './tile-set';

/**
 * What is kept of one key's events in one view: the newest ones as they are, older ones as tiles. Which is which follows from the events
 * and the horizon alone, never from the order of arrival or from when it was stored.
 */
export class KeyedState {
  readonly raw: RawColumns;
  readonly tileSets: TileSet[];
  /** Oldest event ever seen, ms; Infinity before the first. */
  firstMs = Infinity;
  /** Newest event that is no longer kept as it is; -Infinity for none. */
  spilledNewestMs = -Infinity;
  /** Place in the log of the last event applied; -1 before the first. */
  lastOrder = -1;

  constructor(readonly plan: KernelPlan, raw?: RawColumns, tileSets?: TileSet[]) {
    this.raw = raw ?? new RawColumns(plan.columns, plan.filters);
    this.tileSets = tileSets ?? plan.tileClasses.map((tileClass) => new TileSet(tileClass));
  }

  get newestMs(): number { return this.raw.count > 0 ? (this.raw.timesMs[this.raw.end - 1] as number) : this.spilledNewestMs; }

  /**
   * Takes in an event and gives its row, which is good until `settle`. The key may hold one event more than it keeps until then,
   * so that a read for this event finds it whatever its time.
   */
  apply(timeMs: number, order: number, values: readonly Value[], passes: Uint8Array): number {
    if (timeMs < this.firstMs) this.firstMs = timeMs;
    if (order > this.lastOrder) this.lastOrder = order;
    return this.raw.insert(timeMs, order, values, passes);
  }

  /** Moves what no longer is kept as it is into tiles, and forgets what no read at or after `horizonMs` can see. */
  settle(horizonMs: number): void {
    const { raw, plan } = this;
    if (raw.count > plan.rawMax) {
      const newestMs = this.newestMs;
      while (raw.count > plan.rawMax) this.spill(1, horizonMs, newestMs);
      this.prune(horizonMs);
    } else if (raw.count > 0 && (raw.timesMs[raw.head] as number) < horizonMs - plan.reachMs) this.prune(horizonMs);
  }

  clone(): KeyedState {
    const copy = new KeyedState(this.plan, this.raw.clone(), this.tileSets.map((set) => set.clone()));
    copy.firstMs = this.firstMs;
    copy.spilledNewestMs = this.spilledNewestMs;
    copy.lastOrder = this.lastOrder;
    return copy;
  }

  private prune(horizonMs: number): void {
    const { raw } = this;
    const newestMs = this.newestMs;
    const until = this.firstKept(horizonMs);
    if (until > raw.head) this.spill(until - raw.head, horizonMs, newestMs);
    const oldestRawMs = raw.count > 0 ? (raw.timesMs[raw.head] as number) : Infinity;
    for (const set of this.tileSets) if (!set.empty) set.prune(horizonMs, newestMs, oldestRawMs);
  }

  private spill(count: number, horizonMs: number, newestMs: number): void {
    const { raw } = this;
    for (let row = raw.head; row < raw.head + count; row++) {
      for (const set of this.tileSets) set.add(raw, row, horizonMs, newestMs);
      const timeMs = raw.timesMs[row] as number;
      if (timeMs > this.spilledNewestMs) this.spilledNewestMs = timeMs;
    }
    raw.dropFront(count);
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
      while (row > raw.head && row < raw.end && (raw.timesMs[row] as number) - (raw.timesMs[row - 1] as number) <= window.gapMs) row--;
      first = Math.min(first, row);
    }
    return first;
  }
}
