import type { Move, Place, Truth } from './automaton';
import type { StepCondition, TakenView } from './condition';
import type { Taken } from './key-state';

const unknown = 0, yes = 1, no = 2;

/** Which conditions hold for the event in hand; each is evaluated at most once per event, those that read taken events once per partial match. */
export class Facts<E> {
  private readonly known: Uint8Array;
  private readonly iterative: readonly number[];
  private readonly view: ChainView<E>;
  private event: E | undefined;
  readonly truth: Truth;
  readonly nothingHolds: Truth = () => false;

  constructor(private readonly conditions: readonly StepCondition<E>[], steps: readonly string[]) {
    this.known = new Uint8Array(conditions.length);
    this.iterative = conditions.flatMap((condition, at) => (condition.iterative ? [at] : []));
    this.view = new ChainView(steps);
    this.truth = (condition) => this.holds(condition);
  }

  see(event: E): void {
    this.event = event;
    this.known.fill(unknown);
    this.view.last = undefined;
  }

  /** From here on conditions see what this partial match has taken. */
  lookFrom(last: Taken<E> | undefined): void {
    this.view.last = last;
    for (const condition of this.iterative) this.known[condition] = unknown;
  }

  movesAt(place: Place, truth: Truth): readonly Move[] {
    const [first, ...rest] = place.moves;
    if (first !== undefined && rest.length === 0) return first.test(truth) ? place.moves : [];
    return place.moves.filter((move) => move.test(truth));
  }

  private holds(number: number): boolean {
    const known = this.known[number];
    if (known !== unknown) return known === yes;
    const condition = this.conditions[number];
    const answer = condition !== undefined && this.event !== undefined && condition.holds(this.event, this.view);
    this.known[number] = answer ? yes : no;
    return answer;
  }
}

class ChainView<E> implements TakenView<E> {
  last: Taken<E> | undefined;
  constructor(private readonly steps: readonly string[]) {}

  eventsOf(step: string): readonly E[] {
    const number = this.steps.indexOf(step);
    const found: E[] = [];
    if (number < 0) return found;
    for (let taken = this.last; taken !== undefined; taken = taken.before) if (taken.step === number) found.push(taken.held.event);
    return found.reverse();
  }
}
