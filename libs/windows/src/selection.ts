import { exactEventsMax, type WindowGroup } from './kernel-plan';
import type { KeyedState } from './keyed-state';
import { completeWindowIsExact, flooredHighMs, tileStartMs } from './tile-class';
import type { Tile, TileSet } from './tile-set';
import { boundsOf, type Bounds } from './window-bounds';

/** The events of one window of one key: rows, and the tiles before them. */
export interface Selection {
  from: number;
  until: number;
  /** The current event's row where a floored upper bound would leave it out; else -1. */
  extra: number;
  /** First ms that the window holds; -Infinity for all time. */
  lowMs: number;
  tiles: Tile[];
  /** Class of the tiles, -1 where rows hold all; they are looked for when they are asked for. */
  tileClass: number;
  tilesHighMs: number;
  tilesFound: boolean;
  /** Whether `tiles` are all of their class from `lowMs` on. */
  wholeTail: boolean;
  approximate: boolean;
  /** The window begins before the view's history. */
  warming: boolean;
}

export interface Reading { readonly readMs: number; readonly currentRow: number; readonly sinceMs: number }

const bounds: Bounds = { lowMs: 0, hopLowMs: 0, highMs: 0 };
const noTiles: Tile[] = [];

/** Finds the events that a window read now holds. The events decide what is approximate, never how they are stored. */
export function selectWindow(state: KeyedState, group: WindowGroup, reading: Reading, into: Selection): void {
  const { raw } = state;
  boundsOf(group.window, reading.readMs, bounds);
  into.tiles = noTiles;
  into.extra = -1;
  into.approximate = false;
  into.tileClass = -1;
  into.tilesFound = false;
  into.wholeTail = false;
  into.until = raw.firstAtOrAfter(bounds.highMs);
  const excluded = group.excludeCurrent && reading.currentRow >= 0;
  const upper = into.until;
  if (excluded && into.until > reading.currentRow) into.until = reading.currentRow;
  switch (group.window.kind) {
    case 'rows': selectRows(state, group.window.last, reading, into); return;
    case 'session': selectSession(state, group, reading, into); return;
    default: selectRange(state, group, reading, upper, into);
  }
}

/**
 * The same for the plain case, a stretch of time that ends with the read and lies in the rows; false where there is more to it. `after` is the
 * first row behind the read.
 */
export function selectNested({ raw, spilledNewestMs }: KeyedState, group: WindowGroup, { readMs, currentRow, sinceMs }: Reading, after: number, into: Selection): boolean {
  const { backMs, window } = group;
  if (backMs !== backMs) return false;
  let lowMs = readMs - backMs;
  if (raw.count > exactEventsMax && raw.end - raw.firstAtOrAfter(lowMs) > exactEventsMax) return false;
  if (backMs === Infinity ? spilledNewestMs > -Infinity : window.kind === 'sliding' && window.hopMs !== 1) {
    if (backMs === Infinity) return false;
    boundsOf(window, readMs, bounds);
    lowMs = bounds.hopLowMs;
    if (spilledNewestMs >= lowMs) return false;
  }
  const until = group.excludeCurrent && currentRow >= 0 && after > currentRow ? currentRow : after;
  const from = raw.end > raw.head && raw.timeAt(raw.head) >= lowMs ? raw.head : raw.firstAtOrAfter(lowMs);
  into.from = from > until ? until : from;
  into.until = until;
  into.extra = -1;
  into.lowMs = lowMs;
  into.tiles = noTiles;
  into.tileClass = -1;
  into.tilesFound = false;
  into.wholeTail = false;
  into.approximate = false;
  into.warming = lowMs < sinceMs;
  return true;
}

function selectRange(state: KeyedState, group: WindowGroup, reading: Reading, upper: number, into: Selection): void {
  const { raw } = state;
  const { window } = group;
  into.from = raw.firstAtOrAfter(bounds.lowMs);
  into.lowMs = bounds.lowMs;
  const over = raw.end - into.from > exactEventsMax;
  if (over) selectTiles(state, group, reading, upper, into);
  else if (bounds.hopLowMs < bounds.lowMs || window.kind === 'lifetime') {
    into.lowMs = bounds.hopLowMs;
    into.from = raw.firstAtOrAfter(bounds.hopLowMs);
    if (state.spilledNewestMs >= bounds.hopLowMs) into.tileClass = group.hopClass;
    into.tilesHighMs = bounds.highMs;
  }
  if (into.from > into.until) into.from = into.until;
  into.warming = into.lowMs < reading.sinceMs;
}

/** Above the cap: hops of W/60, and where all events kept one by one are newer than the window, its end is floored, too. */
function selectTiles(state: KeyedState, group: WindowGroup, reading: Reading, upper: number, into: Selection): void {
  const { raw } = state;
  const { window } = group;
  const tileClass = state.plan.tileClasses[group.capClass];
  if (tileClass === undefined || tileClass.kind === 'session') return;
  const complete = window.kind === 'tumbling' || window.kind === 'hopping';
  const floorsLow = window.kind === 'sliding' || (complete && !completeWindowIsExact(window));
  into.lowMs = floorsLow ? tileStartMs(tileClass, bounds.lowMs) : bounds.lowMs;
  let highMs = bounds.highMs;
  into.approximate = window.kind !== 'lifetime';
  if (raw.end - upper > exactEventsMax && !(complete && !floorsLow)) {
    into.approximate = true;
    highMs = flooredHighMs(tileClass, bounds.highMs - 1);
    const excluded = group.excludeCurrent && reading.currentRow >= 0;
    into.until = Math.min(into.until, raw.firstAtOrAfter(highMs));
    if (!excluded && reading.currentRow >= into.until && reading.currentRow < upper) into.extra = reading.currentRow;
  }
  into.from = raw.firstAtOrAfter(into.lowMs);
  if (state.spilledNewestMs >= into.lowMs) into.tileClass = group.capClass;
  into.tilesHighMs = highMs;
}

/** Finds the tiles of a selection; asked only where rows alone don't give the answer. */
export function findTiles(state: KeyedState, selection: Selection): void {
  if (selection.tilesFound) return;
  selection.tilesFound = true;
  const set = state.tileSets?.[selection.tileClass];
  if (set === undefined || set.empty) return;
  selection.tiles = tilesBetween(set, selection.lowMs, selection.tilesHighMs);
  const last = set.tiles.at(-1);
  selection.wholeTail = last === undefined || last.startMs < selection.tilesHighMs;
}

function tilesBetween(set: TileSet, lowMs: number, highMs: number): Tile[] {
  const { tiles } = set;
  let from = 0;
  while (from < tiles.length && (tiles[from] as Tile).startMs < lowMs) from++;
  let until = tiles.length;
  while (until > from && (tiles[until - 1] as Tile).startMs >= highMs) until--;
  const found = from === 0 && until === tiles.length ? tiles : tiles.slice(from, until);
  return set.base === null ? found : [set.base, ...found];
}

/** The newest n rows; a row more is kept than any window asks for, so that the current event can be left out. */
function selectRows(state: KeyedState, last: number, reading: Reading, into: Selection): void {
  const { raw } = state;
  const wanted = into.until - last;
  into.from = Math.max(raw.head, wanted);
  into.lowMs = -Infinity;
  into.approximate = wanted < raw.head && state.spilledNewestMs > -Infinity && raw.end > into.until + 1;
  into.warming = wanted < raw.head && reading.sinceMs > -Infinity;
}

/** The session open at the read: events that follow one another by no more than the gap, back from the newest. */
function selectSession(state: KeyedState, group: WindowGroup, reading: Reading, into: Selection): void {
  const { raw } = state;
  const { window } = group;
  if (window.kind !== 'session') return;
  let from = into.until;
  let startMs = reading.readMs;
  while (from > raw.head && startMs - raw.timeAt(from - 1) <= window.gapMs) startMs = raw.timeAt(--from);
  into.from = from;
  into.lowMs = startMs;
  const set = from === raw.head && state.spilledNewestMs > -Infinity ? state.tileSets?.[group.capClass] : undefined;
  if (set !== undefined && !set.empty) {
    const before = set.tiles.findLast((tile) => tile.startMs <= startMs && startMs - Math.min(tile.endMs, startMs) <= window.gapMs);
    if (before !== undefined) {
      into.tiles = [before];
      into.tileClass = group.capClass;
      into.tilesFound = true;
      into.lowMs = before.startMs;
      into.approximate = true;
    }
  }
  into.warming = into.lowMs - window.gapMs < reading.sinceMs;
}
