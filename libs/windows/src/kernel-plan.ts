import type { Aggregate, Window } from '@weir/contracts';
import { channelKey, channelsOf, part, type AggregatePlan, type Channel, type ColumnKind } from './channel';
import { isTotal } from './summary-values';
import { TextTables } from './text-table';
import { tileClassesOf, type TileClass } from './tile-class';

/** Aggregates of one window: bounds are found once and serve all of them. */
export interface WindowGroup {
  readonly window: Window;
  readonly excludeCurrent: boolean;
  readonly channels: readonly Channel[];
  /** Of each channel: its place in the plan's `passes`. */
  readonly passByChannel: readonly number[];
  readonly aggregates: ReadonlyArray<{ readonly plan: AggregatePlan; /** Into `channels`. */ readonly channel: number; /** Needs no more than totals. */ readonly isTotal: boolean }>;
  /** How far back it begins, where it ends with the read and is nothing but a stretch of time: ms, Infinity for a whole life; else NaN. */
  readonly backMs: number;
  /** Whether totals of large ranges are worth carrying from read to read. */
  readonly carries: boolean;
  /** Tiles read above the cap, -1 for none (rows). */
  readonly capClass: number;
  /** Tiles of the declared hop where they aren't those of the cap, else `capClass`. */
  readonly hopClass: number;
}

/** Compiled aggregates of one view: what state a key needs and how it is read. Built once, shared by all keys. */
export interface KernelPlan {
  readonly columns: readonly ColumnKind[];
  readonly filters: number;
  readonly groups: readonly WindowGroup[];
  /** Groups in the order they are best read: those that end alike together, shorter windows first. */
  readonly readOrder: readonly number[];
  /** What rows are passed over for: channels of all groups, those without the current event apart. */
  readonly passes: readonly Channel[];
  readonly tileClasses: readonly TileClass[];
  /** Where texts of its keys are numbered. */
  readonly texts: TextTables;
  /** Newest events kept as they are. */
  readonly rawMax: number;
  /** Longest look-back of windows that end with time, ms; Infinity when old events may only leave above the cap. */
  readonly reachMs: number;
  /** Whether events beyond the reach still count somewhere (sessions, lifetimes, decays). */
  readonly keepsOld: boolean;
}

/** Events of one key that are read exactly; above it a read uses hops of W/60 and says APPROXIMATE. */
export const exactEventsMax = 512;
/** Most rows of a `last: n` window. */
const lastRowsMax = 10_000;

export function compileKernel(columns: readonly ColumnKind[], filters: number, written: readonly AggregatePlan[], texts = new TextTables()): KernelPlan {
  // `since_last` always takes the current event away before its window is formed.
  const aggregates = written.map((plan) => (plan.agg === 'since_last' ? { ...plan, excludeCurrent: true } : plan));
  const byWindow = new Map<string, AggregatePlan[]>();
  for (const plan of aggregates) {
    const key = JSON.stringify([plan.window, plan.excludeCurrent]);
    const group = byWindow.get(key);
    if (group === undefined) byWindow.set(key, [plan]);
    else group.push(plan);
  }
  const { classes, classesByGroup } = tileClassesOf([...byWindow.values()]);
  const passes = [false, true].map((excludeCurrent) => channelsOf(aggregates.filter((plan) => plan.excludeCurrent === excludeCurrent)));
  const groups = [...byWindow.values()].map((plans, index) => groupOf(plans, passes, classesByGroup[index] ?? { cap: -1, hop: -1 }));
  const reachMs = Math.max(0, ...groups.map(reachOf));
  return {
    columns, filters, groups, passes: passes.flat(), readOrder: groups.map((_, index) => index).sort((a, b) => compareGroups(groups[a] as WindowGroup, groups[b] as WindowGroup)), tileClasses: classes, reachMs, texts,
    keepsOld: classes.some((tile) => tile.kind === 'session' || (tile.kind === 'aligned' && (tile.fold === 'base' || tile.reachMs > reachMs))),
    rawMax: Math.max(exactEventsMax, ...aggregates.map((plan) => (plan.window.kind === 'rows' ? Math.min(plan.window.last, lastRowsMax) : 0))) + 1,
  };
}

function compareGroups(a: WindowGroup, b: WindowGroup): number {
  const length = ({ backMs }: WindowGroup): number => (Number.isNaN(backMs) ? Number.MAX_VALUE : Math.min(backMs, Number.MAX_VALUE));
  return Number(a.excludeCurrent) - Number(b.excludeCurrent) || length(a) - length(b);
}

function backOf(window: Window): number {
  if (window.kind === 'lifetime' && window.delayMs === 0) return Infinity;
  if (window.kind !== 'sliding' || window.delayMs !== 0 || window.bounds === 'left') return NaN;
  return window.bounds === 'open' ? window.sizeMs - 1 : window.sizeMs;
}

function groupOf(plans: readonly AggregatePlan[], passes: ReadonlyArray<readonly Channel[]>, own: { readonly cap: number; readonly hop: number }): WindowGroup {
  const first = plans[0];
  if (first === undefined) throw new RangeError('a window group without aggregates');
  const channels = channelsOf(plans);
  const indexByKey = new Map(channels.map((channel, index) => [channelKey(channel), index]));
  const [withCurrent = [], without = []] = passes;
  const passIndex = (channel: Channel): number => {
    const same = (other: Channel): boolean => channelKey(other) === channelKey(channel);
    return first.excludeCurrent ? withCurrent.length + without.findIndex(same) : withCurrent.findIndex(same);
  };
  return {
    window: first.window, excludeCurrent: first.excludeCurrent, backMs: backOf(first.window), channels, passByChannel: channels.map(passIndex),
    aggregates: plans.map((plan) => ({ plan, channel: indexByKey.get(channelKey(plan)) ?? 0, isTotal: isTotal(plan) })),
    capClass: own.cap, hopClass: own.hop,
    carries: plans.some(({ agg }) => carriedAggregates.has(agg)),
  };
}

const carriedAggregates: ReadonlySet<Aggregate> = new Set(['count', 'sum', 'avg', 'min', 'max', 'stddev', 'variance', 'stddev_pop', 'variance_pop', 'distinct', 'top_k', 'counts_by', 'median', 'percentile']);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const calendarReachMs = Object.freeze({ day: dayMs + 2 * hourMs, week: 7 * dayMs + 2 * hourMs, month: 31 * dayMs + 2 * hourMs });

/** How far behind a read its window can begin. Sessions, rows and what needs single values for ever have rules of their own. */
function reachOf(group: WindowGroup): number {
  const { window } = group;
  switch (window.kind) {
    case 'sliding': return window.sizeMs + window.delayMs + Math.ceil(window.hopMs) + 1;
    case 'tumbling': case 'hopping': return window.sizeMs + window.slideMs + (window.zone === null ? 1 : 2 * hourMs);
    case 'calendar': return calendarReachMs[window.unit];
    case 'lifetime': return group.channels.some((channel) => (channel.parts & part.sketch) !== 0) ? Infinity : window.delayMs;
    case 'session': case 'rows': return 0;
  }
}
