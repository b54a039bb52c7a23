import { setTimeout as pause } from 'node:timers/promises';
import type { EventItem, LaneItem } from '@weir/contracts';
import type { FeatureStage } from '@weir/feature-store';
import { compileFeatures } from '@weir/features';
import { mismatchReasons, type MismatchReason, type OnlineVerification, type Verification } from '@weir/gateway';
import type { Metrics } from '@weir/platform';
import { ShardReplica, type ReadLane } from '../replay/shard-replica';
import { ValueComparison } from '../reprocess/compare-values';
import { reasonOf } from './mismatch-reason';

export interface OnlineCheckOptions {
  readonly read: ReadLane;
  readonly stages: () => readonly FeatureStage[];
  readonly builtFor: (lane: number) => (id: string, stateKey: string) => Uint8Array | undefined;
  readonly clock: { nowMs(): number };
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
  /** Share of one core that it may take; 0: only when asked. */
  readonly share: number;
  /** Rest between two passes, ms. */
  readonly restMs: number;
}

/** Keys of one pass, over all views of a lane. */
const keysMax = 64;
const examplesMax = 20;
/** About a millisecond of work, so that live traffic does not wait. */
const recordsPerTurn = 128;

/**
 * States as the lanes serve them against the same computed again from the log: a few keys of each view are noted with the position they are of, the lane's
 * log is run up to that position for these keys alone, slowly, and both are compared. Nothing of it reaches the lanes.
 */
export class OnlineCheck implements Verification {
  private readonly abort = new AbortController();
  private running: Promise<void> | undefined;
  private figures: OnlineVerification = { passes: 0, lastPassMs: null, keys: 0, same: 0, different: 0, byReason: { ...noReasons }, examples: [] };
  private readonly values;
  private rotation = 0;

  constructor(private readonly options: OnlineCheckOptions) {
    this.values = options.metrics.counter({ service: 'verify', noun: 'online_keys', help: 'Keys of views whose state was computed again from the log: same, or why it differs.', labels: ['became'] });
  }

  start(): void { if (this.options.share > 0) this.running = this.forever(); }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.running;
  }

  now(): Promise<OnlineVerification> { return Promise.resolve(this.figures); }

  /** Every lane once. `share` 1: without a rest. */
  async pass(share: number): Promise<OnlineVerification> {
    for (let lane = 0; lane < this.options.stages().length; lane += 1) await this.passLane(lane, share);
    this.figures = { ...this.figures, passes: this.figures.passes + 1, lastPassMs: this.options.clock.nowMs() };
    return this.figures;
  }

  private async forever(): Promise<void> {
    const { signal } = this.abort;
    while (!signal.aborted) {
      try {
        await pause(this.options.restMs, undefined, { signal, ref: false });
        await this.pass(this.options.share);
      } catch (error) {
        if (!signal.aborted) this.options.onError(error);
      }
    }
  }

  private async passLane(lane: number, share: number): Promise<void> {
    const { read, stages, builtFor, clock } = this.options;
    const stage = stages()[lane], plan = stage?.plan;
    if (stage === undefined || plan === undefined || stage.lastOffset < 0) return;
    const position = stage.lastOffset, records = stage.viewRecords, live = new Map<string, Uint8Array>();
    for (const key of stage.someStateKeys(keysMax, this.rotation++)) { const shard = stage.shard(key); if (shard !== undefined) live.set(key, shard); }
    if (live.size === 0) return;
    const seen = new Map<string, { late: boolean; tie: boolean; newestMs: number }>();
    let setId: string | undefined;
    const adapt = (items: readonly LaneItem[]): LaneItem[] => items.filter((item) => {
      if (item.kind === 'definitions') setId = item.setId;
      if (item.kind !== 'event') return true;
      return this.isOf(item, stage.needs([{ ...item, decide: true }]), live, seen) || setId !== plan.set.id; // another set may lay events out otherwise
    });
    const replica = new ShardReplica({ lane, read, batchMax: recordsPerTurn, features: { built: builtFor(lane) }, input: { use: () => undefined, adapt } });
    let sinceMs = performance.now();
    await replica.advanceTo(position, async () => {
      this.abort.signal.throwIfAborted();
      if (share < 1) await pause((performance.now() - sinceMs) * (1 / share - 1), undefined, { signal: this.abort.signal, ref: false });
      sinceMs = performance.now();
    });
    const values = new ValueComparison(compileFeatures(plan.set)), atMs = clock.nowMs();
    for (const [key, shard] of live) {
      const again = replica.shard(key), view = key.split('/')[1] ?? '';
      if (again !== undefined && Buffer.compare(shard, again) === 0) { this.count('same'); continue; }
      const since = records.find((record) => record.view === view)?.sinceMs ?? -Infinity;
      const one = { state: values.decode(view, shard), sinceMs: since }, other = { state: values.decode(view, again), sinceMs: since };
      const differences = [...values.differences(view, one, other, atMs), ...values.differences(view, one, other, seen.get(key)?.newestMs ?? atMs)];
      if (differences.length === 0) { this.count('same'); continue; }
      const nowRecord = stages()[lane]?.viewRecords.find((record) => record.view === view);
      const reason = reasonOf(differences, { late: false, tie: false, ...seen.get(key), versionChanged: nowRecord?.epoch !== records.find((record) => record.view === view)?.epoch || one.state === undefined });
      this.count(reason, { lane, view, key: key.split('/').slice(2).join('/'), reason, differences: differences.slice(0, examplesMax) });
    }
  }

  private isOf(item: EventItem, stateKeys: readonly string[], wanted: ReadonlyMap<string, unknown>, seen: Map<string, { late: boolean; tie: boolean; newestMs: number }>): boolean {
    const keys = stateKeys.filter((key) => wanted.has(key));
    for (const key of keys) {
      const known = seen.get(key) ?? { late: false, tie: false, newestMs: -Infinity };
      seen.set(key, { late: known.late || item.late, tie: known.tie || item.event.timeMs === known.newestMs, newestMs: Math.max(known.newestMs, item.event.timeMs) });
    }
    return keys.length > 0;
  }

  private count(became: 'same' | MismatchReason, example?: OnlineVerification['examples'][number]): void {
    const { figures } = this;
    this.values.inc({ became });
    this.figures = became === 'same' ? { ...figures, keys: figures.keys + 1, same: figures.same + 1 } : {
      ...figures, keys: figures.keys + 1, different: figures.different + 1, byReason: { ...figures.byReason, [became]: figures.byReason[became] + 1 },
      examples: example === undefined ? figures.examples : [example, ...figures.examples].slice(0, examplesMax),
    };
  }
}

const noReasons = Object.fromEntries(mismatchReasons.map((reason) => [reason, 0])) as Record<MismatchReason, number>;
