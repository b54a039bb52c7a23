import type { Selector, StepCondition } from './condition';

/** Reads a field of an event for an index; undefined when it is missing. */
export type FieldReader<E> = (event: E, field: string) => unknown;

interface Entry<E, T> { readonly condition: StepCondition<E>; readonly items: T[] }
interface Bound<E, T> { readonly bound: number; readonly entry: Entry<E, T> }
interface FieldIndex<E, T> {
  readonly field: string;
  /** Ranges with a lower bound, by it ascending. */
  readonly above: Bound<E, T>[];
  /** Ranges with an upper bound alone, by it descending. */
  readonly below: Bound<E, T>[];
  readonly byValue: Map<unknown, Entry<E, T>[]>;
}

/**
 * Finds the items whose condition holds for an event without asking every condition: comparisons of one field with constants are kept sorted.
 * Conditions with the same key are evaluated once. A condition that reads taken events is a candidate whenever its selector allows it.
 */
export class PredicateIndex<E, T> {
  private readonly indexes: FieldIndex<E, T>[] = [];
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
    const { indexes } = this;
    for (let at = 0; at < indexes.length; at++) {
      const index = indexes[at] as FieldIndex<E, T>;
      const value = this.readField(event, index.field);
      if (value === undefined || value === null) continue;
      const exact = index.byValue.size > 0 ? index.byValue.get(value) : undefined;
      if (exact !== undefined && askAll(exact, event, visit)) return true;
      if (typeof value !== 'number') continue;
      const { above, below } = index;
      for (let i = 0; i < above.length && (above[i] as Bound<E, T>).bound <= value; i++) if (ask((above[i] as Bound<E, T>).entry, event, visit)) return true;
      for (let i = 0; i < below.length && (below[i] as Bound<E, T>).bound >= value; i++) if (ask((below[i] as Bound<E, T>).entry, event, visit)) return true;
    }
    return askAll(this.others, event, visit);
  }

  any(event: E): boolean { return this.entryByKey.size > 0 && this.visit(event, yes); }

  private place(selector: Selector, entry: Entry<E, T>): void {
    let index = this.indexes.find(({ field }) => field === selector.field);
    if (index === undefined) this.indexes.push(index = { field: selector.field, above: [], below: [], byValue: new Map() });
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

const yes = (): boolean => true;

/** Nothing is made for an event that meets no condition, which is nearly every one. */
function ask<E, T>(entry: Entry<E, T>, event: E, visit: (item: T) => boolean): boolean {
  return (entry.condition.iterative || entry.condition.holds(event, noneTaken)) && entry.items.some(visit);
}

function askAll<E, T>(entries: readonly Entry<E, T>[], event: E, visit: (item: T) => boolean): boolean {
  for (let i = 0; i < entries.length; i++) if (ask(entries[i] as Entry<E, T>, event, visit)) return true;
  return false;
}

const noneTaken = { eventsOf: (): readonly never[] => [] };
