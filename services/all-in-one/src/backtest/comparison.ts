import { isoWeek, weekNumber, weekStartMs } from './iso-week';
import { labelCode, outcomeNames, type SideBatch } from './side-batch';

const blocked = 2;

/** What one group of transactions (all, a segment, a week) came out as, before and after. */
export class OutcomeTally {
  /** Decisions by outcome before (row) and after (column). */
  readonly matrix = new Float64Array(9);
  /** The same of those known as fraud, and as genuine. */
  readonly fraud = new Float64Array(9);
  readonly genuine = new Float64Array(9);
  /** Money of those known as fraud, and as genuine; minor units where the field is money. */
  readonly fraudAmount = new Float64Array(9);
  readonly genuineAmount = new Float64Array(9);

  add(cell: number, label: number, amount: number): void {
    this.matrix[cell] = (this.matrix[cell] as number) + 1;
    if (label === labelCode.unknown) return;
    const [counts, amounts] = label === labelCode.fraud ? [this.fraud, this.fraudAmount] : [this.genuine, this.genuineAmount];
    counts[cell] = (counts[cell] as number) + 1;
    if (amount === amount) amounts[cell] = (amounts[cell] as number) + amount;
  }
}

/** A transaction whose outcome changed, to be shown. */
export interface ChangedCase { readonly offset: number; readonly before: number; readonly after: number; readonly label: number; readonly amount: number }

export interface ComparisonOptions {
  /** Transactions shown per kind of change. */
  readonly examplesMax: number;
}

/**
 * Puts the two sides together, batch by batch. A transaction that is degraded on a side is counted apart, for its outcome says what failed and not
 * what the rules say; one that only one side decided (the sets may refuse other events) likewise.
 */
export class Comparison {
  readonly all = new OutcomeTally();
  private readonly bySegment: OutcomeTally[] = [];
  private readonly segmentNames: { before: string[]; after: string[] } = { before: [], after: [] };
  private readonly segmentIndex = new Map<string, number>();
  private readonly byWeek = new Map<number, OutcomeTally>();
  private readonly examplesByCell = new Map<number, number>();
  records = 0;
  onlyBefore = 0;
  onlyAfter = 0;
  degradedBefore = 0;
  degradedAfter = 0;

  constructor(private readonly options: ComparisonOptions) {}

  /** Other sides go on: they number their segments anew. */
  beginSides(): void {
    this.segmentNames.before.length = 0;
    this.segmentNames.after.length = 0;
  }

  /** Gives the changed ones that shall be shown. */
  add(before: SideBatch, after: SideBatch): readonly ChangedCase[] {
    this.records += before.records;
    this.segmentNames.before.push(...before.newSegments);
    this.segmentNames.after.push(...after.newSegments);
    const changed: ChangedCase[] = [];
    let left = 0, right = 0;
    while (left < before.offsets.length || right < after.offsets.length) {
      const ahead = before.offsets[left] ?? Infinity, behind = after.offsets[right] ?? Infinity;
      if (ahead < behind) { this.onlyBefore += 1; left += 1; continue; }
      if (behind < ahead) { this.onlyAfter += 1; right += 1; continue; }
      this.pair(before, left, after, right, changed);
      left += 1;
      right += 1;
    }
    return changed;
  }

  /** By name ascending. */
  segments(): ReadonlyArray<readonly [name: string, tally: OutcomeTally]> {
    return [...this.segmentIndex].map(([name, index]): [string, OutcomeTally] => [name, this.bySegment[index] ?? new OutcomeTally()]).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** In the order of time. */
  weeks(): ReadonlyArray<readonly [name: string, tally: OutcomeTally]> {
    return [...this.byWeek].sort(([a], [b]) => a - b).map(([week, tally]) => [isoWeek(weekStartMs(week)), tally]);
  }

  private pair(before: SideBatch, left: number, after: SideBatch, right: number, changed: ChangedCase[]): void {
    const isDegradedBefore = before.degraded[left] === 1, isDegradedAfter = after.degraded[right] === 1;
    if (isDegradedBefore) this.degradedBefore += 1;
    if (isDegradedAfter) this.degradedAfter += 1;
    if (isDegradedBefore || isDegradedAfter) return;
    const one = before.outcomes[left] as number, other = after.outcomes[right] as number;
    const label = before.labels[left] as number, amount = before.amounts[left] as number;
    const cell = 3 * one + other;
    this.all.add(cell, label, amount);
    this.weekOf(before.timesMs[left] as number).add(cell, label, amount);
    if (before.segments.length > 0) this.segmentOf(this.segmentNames.before[before.segments[left] as number] ?? '').add(cell, label, amount);
    if (one === other) return;
    const shown = this.examplesByCell.get(cell) ?? 0;
    if (shown >= this.options.examplesMax) return;
    this.examplesByCell.set(cell, shown + 1);
    changed.push({ offset: before.offsets[left] as number, before: one, after: other, label, amount });
  }

  private weekOf(timeMs: number): OutcomeTally {
    const week = weekNumber(timeMs);
    let tally = this.byWeek.get(week);
    if (tally === undefined) this.byWeek.set(week, (tally = new OutcomeTally()));
    return tally;
  }

  private segmentOf(name: string): OutcomeTally {
    let index = this.segmentIndex.get(name);
    if (index === undefined) this.segmentIndex.set(name, (index = this.bySegment.push(new OutcomeTally()) - 1));
    return this.bySegment[index] as OutcomeTally;
  }
}

export interface HeldQuality { readonly held: number; readonly true_positives: number; readonly false_positives: number; readonly missed: number; readonly precision: number | null; readonly recall: number | null; readonly false_positives_per_true: number | null }

/** How well holding transactions of an outcome code from `least` on finds fraud, of those with a label. */
export function qualityOf(tally: OutcomeTally, side: 'before' | 'after', least: number): HeldQuality {
  const sum = (cells: Float64Array): number => cells.reduce((total, count, cell) => total + ((side === 'before' ? Math.floor(cell / 3) : cell % 3) >= least ? count : 0), 0);
  const found = sum(tally.fraud), wrong = sum(tally.genuine), missed = tally.fraud.reduce((total, count) => total + count, 0) - found;
  return { held: sum(tally.matrix), true_positives: found, false_positives: wrong, missed, precision: share(found, found + wrong), recall: share(found, found + missed), false_positives_per_true: share(wrong, found) };
}

export const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/** What the change does with money: of what it blocks newly, and of what it no longer blocks. */
export function moneyOf(tally: OutcomeTally): { readonly newly_blocked: Moved; readonly no_longer_blocked: Moved; readonly saved: number; readonly lost: number; readonly net: number } {
  const cells = (into: boolean): number[] => [0, 1].map((other) => (into ? 3 * other + blocked : 3 * blocked + other));
  const movedOf = (of: readonly number[]): Moved => {
    const sum = (values: Float64Array): number => of.reduce((total, cell) => total + (values[cell] ?? 0), 0);
    return { count: sum(tally.matrix), fraud: sum(tally.fraud), genuine: sum(tally.genuine), fraud_amount: sum(tally.fraudAmount), genuine_amount: sum(tally.genuineAmount) };
  };
  const caught = movedOf(cells(true)), released = movedOf(cells(false));
  const saved = caught.fraud_amount - caught.genuine_amount, lost = released.fraud_amount - released.genuine_amount;
  return { newly_blocked: caught, no_longer_blocked: released, saved, lost, net: saved - lost };
}

/** Transactions that a change moves; money of those with a label. */
export interface Moved { readonly count: number; readonly fraud: number; readonly genuine: number; readonly fraud_amount: number; readonly genuine_amount: number }

/** `{approve, review, block}` of a side. */
export function outcomesOf(tally: OutcomeTally, side: 'before' | 'after'): Readonly<Record<string, number>> {
  return Object.fromEntries(outcomeNames.map((name, code) => [name, [0, 1, 2].reduce((sum, other) => sum + (tally.matrix[side === 'before' ? 3 * code + other : 3 * other + code] ?? 0), 0)]));
}

/** Outcome before → outcome after → how many. */
export const matrixOf = (tally: OutcomeTally): Readonly<Record<string, Readonly<Record<string, number>>>> =>
  Object.fromEntries(outcomeNames.map((before, row) => [before, Object.fromEntries(outcomeNames.map((after, column) => [after, tally.matrix[3 * row + column] ?? 0]))]));
