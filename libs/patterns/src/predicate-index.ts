import type { Selector, StepCondition } from './condition';

/** Reads a field of an event for an index; undefined when it is missing. */
export type FieldReader<E> = (event: E, field: string) => unknown;

interface Entry<E, T> { readonly condition: StepCondition<E>; readonly items: T[] }
interface FieldIndex<E, T> {
  /** Ranges with a lower bound, by it ascending. */
  readonly above: { readonly bound: number; readonly entry: Entry<E, T> }[];
  /** Ranges with an upper bound alone, by it descending. */
  readonly below: { readonly bound: number; readonly entry: Entry<E, T> }[];
  readonly byValue: Map<unknown, Entry<E, T>[]>;
}

/**
 * Finds the items whose condition holds for an event without asking every condition: comparisons of one field with constants are kept sorted.
 * Conditions with the same key are evaluated once. A condition that reads taken events is a candidate whenever its selector allows it.
 */
export class PredicateIndex<E, T> {
  private readonly fields = new Map<string, FieldIndex<E, T>>();
  private readonly others: Entry<E, T>[] = [];
  private readonly entryByKey = new Map<string, Entry<E, T>>();

  constructor(private readonly readField: FieldReader<E>) {}

  add(condition: StepCondition<E>, item: T): void {
    const known = this.entryByKey.get(condition.key);
    if (known) { if (!known.items.includes(item)) known.items.push(item); return; }
    const entry: Entry<E, T> = { condition, items: [item] };
    this.entryByKey.set(condition.key, entry);
    if (condition.selector) this.place(condition.selector, entry);
    else this.others.push(entry);
  }

  /** Calls `visit` with every item of a condition that holds, once per condition, until it answers true. */
  visit(event: E, visit: (item: T) => boolean): boolean {
    const ask = (entry: Entry<E, T>): boolean => (entry.condition.iterative || entry.condition.holds(event, noneTaken)) && entry.items.some(visit);
    for (const [field, index] of this.fields) {
      const value = this.readField(event, field);
      if (value === undefined || value === null) continue;
      const exact = index.byValue.get(value);
      if (exact?.some(ask)) return true;
      if (typeof value !== 'number') continue;
      for (const { bound, entry } of index.above) { if (bound > value) break; if (ask(entry)) return true; }
      for (const { bound, entry } of index.below) { if (bound < value) break; if (ask(entry)) return true; }
    }
    return this.others.length > 0 && this.others.some(ask);
  }

  any(event: E): boolean { return this.entryByKey.size > 0 && this.visit(event, () => true); }

  private place(selector: Selector, entry: Entry<E, T>): void {
    let index = this.fields.get(selector.field);
    if (index === undefined) this.fields.set(selector.field, index = { above: [], below: [], byValue: new Map() });
    if (selector.kind === 'values') {
      for (const value of selector.values) { const same = index.byValue.get(value); if (same) same.push(entry); else index.byValue.set(value, [entry]); }
    } else if (selector.from !== -Infinity) {
      index.above.push({ bound: selector.from, entry });
      index.above.sort((a, b) => a.bound - b.bound);
    } else {
      index.below.push({ bound: selector.to, entry });
      index.below.sort((a, b) => b.bound - a.bound);
    }
  }
}

const noneTaken = { eventsOf: (): readonly never[] => [] };
