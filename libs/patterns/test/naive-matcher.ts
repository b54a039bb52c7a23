import { compileJsonCondition, readJsonField, type InnerContiguity, type JsonCondition, type JsonEvent, type Pattern, type SkipStrategy, type Step } from '../src/index';

/**
 * What a pattern gives, found by trying every choice of events: the meaning written down directly, over the whole language, with no automaton. Each event may
 * be the first; from there every step is either taken at every event it may take or left out; a choice lives as long as it may pass over what
 * it does not take. Skipping is judged afterwards, over all choices of all beginnings. Exponential: for a dozen events.
 */
export function naiveAnswer(pattern: Pattern<JsonCondition>, events: readonly JsonEvent[], skip: SkipStrategy = { strategy: 'noSkip' }): NaiveAnswer {
  const search = new Search(pattern, events);
  events.forEach((_, first) => search.from(first));
  return new Playback(pattern, events, skip, search).play();
}

/** Matches and time-outs as texts, in order of their text; `flush`: what the end of time gives. */
export interface NaiveAnswer { readonly matches: readonly string[]; readonly timeouts: readonly string[]; readonly flush: { readonly matches: readonly string[]; readonly timeouts: readonly string[] } }

export const matchText = (match: Readonly<Record<string, readonly string[]>>): string => JSON.stringify(Object.entries(match).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Events taken so far, by step. */
type Taken = readonly { readonly step: string; readonly number: number; readonly at: number }[];

/** A choice on its way. */
interface Choice {
  readonly taken: Taken;
  /** The first event of the match, where none is taken yet. */
  readonly first: number;
  /** Steps that must not be met (`notFollowedBy`) until the next step takes its first event. */
  readonly negated: readonly Step<JsonCondition>[];
  /** Greedy loops left: what they could take is neither taken nor passed over until the next step takes its first event. */
  readonly reserved: readonly Step<JsonCondition>[];
  /** The choice ends at this event whatever it is. */
  readonly endsAt: number;
  /** It took an event that it must not meet: it counts if it is complete with it, and ends. */
  readonly stopped: boolean;
  /** A window that only the event at `from` is judged by: of the loop that could have gone on. */
  readonly pauseMs: number;
}

type After = (choice: Choice, from: number) => void;
type How = InnerContiguity;

/** Where a step stands: in which group, and how the group's first event is joined to what is before it. */
interface Level { readonly steps: readonly Step<JsonCondition>[]; readonly group: Step<JsonCondition> | undefined; readonly entry: How }

/** A partial match that is there after the events `from` to `to`. */
interface Alive { readonly taken: Taken; readonly from: number; readonly to: number; readonly isSilence: boolean; readonly pauseMs: number }
interface Complete { readonly taken: Taken; readonly at: number }

const howOf = (step: Step<JsonCondition>): How => (step.contiguity === 'next' || step.contiguity === 'start' ? 'consecutive' : step.contiguity === 'followedByAny' ? 'allowCombinations' : 'relaxed');
const lastAt = (taken: Taken): number => taken.at(-1)?.at ?? -1;

class Search {
  readonly alive: Alive[] = [];
  readonly complete: Complete[] = [];
  private readonly tests = new Map<JsonCondition, (event: JsonEvent, taken: Taken) => boolean>();
  private readonly numbers = new Map<string, number>();

  constructor(private readonly pattern: Pattern<JsonCondition>, private readonly events: readonly JsonEvent[]) {}

  /** Everything whose first event is at this place. */
  from(first: number): void {
    const fresh: Choice = { taken: [], first, negated: [], reserved: [], endsAt: -1, stopped: false, pauseMs: 0 };
    this.sequence({ steps: this.pattern.steps, group: undefined, entry: 'consecutive' }, 0, fresh, first, (choice, from) => {
      // A match is given at the event that completes it.
      if (choice.taken.length > 0 && from === lastAt(choice.taken) + 1) this.complete.push({ taken: choice.taken, at: lastAt(choice.taken) });
    });
  }

  private sequence(level: Level, at: number, choice: Choice, from: number, after: After): void {
    const step = level.steps[at];
    if (step === undefined) { after(choice, from); return; }
    const rest: After = (next, nextFrom) => { this.sequence(level, at + 1, next, nextFrom, after); };
    if (step.contiguity === 'notNext') this.notNext(level, at, choice, from, rest);
    else if (step.contiguity === 'notFollowedBy') {
      if (at === level.steps.length - 1) this.silence(step, choice, from);
      else rest(choice, from);
    } else if (step.group) this.group(step, step.group.steps, level, at, choice, from, rest);
    else this.plain(step, level, at, choice, from, rest);
  }

  private plain(step: Step<JsonCondition>, level: Level, at: number, choice: Choice, from: number, rest: After): void {
    const { quantifier } = step;
    const entry = at === 0 ? level.entry : howOf(step);
    const min = quantifier?.min ?? 1, max = quantifier === undefined || quantifier.single ? 1 : quantifier.max;
    // The first step of a group takes the group's contiguity, also between its own events.
    const inner = at === 0 && level.group !== undefined ? level.group.quantifier?.inner ?? 'relaxed' : quantifier?.inner ?? 'relaxed';
    const following = level.steps[at + 1];
    if (quantifier?.optional) rest(this.left(step, level, choice, from), from);
    const go = (count: number, now: Choice, nowFrom: number): void => {
      const more = max === null || count < max;
      const pauseMs = count > 0 && more ? quantifier?.windowMs ?? 0 : 0;
      if (count >= min) rest({ ...(more ? this.left(step, level, now, nowFrom) : { ...now, reserved: this.reservedAfter(step, now, nowFrom) }), pauseMs }, nowFrom);
      if (!more) return;
      const windowMs = count > 0 ? quantifier?.windowMs ?? 0 : quantifier === undefined ? step.within?.ms ?? 0 : 0;
      this.take(step, { how: count === 0 ? entry : inner, level, windowMs, ownUntilBars: count > 0 }, now, nowFrom, (next, nextFrom) => {
        go(count + 1, count > 0 ? { ...next, negated: now.negated } : { ...next, negated: following?.contiguity === 'notFollowedBy' ? [following] : [] }, nextFrom);
      });
    };
    go(0, choice, from);
  }

  /** A loop or an optional step is over with what it has; within a group with `until`, not by an event for which that holds. */
  private left(step: Step<JsonCondition>, level: Level, choice: Choice, from: number): Choice {
    const event = this.events[from], until = level.group?.until;
    const barred = event !== undefined && until !== undefined && this.holds(until, event, choice.taken);
    return { ...choice, reserved: this.reservedAfter(step, choice, from), endsAt: barred ? from : choice.endsAt };
  }

  /** What fits a greedy loop is kept from the step after it, also once the loop is full, unless `until` ended it. */
  private reservedAfter({ quantifier, until, ...step }: Step<JsonCondition>, choice: Choice, from: number): readonly Step<JsonCondition>[] {
    if (!isGreedy(quantifier)) return choice.reserved;
    const event = this.events[from];
    const ended = until !== undefined && event !== undefined && this.holds(until, event, choice.taken);
    return ended ? choice.reserved : [...choice.reserved, step];
  }

  private group(step: Step<JsonCondition>, steps: readonly Step<JsonCondition>[], level: Level, at: number, choice: Choice, from: number, rest: After): void {
    const { min = 1, max = 1, optional = false, inner = 'relaxed', single = false } = step.quantifier ?? {};
    if (optional) rest(this.left(step, level, choice, from), from);
    const [head] = steps;
    const go = (count: number, now: Choice, nowFrom: number): void => {
      const more = max === null || (!single && count < max);
      if (count >= min) {
        rest(now, nowFrom);
        // While the loop waits for another round it may still end, at every event that it may pass over.
        for (let q = nowFrom; more && head !== undefined && this.mayPass(head, { how: inner, group: step }, now, q); q++) rest(now, q + 1);
      }
      if (count > 0 && !more) return;
      const entry = count > 0 ? inner : at === 0 && level.group !== undefined ? level.entry : howOf(step);
      this.sequence({ steps, group: step, entry }, 0, now, nowFrom, (next, nextFrom) => { go(count + 1, next, nextFrom); });
    };
    go(0, choice, from);
  }

  private mayPass(head: Step<JsonCondition>, { how, group }: { readonly how: How; readonly group: Step<JsonCondition> }, choice: Choice, at: number): boolean {
    const event = this.events[at];
    if (event === undefined || how === 'consecutive' || choice.stopped || this.isLate(choice.taken, event, 0) || at === choice.endsAt) return false;
    return (how === 'allowCombinations' || (head.where !== undefined && !this.holds(head.where, event, choice.taken))) && !this.anyHolds(group.until, event, choice.taken);
  }

  /** Every event that the step may take next; until then others are passed over, if they may be. */
  private take(step: Step<JsonCondition>, options: { readonly how: How; readonly level: Level; readonly windowMs: number; readonly ownUntilBars: boolean }, choice: Choice, from: number, next: After): void {
    if (choice.stopped) return;
    const { how, level, windowMs } = options, { taken } = choice;
    const groupUntil = level.group?.until;
    let at = from, pauseMs = Math.max(windowMs, choice.pauseMs);
    for (; ; at++) {
      const event = this.events[at];
      if (event === undefined) { at = Infinity; break; }
      if (taken.length > 0 && this.isLate(taken, event, at === from ? pauseMs : windowMs)) break;
      if (at === choice.endsAt || choice.reserved.some(({ where }) => where === undefined || this.holds(where, event, taken))) break;
      const fits = step.where === undefined || this.holds(step.where, event, taken);
      const stops = choice.negated.some(({ where }) => where === undefined || this.holds(where, event, taken));
      const ended = this.anyHolds(step.until, event, taken), groupEnded = this.anyHolds(groupUntil, event, taken);
      if (fits && !ended && !groupEnded) next({ ...choice, taken: [...taken, { step: step.name ?? '', number: this.numberOf(step), at }], reserved: [], endsAt: -1, stopped: stops, pauseMs: 0 }, at + 1);
      if (taken.length === 0) return;
      const passes = how === 'allowCombinations' || (how === 'relaxed' && !fits);
      if (!passes || stops || groupEnded || (options.ownUntilBars && ended)) break;
    }
    if (taken.length > 0) {
      // A loop's window that the choice has left behind binds it until it has passed over an event.
      if (choice.pauseMs > 0 && windowMs === 0 && at > from) this.alive.push({ taken, from: from - 1, to: from - 1, isSilence: false, pauseMs: choice.pauseMs }, { taken, from, to: at - 1, isSilence: false, pauseMs: 0 });
      else this.alive.push({ taken, from: from - 1, to: at - 1, isSilence: false, pauseMs });
    }
  }

  private notNext(level: Level, at: number, choice: Choice, from: number, rest: After): void {
    if (choice.stopped) return;
    const event = this.events[from], step = level.steps[at];
    this.alive.push({ taken: choice.taken, from: from - 1, to: event === undefined ? Infinity : from - 1, isSilence: false, pauseMs: choice.pauseMs });
    if (event === undefined || this.isLate(choice.taken, event, choice.pauseMs) || from === choice.endsAt) return;
    if ([step, ...choice.reserved].some((each) => each?.where === undefined || this.holds(each.where, event, choice.taken))) return;
    if (at === level.steps.length - 1) this.complete.push({ taken: choice.taken, at: from });
    else rest({ ...choice, reserved: [] }, from);
  }

  /** A closing `notFollowedBy`: a match once its window is over. */
  private silence(step: Step<JsonCondition>, choice: Choice, from: number): void {
    if (choice.stopped) return;
    const windowMs = step.within?.ms ?? 0;
    let at = from;
    for (; ; at++) {
      const event = this.events[at];
      if (event === undefined) { at = Infinity; break; }
      if (this.isLate(choice.taken, event, windowMs) || at === choice.endsAt) break;
      if ([step, ...choice.reserved].some(({ where }) => where === undefined || this.holds(where, event, choice.taken))) break;
    }
    this.alive.push({ taken: choice.taken, from: from - 1, to: at - 1, isSilence: true, pauseMs: windowMs });
  }

  private isLate(taken: Taken, event: JsonEvent, windowMs: number): boolean {
    const first = this.events[taken[0]?.at ?? -1], last = this.events[lastAt(taken)];
    if (first === undefined || last === undefined) return false;
    return event.ts - first.ts >= (this.pattern.within?.ms ?? Infinity) || (windowMs > 0 && event.ts - last.ts >= windowMs);
  }

  private anyHolds(condition: JsonCondition | undefined, event: JsonEvent, taken: Taken): boolean { return condition !== undefined && this.holds(condition, event, taken); }

  private holds(condition: JsonCondition, event: JsonEvent, taken: Taken): boolean {
    let test = this.tests.get(condition);
    if (test === undefined) {
      const compiled = compileJsonCondition(condition, readJsonField);
      test = (of, before) => compiled.holds(of, { eventsOf: (step) => before.flatMap((each) => (each.step === step ? [this.events[each.at] as JsonEvent] : [])) });
      this.tests.set(condition, test);
    }
    return test(event, taken);
  }

  private numberOf({ name = '' }: Step<JsonCondition>): number {
    if (this.numbers.size === 0) for (const each of namesOf(this.pattern.steps)) this.numbers.set(each, this.numbers.size);
    return this.numbers.get(name) ?? -1;
  }
}

const isGreedy = (quantifier: Step<JsonCondition>['quantifier']): boolean => quantifier !== undefined && quantifier.greedy && quantifier.min !== quantifier.max;
const namesOf = (steps: readonly Step<JsonCondition>[]): string[] => steps.flatMap((step) => (step.group ? namesOf(step.group.steps) : [step.name ?? '']));

/** All choices played over time: what is given when, and what that ends. */
class Playback {
  private waiting: Complete[] = [];
  /** Beginnings at or before it are over. */
  private over = -1;
  private matches: string[] = [];
  private timeouts = new Set<string>();

  constructor(private readonly pattern: Pattern<JsonCondition>, private readonly events: readonly JsonEvent[], private readonly skip: SkipStrategy, private readonly search: Search) {}

  play(): NaiveAnswer {
    this.events.forEach((event, at) => {
      this.timeReaches(event.ts, at - 1);
      const given = this.search.complete.filter((each) => each.at === at);
      this.give(given, this.search.alive.filter(({ from, to }) => from <= at && at <= to));
    });
    const { matches, timeouts } = this;
    this.matches = [];
    this.timeouts = new Set();
    this.timeReaches(Infinity, this.events.length - 1);
    return { matches: matches.sort(), timeouts: [...timeouts].sort(), flush: { matches: this.matches.sort(), timeouts: [...this.timeouts].sort() } };
  }

  private timeReaches(clockMs: number, at: number): void {
    const there = this.search.alive.filter(({ taken, from, to }) => from <= at && at <= to && this.begins(taken));
    const over = there.filter((each) => { const overAtMs = this.overAt(each); return overAtMs <= clockMs && overAtMs < Infinity; });
    for (const each of over) if (!each.isSilence) this.timeouts.add(`${this.textOf(each.taken)} at ${this.overAt(each, clockMs)}`);
    this.give(over.filter(({ isSilence }) => isSilence).map(({ taken }) => ({ taken, at })), there.filter((each) => !over.includes(each)));
  }

  /** When its windows are over; of two that are, the one since the last event counts. */
  private overAt({ taken, pauseMs }: Alive, clockMs = Infinity): number {
    const first = this.events[taken[0]?.at ?? 0]?.ts ?? NaN, last = this.events[lastAt(taken)]?.ts ?? NaN;
    const pause = pauseMs > 0 ? last + pauseMs : Infinity, whole = first + (this.pattern.within?.ms ?? Infinity);
    return clockMs === Infinity ? Math.min(pause, whole) : pause <= clockMs ? pause : whole;
  }

  private begins(taken: Taken): boolean { return (taken[0]?.at ?? -1) > this.over; }

  private give(complete: readonly Complete[], alive: readonly Alive[]): void {
    const fresh = new Map(complete.filter(({ taken }) => this.begins(taken)).map((each) => [JSON.stringify(each.taken), each]));
    this.waiting.push(...[...fresh.values()].sort((a, b) => compareTaken(a.taken, b.taken)));
    this.waiting.sort((a, b) => (a.taken[0]?.at ?? 0) - (b.taken[0]?.at ?? 0));
    for (let match = this.waiting[0]; match !== undefined; match = this.waiting[0]) {
      const first = match.taken[0]?.at ?? 0;
      if (this.skip.strategy !== 'noSkip' && alive.some(({ taken }) => this.begins(taken) && (taken[0]?.at ?? 0) < first)) return;
      this.waiting.shift();
      this.matches.push(this.textOf(match.taken));
      this.over = Math.max(this.over, this.skippedTo(match.taken));
      this.waiting = this.waiting.filter(({ taken }) => this.begins(taken));
    }
  }

  private skippedTo(taken: Taken): number {
    const { skip } = this;
    switch (skip.strategy) {
      case 'noSkip': return -1;
      case 'skipPastLastEvent': return lastAt(taken);
      case 'skipToNext': return taken[0]?.at ?? -1;
      case 'skipToFirst': case 'skipToLast': {
        const named = taken.filter(({ step }) => step === skip.pattern);
        const target = (skip.strategy === 'skipToFirst' ? named[0] : named.at(-1))?.at;
        return target === undefined ? -1 : target - 1;
      }
    }
  }

  private textOf(taken: Taken): string {
    const match: Record<string, string[]> = {};
    for (const each of taken) (match[each.step] ??= []).push((this.events[each.at] as JsonEvent).id);
    return matchText(match);
  }
}

/** The earlier event first, then the earlier step, then the longer one. */
function compareTaken(a: Taken, b: Taken): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const left = a[at], right = b[at];
    if (left === undefined || right === undefined) break;
    const order = left.at - right.at || left.number - right.number;
    if (order !== 0) return order;
  }
  return b.length - a.length;
}
