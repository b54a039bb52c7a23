import type { PatternMatch } from '@weir/contracts';
import type { Outcome } from '@weir/pipeline';

/** Keys per pattern that are told apart; beyond it `keys` is at least so many. */
const keysMax = 200_000;
const dayMs = 86_400_000;

export interface MatchExample {
  readonly kind: PatternMatch['kind']; readonly key: string;
  /** Times of the first and the last event, ISO 8601. */
  readonly first: string; readonly last: string;
  /** Ids of the events by step. */
  readonly events: PatternMatch['events'];
  /** False where time alone gave it. */
  readonly by_event: boolean;
}

/** What one pattern gave over a stretch of history. */
export interface PatternFigures {
  readonly matches: number; readonly timeouts: number; readonly limits: number; readonly late: number;
  /** Keys with a match, of the first 200,000. */
  readonly keys: number;
  /** Matches by day (UTC) of their last event. */
  readonly by_day: Readonly<Record<string, number>>;
  readonly examples: readonly MatchExample[];
}
export const noFigures: PatternFigures = Object.freeze({ matches: 0, timeouts: 0, limits: 0, late: 0, keys: 0, by_day: {}, examples: [] });

interface Tally { matches: number; timeouts: number; limits: number; late: number; readonly keys: Set<string>; readonly byDay: Map<number, number>; readonly examples: MatchExample[] }

export interface MatchView { readonly fromMs: number; readonly toMs: number; readonly examples: number }

/** Adds up what patterns gave, live and shadow, as the stages run; matches count by the time of their last event. */
export class MatchTally {
  private readonly byPattern = new Map<string, Tally>();
  constructor(private readonly view: MatchView) {}

  add(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) if ('matches' in outcome && outcome.matches.length > 0) for (const match of outcome.matches) this.addOne(match);
  }

  figures(): Map<string, PatternFigures> {
    return new Map([...this.byPattern].sort(([a], [b]) => (a < b ? -1 : 1)).map(([pattern, { matches, timeouts, limits, late, keys, byDay, examples }]): [string, PatternFigures] => [pattern, {
      matches, timeouts, limits, late, keys: keys.size, by_day: Object.fromEntries([...byDay].sort(([a], [b]) => a - b).map(([day, count]) => [new Date(day * dayMs).toISOString().slice(0, 10), count])), examples,
    }]));
  }

  private addOne(match: PatternMatch): void {
    const { fromMs, toMs } = this.view;
    if (match.lastTimeMs < fromMs || match.lastTimeMs >= toMs) return;
    let tally = this.byPattern.get(match.pattern);
    if (tally === undefined) this.byPattern.set(match.pattern, (tally = { matches: 0, timeouts: 0, limits: 0, late: 0, keys: new Set(), byDay: new Map(), examples: [] }));
    switch (match.kind) {
      case 'timeout': tally.timeouts += 1; return;
      case 'limit': tally.limits += 1; return;
      case 'late': tally.late += 1; return;
      case 'match': this.addMatch(tally, match);
    }
  }

  private addMatch(tally: Tally, { kind, key, firstTimeMs, lastTimeMs, events, byEvent }: PatternMatch): void {
    const day = Math.floor(lastTimeMs / dayMs);
    tally.matches += 1;
    tally.byDay.set(day, (tally.byDay.get(day) ?? 0) + 1);
    if (tally.keys.size < keysMax) tally.keys.add(key);
    if (tally.examples.length < this.view.examples) tally.examples.push({ kind, key, first: isoOf(firstTimeMs), last: isoOf(lastTimeMs), events, by_event: byEvent });
  }
}

const isoOf = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString() : '');

/** The figures of several lanes together. */
export function addedFigures(parts: ReadonlyArray<ReadonlyMap<string, PatternFigures>>, examplesMax: number): Map<string, PatternFigures> {
  const sums = new Map<string, PatternFigures>();
  for (const part of parts) {
    for (const [pattern, figures] of part) {
      const sum = sums.get(pattern) ?? noFigures;
      const days = new Map(Object.entries(sum.by_day));
      for (const [day, count] of Object.entries(figures.by_day)) days.set(day, (days.get(day) ?? 0) + count);
      sums.set(pattern, {
        matches: sum.matches + figures.matches, timeouts: sum.timeouts + figures.timeouts, limits: sum.limits + figures.limits, late: sum.late + figures.late, keys: sum.keys + figures.keys,
        by_day: Object.fromEntries([...days].sort(([a], [b]) => (a < b ? -1 : 1))), examples: [...sum.examples, ...figures.examples].slice(0, examplesMax),
      });
    }
  }
  return sums;
}
