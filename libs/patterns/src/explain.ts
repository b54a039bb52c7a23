import type { Place, Truth } from './automaton';
import type { CompiledPattern } from './compile';
import type { StepCondition } from './condition';
import { Facts } from './facts';
import { KeyState, type Run } from './key-state';
import { PatternMachine } from './machine';
import type { PatternOutcome } from './outcome';
import { chainOf, stepsOf } from './taken';

/** Why one partial match went no further. */
export type Obstacle<E> =
  /** An event did not fit where only a fitting one was allowed, or an unwanted one came. */
  | { readonly kind: 'event'; readonly event: E; readonly failed: readonly string[]; readonly unwanted: boolean }
  /** Its window was over before the next event. */
  | { readonly kind: 'time'; readonly atMs: number }
  /** It was still waiting at the end for one of these steps. */
  | { readonly kind: 'waiting'; readonly for: readonly string[] };

/** How far the best partial match got: events by step, the steps that could have come next, and what stopped it. */
export interface NearMiss<E> {
  readonly steps: ReadonlyMap<string, readonly E[]>;
  readonly taken: number;
  readonly missing: readonly string[];
  readonly obstacle: Obstacle<E>;
}

export type NoMatchExplanation<E> =
  | { readonly kind: 'matched'; readonly matches: number }
  /** No event fits the first step. */
  | { readonly kind: 'neverBegan'; readonly events: number; readonly failed: readonly string[] }
  | { readonly kind: 'nearMisses'; /** The furthest first, then the latest. */ readonly best: readonly NearMiss<E>[] };

/** A partial match that is alive: its events by step, how many, the steps that may come next, and since and until when it lives (Infinity: for ever). */
export interface OpenRun<E> { readonly steps: ReadonlyMap<string, readonly E[]>; readonly taken: number; readonly awaits: readonly string[]; readonly sinceMs: number; readonly untilMs: number }

export function openRuns<E>(compiled: CompiledPattern<E>, state: KeyState<E>): OpenRun<E>[] {
  return runsOf(state).map((run) => {
    const place = placeOf(compiled, run), { steps, taken } = miss(compiled, run);
    const pauseMs = place.windowMs > 0 ? run.last.held.timeMs + place.windowMs : Infinity;
    return { steps, taken, awaits: place.pending ? [] : awaited(compiled, place).steps, sinceMs: run.start.timeMs, untilMs: Math.min(pauseMs, run.start.timeMs + (compiled.withinMs ?? Infinity)) };
  });
}

const nearMissesMax = 5;

/**
 * Why a pattern gave no match over these events of one key, in the order they are matched. It runs them again, so nothing is kept for it.
 * `failed` names conditions by their keys: a CEL condition's own text.
 */
export function explainNoMatch<E>(compiled: CompiledPattern<E>, events: readonly E[], timeOf: (event: E) => number): NoMatchExplanation<E> {
  const machine = new PatternMachine(compiled);
  const state = new KeyState<E>();
  const found: NearMiss<E>[] = [];
  let matches = 0, began = false;
  const out: PatternOutcome<E>[] = [];
  const note = (miss: NearMiss<E>): void => {
    found.push(miss);
    found.sort((a, b) => b.taken - a.taken);
    found.length = Math.min(found.length, nearMissesMax);
  };
  const read = (): void => {
    for (const outcome of out.splice(0)) {
      if (outcome.kind === 'match') matches++;
      else if (outcome.kind === 'timeout') note({ steps: outcome.steps, taken: countOf(outcome.steps), missing: missingAfter(compiled, outcome.steps), obstacle: { kind: 'time', atMs: outcome.atMs } });
    }
  };
  for (const event of events) {
    machine.advance(state, timeOf(event), out);
    read();
    const before = runsOf(state);
    machine.step(state, event, timeOf(event), out);
    began ||= state.live > 0 || out.some((outcome) => outcome.kind === 'match');
    read();
    const goesOn = new Set(runsOf(state).flatMap((run) => chainOf(run.last)));
    for (const run of before) if (run.dead && !goesOn.has(run.last)) note(diedAt(compiled, run, event));
  }
  if (matches > 0) return { kind: 'matched', matches };
  if (!began) return { kind: 'neverBegan', events: events.length, failed: awaited(compiled, compiled.automaton.start).conditions };
  for (const run of runsOf(state)) {
    const { steps } = awaited(compiled, placeOf(compiled, run));
    note({ ...miss(compiled, run), missing: steps, obstacle: { kind: 'waiting', for: steps } });
  }
  return { kind: 'nearMisses', best: found };
}

const runsOf = <E>(state: KeyState<E>): Run<E>[] => state.runsByPlace.flatMap((runs) => (runs ?? []).filter((run) => !run.dead));
const placeOf = <E>(compiled: CompiledPattern<E>, run: Run<E>): Place => compiled.automaton.places[run.place] ?? compiled.automaton.start;
const countOf = (steps: ReadonlyMap<string, readonly unknown[]>): number => [...steps.values()].reduce((count, events) => count + events.length, 0);

function miss<E>(compiled: CompiledPattern<E>, run: Run<E>): Pick<NearMiss<E>, 'steps' | 'taken'> {
  const { steps } = stepsOf(run.last, compiled.automaton.steps);
  return { steps, taken: countOf(steps) };
}

function diedAt<E>(compiled: CompiledPattern<E>, run: Run<E>, event: E): NearMiss<E> {
  const place = placeOf(compiled, run);
  const facts = new Facts(compiled.conditions, compiled.automaton.steps);
  facts.see(event);
  facts.lookFrom(run.last);
  const unwanted = facts.movesAt(place, facts.truth).some((move) => move.kind === 'stop');
  const { steps, conditions } = awaited(compiled, place, facts.truth);
  return { ...miss(compiled, run), missing: steps, obstacle: { kind: 'event', event, failed: conditions, unwanted } };
}

/** Steps that could take the next event, and their conditions; with `truth` those alone that do not hold. */
function awaited<E>(compiled: CompiledPattern<E>, place: Place, truth?: Truth): { steps: string[]; conditions: string[] } {
  const takes = place.moves.filter((move) => move.kind === 'take');
  const steps = [...new Set(takes.map((move) => compiled.automaton.steps[move.step] ?? ''))];
  const numbers = new Set(place.conditions.filter((number) => truth === undefined || !truth(number)));
  const own = new Set(takes.flatMap((move) => (truth === undefined || !move.test(truth) ? place.conditions : [])));
  const conditions = [...numbers].filter((number) => own.has(number)).map((number) => (compiled.conditions[number] as StepCondition<E>).key);
  return { steps, conditions };
}

/** After a time-out the place is gone: the steps after the last one that took something. */
function missingAfter<E>(compiled: CompiledPattern<E>, steps: ReadonlyMap<string, readonly E[]>): string[] {
  const names = compiled.automaton.steps;
  const last = Math.max(-1, ...[...steps.keys()].map((name) => names.indexOf(name)));
  return names.slice(last + 1);
}
