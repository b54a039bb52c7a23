import type { DefinitionSet } from '@weir/definitions';
import { matrixOf, moneyOf, outcomesOf, qualityOf, share, type Comparison, type HeldQuality, type OutcomeTally } from './comparison';
import type { Way } from './thread-pair';
import { addedFigures, noFigures, type PatternFigures } from '../offline/match-tally';
import { matchExamplesMax } from './side-tally';
import { labelCode, outcomeNames, type DecisionDetail, type Mismatch, type RuleTotals, type SideTotals } from './side-batch';

/** A changed transaction with both decisions. */
export interface ShownCase { readonly before: DecisionDetail; readonly after: DecisionDetail; readonly label: number; readonly amount: number }

export interface RuleLine {
  readonly rule: string;
  readonly kind: 'rule' | 'pattern';
  /** Mode after the change; null: it is gone. */
  readonly mode: 'live' | 'shadow' | 'off' | null;
  readonly before: RuleFigures;
  readonly after: RuleFigures;
}
export interface PatternLine { readonly pattern: string; readonly mode: RuleLine['mode']; readonly before: PatternFigures; readonly after: PatternFigures }
export interface RuleFigures { readonly fired: number; readonly unknown: number; readonly fraud: number; readonly genuine: number; readonly precision: number | null; readonly false_positives_per_true: number | null }

export interface GroupFigures {
  readonly decisions: number;
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
  readonly matrix: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** `block`: blocked ones alone; `held`: blocked or sent to review. */
  readonly quality: { readonly before: SideQuality; readonly after: SideQuality };
  readonly money: ReturnType<typeof moneyOf>;
}
export interface SideQuality { readonly block: HeldQuality; readonly held: HeldQuality }

/** What was stored when it was live against what the log gives now. */
export interface ParityFigures {
  readonly compared: number; readonly same: number; readonly different: number; readonly not_stored: number;
  /** Stored ones that were degraded: counted apart. */
  readonly degraded: number;
  /** Whether outcomes and counts per rule are those of the stored decisions, exactly. */
  readonly counts_equal: boolean;
  readonly stored_outcomes: Readonly<Record<string, number>>;
  /** How many of the mismatches below have each reason. */
  readonly by_reason: Readonly<Partial<Record<Mismatch['why'], number>>>;
  readonly mismatches: readonly Mismatch[];
}

/** What a change of definitions would have done; JSON as it is. */
export interface BacktestReport extends GroupFigures {
  readonly sets: { readonly before: readonly string[]; readonly after: string; readonly unchanged: boolean };
  /** What was run to find out; the answers are the same. `apart`: every stage twice. `shared`: ingest and features once. `recorded`: features and matches as the decisions have them. */
  readonly ways: readonly Way['kind'][];
  readonly range: { readonly from: string | null; readonly to: string | null };
  readonly records: number;
  /** null where the stored decisions were used: what was refused then is refused by both. */
  readonly refused: { readonly before: Refused; readonly after: Refused } | null;
  /** Decided on one side alone, for the sets refuse other events. */
  readonly only_before: number; readonly only_after: number;
  /** Degraded decisions are in none of the other figures. */
  readonly degraded: { readonly before: number; readonly after: number };
  readonly labelled: { readonly fraud: number; readonly genuine: number };
  readonly rules: readonly RuleLine[];
  /** What each pattern gave, live and shadow: matches per day, with examples. null where the stored decisions were used: the change leaves what patterns match as it is. */
  readonly patterns: readonly PatternLine[] | null;
  readonly segments: readonly (GroupFigures & { readonly segment: string })[];
  readonly weeks: readonly (GroupFigures & { readonly week: string })[];
  readonly examples: readonly Example[];
  /** null where stored decisions were not compared. */
  readonly parity: ParityFigures | null;
  readonly took_ms: number;
}
interface Refused { readonly quarantined: number; readonly duplicates: number }
export interface Example { readonly transaction_id: string; readonly id: string; readonly event_time: string; readonly amount: number | null; readonly fraud: boolean | null; readonly before: ExampleSide; readonly after: ExampleSide }
interface ExampleSide { readonly outcome: string; readonly score: number; readonly decided_by: string; readonly reasons: DecisionDetail['reasons'] }

export interface ReportInput {
  readonly ways: readonly Way['kind'][];
  readonly comparison: Comparison; readonly shown: readonly ShownCase[]; readonly before: readonly SideTotals[]; readonly after: readonly SideTotals[];
  readonly changed: DefinitionSet; readonly fromMs: number; readonly toMs: number; readonly tookMs: number;
}

export function reportOf({ ways, comparison, shown, before, after, changed, fromMs, toMs, tookMs }: ReportInput): BacktestReport {
  const { all } = comparison;
  const setsBefore = [...new Set(before.flatMap(({ setIds }) => setIds))];
  const sum = (cells: Float64Array): number => cells.reduce((total, count) => total + count, 0);
  const refused = (sides: readonly SideTotals[]): Refused => ({ quarantined: total(sides, (side) => side.quarantined), duplicates: total(sides, (side) => side.duplicates) });
  return {
    sets: { before: setsBefore, after: changed.id, unchanged: setsBefore.length === 1 && setsBefore[0] === changed.id },
    ways, range: { from: isoOrNull(fromMs), to: isoOrNull(toMs) }, records: comparison.records,
    ...groupFigures(all), refused: ways.includes('recorded') ? null : { before: refused(before), after: refused(after) },
    only_before: comparison.onlyBefore, only_after: comparison.onlyAfter, degraded: { before: comparison.degradedBefore, after: comparison.degradedAfter },
    labelled: { fraud: sum(all.fraud), genuine: sum(all.genuine) }, rules: ruleLines(before, after, changed), patterns: ways.includes('recorded') ? null : patternLines(before, after, changed),
    segments: comparison.segments().map(([segment, tally]) => ({ segment, ...groupFigures(tally) })), weeks: comparison.weeks().map(([week, tally]) => ({ week, ...groupFigures(tally) })),
    examples: shown.map(exampleOf), parity: parityOf(before), took_ms: Math.round(tookMs),
  };
}

function groupFigures(tally: OutcomeTally): GroupFigures {
  const quality = (side: 'before' | 'after'): SideQuality => ({ block: qualityOf(tally, side, 2), held: qualityOf(tally, side, 1) });
  return {
    decisions: tally.matrix.reduce((sum, count) => sum + count, 0), before: outcomesOf(tally, 'before'), after: outcomesOf(tally, 'after'), matrix: matrixOf(tally),
    quality: { before: quality('before'), after: quality('after') }, money: moneyOf(tally),
  };
}

function ruleLines(before: readonly SideTotals[], after: readonly SideTotals[], changed: DefinitionSet): RuleLine[] {
  const [one, other] = [addedUp(before), addedUp(after)];
  const names = new Set([...one.keys(), ...other.keys(), ...changed.rules.keys(), ...changed.patterns.keys()]);
  return [...names].sort().map((rule) => {
    const pattern = changed.patterns.get(rule);
    return { rule, kind: pattern === undefined ? 'rule' : 'pattern', mode: (pattern ?? changed.rules.get(rule))?.mode ?? null, before: ruleFigures(one.get(rule)), after: ruleFigures(other.get(rule)) };
  });
}

function patternLines(before: readonly SideTotals[], after: readonly SideTotals[], changed: DefinitionSet): PatternLine[] {
  const [one, other] = [before, after].map((sides) => addedFigures(sides.map(({ patterns }) => patterns), matchExamplesMax));
  const names = new Set([...one?.keys() ?? [], ...other?.keys() ?? [], ...changed.patterns.keys()]);
  return [...names].sort().map((pattern) => ({ pattern, mode: changed.patterns.get(pattern)?.mode ?? null, before: one?.get(pattern) ?? noFigures, after: other?.get(pattern) ?? noFigures }));
}

function addedUp(sides: readonly SideTotals[]): Map<string, RuleTotals> {
  const sums = new Map<string, RuleTotals>();
  for (const { rules } of sides) {
    for (const { name, fired, unknown, fraud, genuine } of rules.values()) {
      const sum = sums.get(name);
      sums.set(name, { name, fired: fired + (sum?.fired ?? 0), unknown: unknown + (sum?.unknown ?? 0), fraud: fraud + (sum?.fraud ?? 0), genuine: genuine + (sum?.genuine ?? 0) });
    }
  }
  return sums;
}

function ruleFigures(totals: RuleTotals | undefined): RuleFigures {
  const { fired = 0, unknown = 0, fraud = 0, genuine = 0 } = totals ?? {};
  return { fired, unknown, fraud, genuine, precision: share(fraud, fraud + genuine), false_positives_per_true: share(genuine, fraud) };
}

function exampleOf({ before, after, label, amount }: ShownCase): Example {
  const sideOf = ({ outcome, score, decidedBy, reasons }: DecisionDetail): ExampleSide => ({ outcome, score, decided_by: decidedBy, reasons });
  return {
    transaction_id: before.transactionId, id: before.id, event_time: new Date(before.eventTimeMs).toISOString(), amount: Number.isNaN(amount) ? null : amount,
    fraud: label === labelCode.unknown ? null : label === labelCode.fraud, before: sideOf(before), after: sideOf(after),
  };
}

/** From the side that ran the log's own definitions. */
export function parityOf(sides: readonly SideTotals[]): ParityFigures | null {
  const stored = sides.flatMap((side) => (side.stored === undefined ? [] : [side.stored]));
  if (stored.length === 0) return null;
  const sumOf = (read: (each: (typeof stored)[number]) => number): number => stored.reduce((sum, each) => sum + read(each), 0);
  const different = sumOf((each) => each.different), notStored = sumOf((each) => each.notStored);
  return {
    compared: sumOf((each) => each.compared), same: sumOf((each) => each.same), different, not_stored: notStored, degraded: sumOf((each) => each.degraded),
    counts_equal: sides.every(countsEqual),
    stored_outcomes: Object.fromEntries(outcomeNames.map((name, code) => [name, sumOf((each) => each.storedCounts.outcomes[code] ?? 0)])),
    by_reason: countsByReason(stored.flatMap((each) => each.mismatches)),
    mismatches: stored.flatMap((each) => each.mismatches),
  };
}

function countsByReason(mismatches: readonly Mismatch[]): ParityFigures['by_reason'] {
  const counts: Partial<Record<Mismatch['why'], number>> = {};
  for (const { why } of mismatches) counts[why] = (counts[why] ?? 0) + 1;
  return counts;
}

/** Whether what was stored counts as what the log gives: outcomes, and every rule fired and unknown. */
function countsEqual({ stored }: SideTotals): boolean {
  if (stored === undefined) return true;
  const { storedCounts: one, replayedCounts: other } = stored;
  if (stored.notStored > 0 || one.outcomes.some((count, code) => count !== other.outcomes[code]) || one.byRule.size !== other.byRule.size) return false;
  return [...one.byRule].every(([name, counts]) => counts.fired === other.byRule.get(name)?.fired && counts.unknown === other.byRule.get(name)?.unknown);
}

const total = (sides: readonly SideTotals[], read: (side: SideTotals) => number): number => sides.reduce((sum, side) => sum + read(side), 0);
const isoOrNull = (ms: number): string | null => (Number.isFinite(ms) ? new Date(ms).toISOString() : null);
