import type { Window } from '@weir/contracts';
import { channelKey, channelsOf, part, type AggregatePlan, type Channel } from './channel';
import { zoneOf, type Zone } from './zone';

/**
 * How events that are no longer kept one by one are gathered. `aligned` tiles are hops of num/den ms from the epoch, closed on the left
 * or (for open windows) on the right; `calendar` tiles are hops from local midnight; `session` gathers whole sessions; `lifetime` folds
 * what no read can cut any more into one.
 */
export type TileClass = { readonly channels: readonly Channel[]; readonly channelByKey: ReadonlyMap<string, number> } & (
  | { readonly kind: 'aligned'; readonly num: number; readonly den: number; readonly openLow: boolean; readonly reachMs: number; readonly fold: 'drop' | 'base'; readonly keepMs: number }
  | { readonly kind: 'calendar'; readonly zone: Zone; readonly hopMs: number; readonly reachMs: number; readonly keepMs: number }
  | { readonly kind: 'session'; readonly gapMs: number }
);

/** Hops per window above the cap. */
const hopsPerWindow = 60;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const quarterMs = 900_000;
/** A lifetime without delay is cut only by late reads: hops of this size. */
const lifetimeHopMs = hourMs;
const hourly: readonly [num: number, den: number] = [lifetimeHopMs, 1];
/** After so many half-lives nothing is left of a value (2^-100). */
const decayHalfLivesMax = 100;
const halfLivesPerTile = 8;
/** Complete windows are cut exactly where their boundaries fall on at most so many tiles. */
const exactTilesMax = 240;

interface Draft { readonly key: string; readonly make: (channels: readonly Channel[], reachMs: number) => TileClass; reachMs: number; readonly plans: AggregatePlan[] }

/** The tile classes that groups of aggregates (each of one window) need, and which of them each group reads. */
export function tileClassesOf(groups: ReadonlyArray<readonly AggregatePlan[]>): { classes: readonly TileClass[]; classesByGroup: ReadonlyArray<{ readonly cap: number; readonly hop: number }> } {
  const drafts: Draft[] = [];
  const classesByGroup = groups.map((plans) => {
    const window = plans[0]?.window;
    if (window === undefined || window.kind === 'rows') return { cap: -1, hop: -1 };
    const cap = draftIndex(drafts, capDraft(window), plans);
    const hop = window.kind === 'sliding' && needsOwnHop(window) ? draftIndex(drafts, alignedDraft(...ratio(window.hopMs, window.sizeMs), window.bounds === 'open', window.sizeMs + window.delayMs, 'drop', 2 * window.sizeMs + window.delayMs), plans) : cap;
    if (window.kind === 'lifetime') for (const plan of plans) if (plan.agg === 'decay_sum') draftIndex(drafts, decayDraft(plan.halfLifeMs), [plan]);
    return { cap, hop };
  });
  return { classes: drafts.map((draft) => draft.make(channelsOf(draft.plans), draft.reachMs)), classesByGroup };
}

/** Number of the class that holds a lifetime `decay_sum` of this half-life; -1 for none. */
export function decayClassIndex(classes: readonly TileClass[], halfLifeMs: number): number {
  return classes.findIndex((tile) => tile.kind === 'aligned' && tile.fold === 'drop' && tile.den === 1 && tile.num === halfLivesPerTile * halfLifeMs && tile.reachMs >= decayHalfLivesMax * halfLifeMs);
}

/** W/60 as a fraction of ms, at least 1 ms. */
function capRatio(sizeMs: number): [num: number, den: number] {
  if (sizeMs <= hopsPerWindow) return [1, 1];
  return sizeMs % hopsPerWindow === 0 ? [sizeMs / hopsPerWindow, 1] : [sizeMs, hopsPerWindow];
}

/** A hop as a fraction of ms: one that is no whole number of them is W/60. */
export function ratio(hopMs: number, sizeMs: number): [num: number, den: number] {
  return Number.isInteger(hopMs) ? [hopMs, 1] : capRatio(sizeMs);
}

/** Greatest multiple number k with k·num/den ≤ x. */
export const hopIndex = (x: number, num: number, den: number): number => Math.floor((x * den) / num);
/** First whole ms inside a window whose lower bound is the k-th hop. */
export const hopStart = (k: number, num: number, den: number, openLow: boolean): number => (openLow ? Math.floor((k * num) / den) + 1 : Math.ceil((k * num) / den));

/** First ms of the tile that holds `timeMs`. */
export function tileStartMs(tile: TileClass & { kind: 'aligned' | 'calendar' }, timeMs: number): number {
  if (tile.kind === 'calendar') {
    const midnight = tile.zone.startOf('day', timeMs);
    return midnight + Math.floor((timeMs - midnight) / tile.hopMs) * tile.hopMs;
  }
  const { num, den, openLow } = tile;
  return hopStart(openLow ? Math.ceil((timeMs * den) / num) - 1 : Math.floor((timeMs * den) / num), num, den, openLow);
}

/** Lower floor of an upper bound: the first ms that is no longer read. */
export function flooredHighMs(tile: TileClass & { kind: 'aligned' | 'calendar' }, upperMs: number): number {
  if (tile.kind === 'calendar') return tileStartMs(tile, upperMs);
  return hopStart(hopIndex(upperMs, tile.num, tile.den), tile.num, tile.den, tile.openLow);
}

/** Length of a tile, ms, rounded up. */
export const tileSizeMs = (tile: TileClass & { kind: 'aligned' | 'calendar' }): number => (tile.kind === 'calendar' ? tile.hopMs : Math.ceil(tile.num / tile.den));

function needsOwnHop(window: Window & { kind: 'sliding' }): boolean {
  if (window.hopMs === 1) return false;
  const [num, den] = ratio(window.hopMs, window.sizeMs);
  const [capNum, capDen] = capRatio(window.sizeMs);
  return (num * capDen) % (capNum * den) !== 0;
}

type NewDraft = Omit<Draft, 'plans'>;

function capDraft(window: Exclude<Window, { kind: 'rows' }>): NewDraft {
  switch (window.kind) {
    case 'sliding': return alignedDraft(...capRatio(window.sizeMs), window.bounds === 'open', window.sizeMs + window.delayMs, 'drop', 2 * window.sizeMs + window.delayMs);
    case 'tumbling': case 'hopping': return alignedDraft(...completeRatio(window), false, window.sizeMs + window.slideMs, 'drop', 2 * window.sizeMs + window.slideMs);
    case 'lifetime': return alignedDraft(...(window.delayMs > 0 ? capRatio(window.delayMs) : hourly), true, window.delayMs, 'base', window.delayMs > 0 ? 2 * window.delayMs : 60 * lifetimeHopMs);
    case 'calendar': return calendarDraft(window.zone, window.unit);
    case 'session': return { key: `session ${window.gapMs}`, reachMs: 0, make: (channels) => ({ kind: 'session', gapMs: window.gapMs, ...held(channels) }) };
  }
}

/** Boundaries of complete windows are multiples of this, whatever the zone (offsets are multiples of 15 minutes). */
function completeRatio(window: { readonly sizeMs: number; readonly slideMs: number; readonly zone: string | null }): readonly [num: number, den: number] {
  let hop = greatestDivisor(window.sizeMs, window.slideMs);
  if (window.zone !== null) hop = greatestDivisor(hop, quarterMs);
  return window.sizeMs / hop <= exactTilesMax ? [hop, 1] : capRatio(window.sizeMs);
}

export const completeWindowIsExact = (window: { readonly sizeMs: number; readonly slideMs: number; readonly zone: string | null }): boolean => {
  const hop = window.zone === null ? greatestDivisor(window.sizeMs, window.slideMs) : greatestDivisor(greatestDivisor(window.sizeMs, window.slideMs), quarterMs);
  return window.sizeMs / hop <= exactTilesMax;
};

function alignedDraft(num: number, den: number, openLow: boolean, reachMs: number, fold: 'drop' | 'base', keepMs: number): NewDraft {
  return {
    key: `aligned ${num}/${den} ${openLow} ${fold} ${fold === 'base' ? reachMs : ''}`, reachMs,
    make: (channels, longestMs) => ({ kind: 'aligned', num, den, openLow, fold, reachMs: longestMs, keepMs: Math.max(keepMs, 2 * longestMs), ...held(fold === 'base' ? channels.map(withoutDecay) : channels) }),
  };
}

/** A base has no time of its own to which decays could refer; they have a class of theirs. */
const withoutDecay = (channel: Channel): Channel => ({ ...channel, parts: channel.parts & ~part.decay, halfLivesMs: [] });

const decayDraft = (halfLifeMs: number): NewDraft => alignedDraft(halfLivesPerTile * halfLifeMs, 1, false, decayHalfLivesMax * halfLifeMs, 'drop', decayHalfLivesMax * halfLifeMs);

function calendarDraft(zone: string, unit: 'day' | 'week' | 'month'): NewDraft {
  const hopMs = unit === 'day' ? 24 * 60_000 : unit === 'week' ? 3 * hourMs : 12 * hourMs;
  const reachMs = (unit === 'day' ? dayMs : unit === 'week' ? 7 * dayMs : 31 * dayMs) + 2 * hourMs;
  return { key: `calendar ${zone} ${unit}`, reachMs, make: (channels) => ({ kind: 'calendar', zone: zoneOf(zone), hopMs, reachMs, keepMs: 2 * reachMs, ...held(channels) }) };
}

function draftIndex(drafts: Draft[], made: NewDraft, plans: readonly AggregatePlan[]): number {
  let index = drafts.findIndex((draft) => draft.key === made.key);
  if (index < 0) index = drafts.push({ ...made, plans: [] }) - 1;
  const draft = drafts[index] as Draft;
  draft.plans.push(...plans);
  draft.reachMs = Math.max(draft.reachMs, made.reachMs);
  return index;
}

function held(channels: readonly Channel[]): { channels: readonly Channel[]; channelByKey: ReadonlyMap<string, number> } {
  return { channels, channelByKey: new Map(channels.map((channel, index) => [channelKey(channel), index])) };
}

function greatestDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
