import { join } from 'node:path';
import { Spool } from './spool';

export interface SortOptions<T> {
  /** Folder for what does not fit into memory. */
  readonly folder: string;
  readonly compare: (left: T, right: T) => number;
  readonly encode: (item: T) => string;
  readonly decode: (text: string) => T;
  /** Items in memory at once. */
  readonly itemsMax?: number;
}

const itemsMaxDefault = 100_000;
let sorts = 0;

/** Sorts more than fits into memory: sorted runs in files, merged when they are read. With few items it is a plain sort. */
export class ExternalSort<T> {
  private items: T[] = [];
  private readonly runs: Spool[] = [];
  private readonly number = sorts++;

  constructor(private readonly options: SortOptions<T>) {}

  add(item: T): void {
    this.items.push(item);
    if (this.items.length < (this.options.itemsMax ?? itemsMaxDefault)) return;
    const run = new Spool(join(this.options.folder, `run-${this.number}-${this.runs.length}`));
    for (const each of this.items.sort(this.options.compare)) run.add(this.options.encode(each));
    this.runs.push(run);
    this.items = [];
  }

  /** Everything in order; once. */
  *sorted(): Generator<T, void, undefined> {
    const { compare, decode } = this.options, items = this.items.sort(compare);
    if (this.runs.length === 0) { yield* items; return; }
    const heads = [...this.runs.map((run): Head<T> => ({ next: 1, count: run.count, read: (at) => decode(run.get(at)), item: decode(run.get(0)) })), ...(items.length === 0 ? [] : [{ next: 1, count: items.length, read: (at: number) => items[at] as T, item: items[0] as T }])];
    const heap = new Heap(heads, (left, right) => compare(left.item, right.item));
    for (let head = heap.top(); head !== undefined; head = heap.top()) {
      yield head.item;
      if (head.next < head.count) {
        head.item = head.read(head.next++);
        heap.sink();
      } else heap.pop();
    }
    this.close();
  }

  close(): void { for (const run of this.runs.splice(0)) run.close(); }
}

interface Head<T> { next: number; readonly count: number; readonly read: (at: number) => T; item: T }

/** The lowest first. */
class Heap<T> {
  private readonly items: T[] = [];
  constructor(items: readonly T[], private readonly compare: (left: T, right: T) => number) {
    this.items = [...items];
    for (let at = (items.length >> 1) - 1; at >= 0; at--) this.sink(at);
  }

  top(): T | undefined { return this.items[0]; }

  pop(): void {
    const last = this.items.pop();
    if (last === undefined || this.items.length === 0) return;
    this.items[0] = last;
    this.sink();
  }

  /** The item at the place may be too low. */
  sink(from = 0): void {
    const { items, compare } = this;
    for (let at = from; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < items.length && compare(items[child] as T, items[least] as T) < 0) least = child;
      if (least === at) return;
      [items[at], items[least]] = [items[least] as T, items[at] as T];
      at = least;
    }
  }
}
