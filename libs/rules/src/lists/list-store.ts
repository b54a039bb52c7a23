import type { List, ListLookup } from '@weir/definitions';
import { Deadlines } from './deadlines';
import { addEntry, dropEnded, type ListEntry } from './entries';
import { ListContents, normalisedValue } from './list-contents';
import { decodeEntries, encodeEntries, listKey, listKeyPrefix } from './list-state';

export interface ListedValue extends ListEntry { readonly list: string; readonly value: string }

/**
 * The lists of one lane: what each holds, and when. Entries of one value may lie apart in time; adding never shortens what is held, a removal takes all
 * of a value. Changes are collected for the lane's state.
 */
export class ListStore implements ListLookup {
  private readonly contentsByName = new Map<string, ListContents>();
  private readonly deadlines = new Deadlines();
  /** When a key's next stretch is looked at; one deadline per key, so the heap stays as small as the lists. */
  private readonly scheduled = new Map<string, number>();
  private readonly changed = new Set<string>();
  private readonly placeByKey = new Map<string, readonly [list: string, value: string]>();

  /** Takes over how lists match; what a list held stays, spelled anew where its `match` changed. */
  configure(lists: ReadonlyMap<string, List>): void {
    for (const list of lists.values()) {
      const old = this.contentsByName.get(list.name);
      if (old?.match === list.match) continue;
      this.contentsByName.set(list.name, new ListContents(list.match));
      if (!old) continue;
      for (const [value, entries] of old.entriesByValue) {
        this.touch(list.name, value);
        for (const entry of entries) this.put(list.name, value, entry);
      }
    }
  }

  holds(list: string, value: string | undefined, atMs: number): boolean | undefined {
    return value === undefined ? undefined : this.contentsByName.get(list)?.holds(value, atMs) ?? (this.contentsByName.has(list) ? undefined : false);
  }

  put(list: string, value: string, entry: ListEntry): void {
    const contents = this.contents(list);
    const normal = normalisedValue(contents.match, value);
    const before = contents.entriesByValue.get(normal) ?? [];
    const after = addEntry(before, entry);
    if (after === before) return;
    contents.set(normal, after);
    this.touch(list, normal);
    this.schedule(listKey(list, normal), after);
  }

  remove(list: string, value: string): void {
    const contents = this.contents(list);
    const normal = normalisedValue(contents.match, value);
    if (!contents.entriesByValue.has(normal)) return;
    contents.set(normal, []);
    this.touch(list, normal);
  }

  /** Forgets stretches that ended at or before the horizon: the earliest event time that can still be accepted. */
  expire(horizonMs: number): void {
    for (let key = this.deadlines.takeEnded(horizonMs); key !== undefined; key = this.deadlines.takeEnded(horizonMs)) {
      this.scheduled.delete(key);
      const place = this.placeByKey.get(key);
      const before = place && this.contents(place[0]).entriesByValue.get(place[1]);
      if (!place || !before) continue;
      const after = dropEnded(before, horizonMs);
      if (after.length < before.length) {
        this.contents(place[0]).set(place[1], after);
        this.touch(place[0], place[1]);
      }
      this.schedule(key, after);
    }
  }

  /** Values of a list in their order, for showing. */
  entries(list: string): ListedValue[] {
    const contents = this.contentsByName.get(list);
    if (!contents) return [];
    const values = [...contents.entriesByValue].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return values.flatMap(([value, entries]) => entries.map((entry) => ({ list, value, ...entry })));
  }

  /** Number of values in a list. */
  size(list: string): number { return this.contentsByName.get(list)?.entriesByValue.size ?? 0; }

  /** The stretches of one value, without going through the whole list. */
  entriesOf(list: string, value: string): readonly ListEntry[] {
    const contents = this.contentsByName.get(list);
    return contents?.entriesByValue.get(normalisedValue(contents.match, value)) ?? [];
  }

  /** The stretch that holds a value at a time, for explanations. */
  entryAt(list: string, value: string, atMs: number): ListEntry | undefined {
    return this.entriesOf(list, value).find((entry) => entry.fromMs <= atMs && atMs < entry.untilMs);
  }

  *takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    const keys = [...this.changed].sort();
    this.changed.clear();
    for (const key of keys) {
      const place = this.placeByKey.get(key);
      if (!place) continue;
      const entries = this.contents(place[0]).entriesByValue.get(place[1]);
      if (!entries) this.placeByKey.delete(key);
      yield [key, entries && encodeEntries(place[0], place[1], entries)];
    }
  }

  /** Empties the store and reads `sc/list/…`. How lists match is kept: `configure` comes before. */
  restore(state: { scan(prefix: string): Iterable<readonly [key: string, value: Uint8Array]> }): void {
    for (const [list, { match }] of this.contentsByName) this.contentsByName.set(list, new ListContents(match));
    this.deadlines.clear();
    this.scheduled.clear();
    this.changed.clear();
    this.placeByKey.clear();
    for (const [key, bytes] of state.scan(listKeyPrefix)) {
      const { list, value, entries } = decodeEntries(bytes);
      this.contents(list).set(value, entries);
      this.placeByKey.set(key, [list, value]);
      this.schedule(key, entries);
    }
  }

  private contents(list: string): ListContents {
    let found = this.contentsByName.get(list);
    if (!found) this.contentsByName.set(list, (found = new ListContents('exact')));
    return found;
  }

  private schedule(key: string, entries: readonly ListEntry[]): void {
    const first = entries.reduce((least, { untilMs }) => Math.min(least, untilMs), Infinity);
    if (first >= (this.scheduled.get(key) ?? Infinity)) return;
    this.scheduled.set(key, first);
    this.deadlines.add(key, first);
  }

  private touch(list: string, value: string): void {
    const key = listKey(list, value);
    this.changed.add(key);
    this.placeByKey.set(key, [list, value]);
  }
}
