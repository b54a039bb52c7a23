import { setTimeout as pause } from 'node:timers/promises';
import type { EventItem, LaneItem } from '@weir/contracts';
import { resolveCanonicalSet } from '@weir/definitions';
import { compileFeatures, FeatureEngine } from '@weir/features';
import { ShardReplica, type ReadLane } from '../replay/shard-replica';
import { ValueComparison, type FeatureDifference } from '../reprocess/compare-values';

/** Some states of a lane as they were served, to be computed again; it goes to a thread. */
export interface CheckOrder {
  readonly lane: number;
  /** Last record whose effects the states have. */
  readonly position: number;
  readonly setJson: string;
  readonly sinceMsByView: ReadonlyMap<string, number | null>;
  readonly shardByKey: ReadonlyMap<string, Uint8Array>;
  /** What a view that was back-filled began with, by `id key`. */
  readonly builtByKey: ReadonlyMap<string, Uint8Array>;
  readonly atMs: number;
  /** Share of one core that it may take; 1: without a rest. */
  readonly share: number;
}

export interface KeyCheck {
  readonly key: string;
  /** Empty where both are the same. */
  readonly differences: readonly FeatureDifference[];
  readonly late: boolean;
  readonly tie: boolean;
  /** False where the served state is of another meaning of the view. */
  readonly known: boolean;
}

interface Seen { late: boolean; tie: boolean; newestMs: number }

/** Records between two rests: some tens of milliseconds of work. */
const recordsPerTurn = 2_048;
export const builtKey = (id: string, stateKey: string): string => `${id} ${stateKey}`;
const viewOf = (stateKey: string): string => stateKey.split('/')[1] ?? '';

/** Runs the lane's log up to the position for these keys alone, and reads both states as of the newest event and as of `atMs`. @throws what reading throws; AbortError. */
export async function checkLane(order: CheckOrder, read: ReadLane, signal?: AbortSignal): Promise<KeyCheck[]> {
  const { lane, shardByKey, builtByKey, sinceMsByView, atMs } = order;
  const set = resolveCanonicalSet(order.setJson), seen = new Map<string, Seen>(), filter = new KeyFilter(shardByKey, seen);
  const replica = new ShardReplica({
    lane, read, batchMax: recordsPerTurn, features: { built: (id, stateKey) => builtByKey.get(builtKey(id, stateKey)) },
    input: { use: () => undefined, adapt: (items) => items.filter((item) => filter.wants(item)) },
  });
  let before = usedMs();
  await replica.advanceTo(order.position, async () => {
    signal?.throwIfAborted();
    if (order.share < 1) await pause((usedMs() - before) * (1 / order.share - 1), undefined, { ...(signal === undefined ? {} : { signal }), ref: false });
    before = usedMs();
  });
  const values = new ValueComparison(compileFeatures(set));
  return [...shardByKey].map(([key, shard]): KeyCheck => {
    const again = replica.shard(key), { late = false, tie = false, newestMs = atMs } = seen.get(key) ?? {};
    if (again !== undefined && Buffer.compare(shard, again) === 0) return { key, differences: [], late, tie, known: true };
    const view = viewOf(key), sinceMs = sinceMsByView.get(view) ?? -Infinity, state = values.decode(view, shard);
    const served = { state, sinceMs }, computed = { state: values.decode(view, again), sinceMs };
    return { key, differences: [...values.differences(view, served, computed, atMs), ...values.differences(view, served, computed, newestMs)], late, tie, known: state !== undefined };
  });
}

/** Lets pass what can change the wanted states, under the set that was in force where each event stands. */
class KeyFilter {
  private engine: FeatureEngine | undefined;
  private views: readonly string[] = [];

  constructor(private readonly wanted: ReadonlyMap<string, unknown>, private readonly seen: Map<string, Seen>) {}

  wants(item: LaneItem): boolean {
    if (item.kind === 'definitions' && item.json !== undefined) {
      const plan = compileFeatures(resolveCanonicalSet(item.json));
      this.engine = new FeatureEngine(plan, { find: () => undefined, add: () => undefined, touch: () => undefined });
      this.views = plan.views.map(({ view }) => view.name);
    }
    return item.kind !== 'event' || this.isOf(item);
  }

  private isOf({ event, late }: EventItem): boolean {
    let any = false;
    for (const [viewIndex, entity] of this.engine?.keysOf(event) ?? []) {
      const key = `fs/${this.views[viewIndex] ?? ''}/${entity}`;
      if (!this.wanted.has(key)) continue;
      any = true;
      const known = this.seen.get(key) ?? { late: false, tie: false, newestMs: -Infinity };
      this.seen.set(key, { late: known.late || late, tie: known.tie || event.timeMs === known.newestMs, newestMs: Math.max(known.newestMs, event.timeMs) });
    }
    return any;
  }
}

/** CPU time of this thread, ms. */
function usedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
