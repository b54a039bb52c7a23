import { setTimeout as pause } from 'node:timers/promises';
import type { ViewRecord } from '@weir/feature-store';
import { mismatchReasons, type MismatchReason, type OnlineVerification, type Verification } from '@weir/gateway';
import type { Metrics } from '@weir/platform';
import type { LaneStates } from '../replay/lane-states';
import type { Checker } from './checker';
import { builtKey, type CheckOrder, type KeyCheck } from './lane-check';
import { reasonOf } from './mismatch-reason';

export interface OnlineCheckOptions {
  readonly checker: Checker;
  /** By lane. */
  readonly states: () => readonly LaneStates[];
  readonly builtFor: (lane: number) => (id: string, stateKey: string) => Uint8Array | undefined;
  /** Whether all that a view was filled with is here. */
  readonly hasBuilt: (lane: number, record: ViewRecord) => Promise<boolean>;
  readonly clock: { nowMs(): number };
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
  /** Share of one core that it may take; 0: only when asked. */
  readonly share: number;
  /** Rest between two passes, ms. */
  readonly restMs: number;
}

/** Keys of one pass, over all views of a lane: packing them is all that the lanes' own thread does, about a millisecond. */
const keysMax = 256;
const examplesMax = 20;

/**
 * States as the lanes serve them against the same computed again from the log: a few keys of each view are noted with the position they are of, the lane's
 * log is run up to that position for these keys alone, slowly and in another thread, and both are compared. Nothing of it reaches the lanes.
 */
export class OnlineCheck implements Verification {
  private readonly abort = new AbortController();
  private running: Promise<void> | undefined;
  private figures: OnlineVerification;
  private readonly values;
  private readonly cpuSeconds;
  private readonly failures;
  private rotation = 0;

  constructor(private readonly options: OnlineCheckOptions) {
    this.figures = { share: options.share, passes: 0, lastPassMs: null, lastError: null, keys: 0, same: 0, different: 0, byReason: { ...noReasons }, byView: {}, examples: [] };
    this.values = options.metrics.counter({ service: 'verify', noun: 'online_keys', help: 'Keys of views whose state was computed again from the log: same, or why it differs.', labels: ['became'] });
    this.cpuSeconds = options.metrics.counter({ service: 'verify', noun: 'cpu_seconds', help: 'CPU time of the thread that computes served states again.' });
    this.failures = options.metrics.counter({ service: 'verify', noun: 'failures', help: 'Passes of the check of served states that failed; it is tried again.' });
  }

  start(): void { if (this.options.share > 0) this.running = this.forever(); }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.options.checker.close();
    await this.running;
  }

  now(): Promise<OnlineVerification> { return Promise.resolve(this.figures); }

  /** Every lane once. `share` 1: without a rest. @throws what the checking thread says. */
  async pass(share: number): Promise<OnlineVerification> {
    for (let lane = 0; lane < this.options.states().length; lane += 1) await this.passLane(lane, share);
    this.figures = { ...this.figures, passes: this.figures.passes + 1, lastPassMs: this.options.clock.nowMs(), lastError: null };
    return this.figures;
  }

  private async forever(): Promise<void> {
    const { signal } = this.abort;
    while (!signal.aborted) {
      try {
        await pause(this.options.restMs, undefined, { signal, ref: false });
        await this.pass(this.options.share);
      } catch (error) {
        if (signal.aborted) return;
        this.failures.inc({});
        this.figures = { ...this.figures, lastError: error instanceof Error ? error.message : String(error) };
        this.options.onError(error);
      }
    }
  }

  private async passLane(lane: number, share: number): Promise<void> {
    const { states, clock, checker } = this.options, of = states()[lane], sampled = await of?.sample(keysMax, this.rotation++);
    if (of === undefined || sampled === undefined) return;
    const { position, setJson, records } = sampled, shardByKey = new Map(sampled.shardByKey);
    for (const view of await this.unknowable(lane, records)) for (const key of sampled.shardByKey.keys()) if (viewOf(key) === view) shardByKey.delete(key);
    if (shardByKey.size === 0) return;
    const before = checker.cpuMicros, order: CheckOrder = {
      lane, position, setJson, shardByKey, builtByKey: this.builtStates(lane, records, shardByKey.keys()), atMs: clock.nowMs(), share, sinceMsByView: new Map(records.map(({ view, sinceMs }) => [view, sinceMs])),
    };
    const checkedKeys = await checker.check(order), recordsNow = await of.records();
    for (const checked of checkedKeys) {
      const view = viewOf(checked.key), epoch = (all: readonly ViewRecord[]): number | undefined => all.find((record) => record.view === view)?.epoch;
      this.count({ lane, view, checked, versionChanged: !checked.known || epoch(records) !== epoch(recordsNow) });
    }
    this.cpuSeconds.inc({}, (checker.cpuMicros - before) / 1e6);
  }

  /** Views that were filled by a build that is not here: what they began with is not known. */
  private async unknowable(lane: number, records: readonly ViewRecord[]): Promise<readonly string[]> {
    const views: string[] = [];
    for (const record of records) if (record.built !== undefined && !(await this.options.hasBuilt(lane, record))) views.push(record.view);
    return views;
  }

  /** What back-filled views began with is not in the log. */
  private builtStates(lane: number, records: readonly ViewRecord[], keys: Iterable<string>): ReadonlyMap<string, Uint8Array> {
    const built = this.options.builtFor(lane), idByView = new Map(records.map((record) => [record.view, record.built?.id])), states = new Map<string, Uint8Array>();
    for (const key of keys) {
      const id = idByView.get(viewOf(key)), state = id === undefined ? undefined : built(id, key);
      if (id !== undefined && state !== undefined) states.set(builtKey(id, key), state);
    }
    return states;
  }

  private count({ lane, view, checked, versionChanged }: { readonly lane: number; readonly view: string; readonly checked: KeyCheck; readonly versionChanged: boolean }): void {
    const { figures } = this, { differences, late, tie, key } = checked, became = differences.length === 0 ? 'same' : reasonOf(differences, { late, tie, versionChanged });
    const isSame = became === 'same', ofView = figures.byView[view] ?? { same: 0, different: 0 };
    this.values.inc({ became });
    this.figures = {
      ...figures, keys: figures.keys + 1, same: figures.same + Number(isSame), different: figures.different + Number(!isSame),
      byView: { ...figures.byView, [view]: { same: ofView.same + Number(isSame), different: ofView.different + Number(!isSame) } },
      ...(isSame ? {} : {
        byReason: { ...figures.byReason, [became]: figures.byReason[became] + 1 },
        examples: [{ lane, view, key: key.split('/').slice(2).join('/'), reason: became, differences: differences.slice(0, examplesMax) }, ...figures.examples].slice(0, examplesMax),
      }),
    };
  }
}

const viewOf = (stateKey: string): string => stateKey.split('/')[1] ?? '';

const noReasons = Object.fromEntries(mismatchReasons.map((reason) => [reason, 0])) as Record<MismatchReason, number>;
