import { compileJsonCondition, readJsonField, type JsonCondition, type JsonEvent, type Pattern, type Step } from '../src/index';

/**
 * All matches of a pattern without groups, `greedy`, `until` and skipping, found by trying every choice of events: the meaning written down
 * directly, with no automaton. Conditions of different steps are expected to be equal or disjoint. A match is its ids by step, as text.
 */
export function naiveMatches(pattern: Pattern<JsonCondition>, events: readonly JsonEvent[]): string[] {
  const found = new Set<string>();
  const search = new Search(pattern, events, found);
  events.forEach((_, first) => search.from(first));
  return [...found].sort();
}

type Taken = readonly { readonly step: string; readonly at: number }[];
const noneTaken = { eventsOf: () => [] };

class Search {
  private readonly tests: readonly ((event: JsonEvent) => boolean)[];
  constructor(private readonly pattern: Pattern<JsonCondition>, private readonly events: readonly JsonEvent[], private readonly found: Set<string>) {
    this.tests = pattern.steps.map(({ where }) => {
      const condition = where && compileJsonCondition(where, readJsonField);
      return (event) => condition === undefined || condition.holds(event, noneTaken);
    });
  }

  /** Matches whose first event is at this place. */
  from(first: number): void { this.enter(0, [], { first }); }

  /** Goes to step `number`: takes its first event, skips it if it is optional, or ends. */
  private enter(number: number, taken: Taken, options: { readonly first?: number; readonly negated?: { readonly number: number; readonly from: number } | undefined }): void {
    const step = this.pattern.steps[number];
    const last = taken.at(-1)?.at;
    if (step === undefined) { if (last !== undefined) this.give(taken); return; }
    if (step.contiguity === 'notNext') { this.notNext(number, taken, last ?? 0); return; }
    if (step.contiguity === 'notFollowedBy') {
      const previous = this.pattern.steps[number - 1];
      const from = taken.find((each) => each.step === previous?.name)?.at ?? 0;
      this.enter(number + 1, taken, { negated: { number, from } });
      return;
    }
    if (step.quantifier?.optional) this.enter(number + 1, taken, options);
    for (const at of this.candidates(number, last, options.first, step.contiguity === 'next' ? 'consecutive' : step.contiguity === 'followedByAny' ? 'allowCombinations' : 'relaxed')) {
      if (options.negated !== undefined && this.anyHolds(options.negated.number, options.negated.from + 1, at)) continue;
      this.loop(number, [...taken, { step: step.name ?? '', at }], 1);
    }
  }

  private notNext(number: number, taken: Taken, last: number): void {
    const next = this.events[last + 1];
    if (next === undefined || this.tests[number]?.(next)) return;
    if (number === this.pattern.steps.length - 1 && this.isTimedOutBefore(taken, next)) return;
    this.enter(number + 1, taken, {});
  }

  private loop(number: number, taken: Taken, count: number): void {
    const step = this.pattern.steps[number] as Step<JsonCondition>;
    const { min, max, inner } = step.quantifier ?? { min: 1, max: 1, inner: 'relaxed' };
    if (count >= min) this.enter(number + 1, taken, {});
    if (max !== null && count >= max) return;
    for (const at of this.candidates(number, taken.at(-1)?.at, undefined, inner)) this.loop(number, [...taken, { step: step.name ?? '', at }], count + 1);
  }

  /** Places of the events the step can take next, by the contiguity towards the event before. */
  private candidates(number: number, last: number | undefined, first: number | undefined, how: 'relaxed' | 'consecutive' | 'allowCombinations'): number[] {
    const holds = (at: number): boolean => { const event = this.events[at]; return event !== undefined && (this.tests[number]?.(event) ?? false); };
    if (last === undefined) return first !== undefined && holds(first) ? [first] : [];
    const found: number[] = [];
    for (let at = last + 1; at < this.events.length; at++) {
      if (holds(at)) { found.push(at); if (how !== 'allowCombinations') break; }
      if (how === 'consecutive') break;
    }
    return found;
  }

  private anyHolds(number: number, from: number, to: number): boolean {
    return this.events.slice(from, to).some((event) => this.tests[number]?.(event));
  }

  private isTimedOutBefore(taken: Taken, event: JsonEvent): boolean {
    const first = this.events[taken[0]?.at ?? 0];
    return first !== undefined && event.ts - first.ts >= (this.pattern.within?.ms ?? Infinity);
  }

  private give(taken: Taken): void {
    const at = (place: number): JsonEvent => this.events[taken.at(place)?.at ?? 0] as JsonEvent;
    if (at(-1).ts - at(0).ts >= (this.pattern.within?.ms ?? Infinity)) return;
    const match: Record<string, string[]> = {};
    for (const each of taken) (match[each.step] ??= []).push((this.events[each.at] as JsonEvent).id);
    this.found.add(matchText(match));
  }
}

export const matchText = (match: Readonly<Record<string, readonly string[]>>): string => JSON.stringify(Object.entries(match).sort(([a], [b]) => (a < b ? -1 : 1)));
