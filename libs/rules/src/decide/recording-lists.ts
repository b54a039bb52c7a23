import type { ListLookup } from '@weir/definitions';

type Pair = readonly [list: string, value: string];
const nothing: readonly Pair[] = Object.freeze([]);

/** Passes look-ups on and notes those that held, so that a decision's record says all that any rule read. */
export class RecordingLists implements ListLookup {
  private lookup: ListLookup | undefined;
  private held: Pair[] = [];

  start(lookup: ListLookup): void {
    this.lookup = lookup;
    if (this.held.length > 0) this.held = [];
  }

  holds(list: string, value: string | undefined, atMs: number): boolean | undefined {
    const answer = this.lookup?.holds(list, value, atMs);
    if (answer === true && value !== undefined && !this.held.some(([l, v]) => l === list && v === value)) this.held.push([list, value]);
    return answer;
  }

  /** Sorted by list, then value. */
  taken(): readonly Pair[] {
    if (this.held.length === 0) return nothing;
    return this.held.length === 1 ? this.held : this.held.sort(([a, v], [b, w]) => (a < b ? -1 : a > b ? 1 : v < w ? -1 : v > w ? 1 : 0));
  }
}
