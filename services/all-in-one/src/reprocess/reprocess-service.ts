import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError, type Backfill, type BackfilledView } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import type { ViewRecord } from '@weir/feature-store';
import { compileFeatures, type FeaturePlan } from '@weir/features';
import type { ReprocessComparison, ReprocessRequest, Reprocessing, ReprocessState, ReprocessStatus } from '@weir/gateway';
import type { EventLog } from '@weir/ports';
import type { LaneStates } from '../replay/lane-states';
import { replaceFileSync } from '../replace-file';
import type { Builds } from './builds';
import { ValueComparison } from './compare-values';

/** Builds at once; another waits for its turn with whoever asks again. */
const runningMax = 2;
/** Records a lane may have gained since it was built up to its end: the switch builds the rest while that lane waits. */
const lagAtSwitchMax = 1_000;
const roundsMax = 50;
const comparedKeysMax = 1_000, scannedKeysMax = 10_000, examplesMax = 10;

export interface ReprocessServiceOptions {
  readonly folder: string;
  readonly log: EventLog;
  readonly builds: Builds;
  readonly clock: { nowMs(): number };
  readonly set: () => DefinitionSet;
  /** By lane. */
  readonly states: () => readonly LaneStates[];
  /** Of job `id`: appends the record that switches, by lane (undefined: none), where `isStill` finds the set in force to be what was built for, and waits until each lane has passed it. */
  readonly bring: (byLane: ReadonlyArray<Backfill | undefined>, isStill: (set: DefinitionSet) => void) => Promise<void>;
  readonly onError: (error: unknown, id: string) => void;
}

/** A job as its folder keeps it. */
interface Kept {
  readonly id: string; readonly kind: 'reprocess' | 'rollback'; readonly views: readonly string[]; readonly setId: string; readonly setJson: string; readonly hold: boolean;
  /** By lane. */
  readonly wanted: ReadonlyArray<readonly BackfilledView[]>;
  readonly startedAtMs: number; readonly by: string;
  status: ReprocessStatus; endedAtMs: number | null; error: string | null; comparison: ReprocessComparison | null;
  /** What the views were before the switch, by lane. */
  before: ReadonlyArray<readonly ViewRecord[]> | null;
}

interface Job { readonly kept: Kept; positions: number[]; heads: number[]; running: Promise<void> | undefined; stop: 'pause' | 'cancel' | undefined }

const fileName = 'job.json';
const over: readonly ReprocessStatus[] = ['done', 'failed', 'cancelled', 'rolled_back'];

/**
 * Builds views anew from the log beside the live ones, compares, and switches by a record in each lane. A job is kept in its folder: it goes on after
 * a stop or a crash, can be paused and resumed, and be rolled back, which builds what was there before and switches to that.
 */
export class ReprocessService implements Reprocessing {
  private readonly jobs = new Map<string, Job>();
  private count = 0;

  constructor(private readonly options: ReprocessServiceOptions) {
    mkdirSync(options.folder, { recursive: true });
    for (const id of readdirSync(options.folder).sort()) {
      const path = join(options.folder, id, fileName);
      if (existsSync(path)) this.jobs.set(id, jobOf(JSON.parse(readFileSync(path, 'utf8')) as Kept)); // written by `keep` alone
    }
  }

  /** What was cut off goes on; builds that no view goes back to are forgotten. `inUse`: those of the state as it is stored. */
  async resumeAll(inUse: ReadonlySet<string>): Promise<void> {
    const alive = new Set([...inUse, ...(await this.viewRecords()).flat().flatMap(({ built }) => (built === undefined ? [] : [built.id]))]);
    for (const job of this.jobs.values()) {
      if (!over.includes(job.kept.status) || job.kept.status === 'failed' || alive.has(job.kept.id)) continue;
      await this.options.builds.remove(job.kept.id);
      this.keep(job, {});
    }
    for (const job of this.jobs.values()) if (job.kept.status === 'building' || job.kept.status === 'switching') this.go(job);
  }

  async start({ views, fromMs, toMs, hold, by }: ReprocessRequest): Promise<ReprocessState> {
    const set = this.options.set();
    const unknown = views.find((view) => !set.views.has(view));
    if (unknown !== undefined || views.length === 0) throw new WeirError('WEIR_NOT_FOUND', `there is no view ${unknown ?? ''}; there are ${[...set.views.keys()].join(', ') || 'none'}`);
    const busy = [...this.jobs.values()].find(({ kept }) => !over.includes(kept.status) && kept.views.some((view) => views.includes(view)));
    if (busy !== undefined) throw new WeirError('WEIR_CONFLICT', `${busy.kept.id} is at work on ${busy.kept.views.join(', ')}`);
    if (toMs !== undefined) await this.refuseGap(views, toMs);
    const wanted = this.options.states().map(() => views.map((view): BackfilledView => ({ view, fromMs: fromMs ?? null, afterOffset: -1, sinceMs: fromMs ?? set.sources.get(set.views.get(view)?.source ?? '')?.historyFromMs ?? null })));
    return this.begin({ kind: 'reprocess', views, wanted, hold, by });
  }

  all(): Promise<readonly ReprocessState[]> { return Promise.resolve([...this.jobs.values()].map((job) => this.shown(job)).sort((a, b) => b.startedAtMs - a.startedAtMs)); }
  byId(id: string): Promise<ReprocessState | undefined> { const job = this.jobs.get(id); return Promise.resolve(job && this.shown(job)); }

  async pause(id: string): Promise<ReprocessState> {
    const job = this.job(id);
    if (job.kept.status !== 'building' && job.kept.status !== 'paused') throw wrongState(job, 'paused');
    await this.halt(job, 'pause');
    if (job.kept.status === 'building') this.keep(job, { status: 'paused' });
    return this.shown(job);
  }

  resume(id: string): Promise<ReprocessState> {
    const job = this.job(id);
    if (job.kept.status !== 'paused' && job.kept.status !== 'failed') throw wrongState(job, 'resumed');
    this.keep(job, { status: 'building', error: null, endedAtMs: null });
    this.go(job);
    return Promise.resolve(this.shown(job));
  }

  /** Of a job that holds: now. */
  async switch(id: string): Promise<ReprocessState> {
    const job = this.job(id);
    if (job.kept.status !== 'ready') throw wrongState(job, 'switched');
    this.keep(job, { status: 'switching' });
    this.go(job);
    await job.running;
    return this.shown(job);
  }

  /** Before the switch: ends and forgets it. After it: a job of its own builds what was there before, and switches to that. */
  async rollback(id: string, by: string): Promise<ReprocessState> {
    const job = this.job(id);
    if (job.kept.status === 'done') {
      const { views, before } = job.kept;
      if (before === null) throw wrongState(job, 'rolled back');
      const wanted = before.map((records) => records.map((record): BackfilledView => ({ view: record.view, fromMs: record.built?.fromMs ?? null, afterOffset: record.built?.afterOffset ?? record.epoch, sinceMs: record.sinceMs })));
      const state = this.begin({ kind: 'rollback', views, wanted, hold: false, by });
      this.keep(job, { status: 'rolled_back' });
      return state;
    }
    if (over.includes(job.kept.status) && job.kept.status !== 'failed') throw wrongState(job, 'rolled back');
    await this.halt(job, 'cancel');
    this.keep(job, { status: 'cancelled', endedAtMs: this.options.clock.nowMs() });
    return this.shown(job);
  }

  /** Ends what runs; it goes on at the next start. */
  async stop(): Promise<void> {
    await Promise.all([...this.jobs.values()].map((job) => this.halt(job, 'pause')));
  }

  private begin(of: Pick<Kept, 'kind' | 'views' | 'wanted' | 'hold' | 'by'>): ReprocessState {
    const running = [...this.jobs.values()].filter(({ running: work }) => work !== undefined).length;
    if (running >= runningMax) throw new WeirError('WEIR_LIMIT_REACHED', `${running} views are being built, at most ${runningMax} at once`, { retriable: true });
    const set = this.options.set(), nowMs = this.options.clock.nowMs();
    const job = jobOf({ ...of, id: `r-${nowMs.toString(36)}-${++this.count}`, setId: set.id, setJson: set.canonicalJson, startedAtMs: nowMs, status: 'building', endedAtMs: null, error: null, comparison: null, before: null });
    this.jobs.set(job.kept.id, job);
    this.keep(job, {});
    this.go(job);
    return this.shown(job);
  }

  private go(job: Job): void {
    job.stop = undefined;
    const ended = (status: ReprocessStatus, error: string | null): void => { this.keep(job, { status, error, endedAtMs: this.options.clock.nowMs() }); };
    job.running = this.run(job).then((status) => { if (status !== undefined) ended(status, null); }, async (error: unknown) => {
      await this.options.builds.end(job.kept.id).catch(() => undefined);
      if (job.stop !== undefined) return;
      this.options.onError(error, job.kept.id);
      ended('failed', error instanceof Error ? error.message : String(error));
    }).finally(() => { job.running = undefined; });
  }

  private async halt(job: Job, why: 'pause' | 'cancel'): Promise<void> {
    job.stop = why;
    if (job.kept.status === 'switching') { await job.running; return; } // a record that is in the lane is in force
    await (why === 'cancel' ? this.options.builds.remove(job.kept.id) : this.options.builds.end(job.kept.id));
    await job.running;
    if (why === 'cancel') this.keep(job, {});
  }

  private async run(job: Job): Promise<ReprocessStatus | undefined> {
    const { kept } = job;
    if (kept.status !== 'switching') {
      await this.build(job);
      this.keep(job, { comparison: await this.compare(job) });
      if (kept.hold) { this.keep(job, { status: 'ready' }); await this.options.builds.end(kept.id); return undefined; }
      this.keep(job, { status: 'switching' });
    }
    await this.bring(job);
    return 'done';
  }

  /** Every lane up to its end, again and again, until little is left. */
  private async build(job: Job): Promise<void> {
    const { kept } = job, { log, builds } = this.options;
    for (let round = 0; round < roundsMax; round++) {
      job.heads = await Promise.all(kept.wanted.map(async (_, lane) => (await log.bounds('transactions.raw', lane)).next - 1));
      const behind = kept.wanted.map((_, lane) => lane).filter((lane) => (job.heads[lane] ?? 0) - (job.positions[lane] ?? -1) > (round === 0 ? 0 : lagAtSwitchMax));
      if (behind.length === 0) return;
      for (const lane of behind) {
        await builds.advance({ id: kept.id, lane, setJson: kept.setJson, views: kept.wanted[lane] ?? [] }, job.heads[lane] ?? -1, (position) => { job.positions[lane] = position; });
        job.positions[lane] = job.heads[lane] ?? -1;
      }
    }
  }

  /** Lanes that have it already, from before a crash, are left out. */
  private async bring(job: Job): Promise<void> {
    const { kept } = job, recordsByLane = await this.viewRecords();
    const isThere = (records: readonly ViewRecord[]): boolean => kept.views.every((view) => records.find((record) => record.view === view)?.built?.id === kept.id);
    if (kept.before === null) this.keep(job, { before: recordsByLane.map((records) => records.filter(({ view }) => kept.views.includes(view))) });
    const byLane = recordsByLane.map((records, lane) => (isThere(records) ? undefined : { id: kept.id, views: kept.wanted[lane] ?? [] }));
    if (byLane.some((each) => each !== undefined)) await this.options.bring(byLane, (set) => { this.mustMeanTheSame(kept, set); });
    await this.options.builds.end(kept.id);
  }

  private viewRecords(): Promise<ReadonlyArray<readonly ViewRecord[]>> { return Promise.all(this.options.states().map((states) => states.records())); }

  private mustMeanTheSame({ setId, setJson, views }: Kept, set: DefinitionSet): void {
    if (set.id === setId) return;
    const built = compileFeatures(resolveCanonicalSet(setJson)), now = compileFeatures(set);
    const changed = views.find((view) => meaningOf(built, view) !== meaningOf(now, view));
    if (changed !== undefined) throw new WeirError('WEIR_CONFLICT', `the view ${changed} changed while it was built: start again`);
  }

  /** Of a sample of the keys that were built and have had no event since. */
  private async compare({ kept, positions }: Job): Promise<ReprocessComparison> {
    const values = new ValueComparison(compileFeatures(resolveCanonicalSet(kept.setJson))), atMs = this.options.clock.nowMs();
    const found: { compared: number; same: number; different: number; only_new: number; moved_on: number; examples: ReprocessComparison['examples'][number][] } = { compared: 0, same: 0, different: 0, only_new: 0, moved_on: 0, examples: [] };
    for (const [lane, states] of this.options.states().entries()) {
      const records = await states.records();
      for (const wanted of kept.wanted[lane] ?? []) {
        const left = comparedKeysMax - found.compared - found.moved_on, sampled = [...firstOf(everyNth(this.options.builds.entries(kept.id, lane, wanted.view), scannedKeysMax / comparedKeysMax), left)];
        const sinceMs = records.find((record) => record.view === wanted.view)?.sinceMs ?? -Infinity, shards = await states.shards(sampled.map(([stateKey]) => stateKey));
        for (const [index, [stateKey, shard]] of sampled.entries()) {
          const old = values.decode(wanted.view, shards[index]), next = values.decode(wanted.view, shard);
          if ((old?.lastOrder ?? -1) > (positions[lane] ?? -1)) { found.moved_on += 1; continue; }
          found.compared += 1;
          if (old === undefined) found.only_new += 1;
          const differences = values.differences(wanted.view, { state: old, sinceMs }, { state: next, sinceMs: wanted.sinceMs ?? -Infinity }, atMs);
          if (differences.length === 0) { found.same += 1; continue; }
          found.different += 1;
          if (found.examples.length < examplesMax) found.examples.push({ view: wanted.view, key: stateKey.split('/').slice(2).join('/'), differences });
        }
      }
    }
    return found;
  }

  private async refuseGap(views: readonly string[], toMs: number): Promise<void> {
    for (const { view, sinceMs } of (await this.viewRecords()).flat()) {
      if (!views.includes(view) || sinceMs === null || toMs >= sinceMs) continue;
      throw new WeirError('WEIR_INPUT_INVALID', `events of ${view} from \`to\` on would be missing: the stream has them from ${new Date(sinceMs).toISOString()} on`, { findings: [{ where: 'body', field: 'to', expected: `at or after ${new Date(sinceMs).toISOString()}`, got: new Date(toMs).toISOString() }] });
    }
  }

  private shown({ kept, positions, heads }: Job): ReprocessState {
    const { id, kind, views, status, startedAtMs, endedAtMs, error, comparison, by } = kept;
    const isBuilt = status !== 'building' && status !== 'paused';
    return {
      id, kind, views, status, by, startedAtMs, endedAtMs, error, comparison, fromMs: kept.wanted[0]?.[0]?.fromMs ?? null,
      records: positions.reduce((sum, position) => sum + position + 1, 0), recordsTotal: heads.length === 0 ? null : heads.reduce((sum, head) => sum + head + 1, 0), isBuilt,
    };
  }

  private job(id: string): Job {
    const job = this.jobs.get(id);
    if (job === undefined) throw new WeirError('WEIR_NOT_FOUND', `there is no reprocess ${id}`);
    return job;
  }

  private keep(job: Job, changed: Partial<Kept>): void {
    Object.assign(job.kept, changed);
    const folder = join(this.options.folder, job.kept.id);
    mkdirSync(folder, { recursive: true });
    replaceFileSync(join(folder, fileName), JSON.stringify(job.kept));
  }
}

const jobOf = (kept: Kept): Job => ({ kept, positions: kept.wanted.map(() => -1), heads: [], running: undefined, stop: undefined });
const wrongState = ({ kept }: Job, wanted: string): WeirError => new WeirError('WEIR_CONFLICT', `${kept.id} is ${kept.status} and cannot be ${wanted}`);
const meaningOf = (plan: FeaturePlan, view: string): string | undefined => plan.views.find((each) => each.view.name === view)?.meaning;

function* firstOf<T>(all: Iterable<T>, max: number): Generator<T, void, undefined> {
  let count = 0;
  if (max > 0) for (const each of all) { yield each; if (++count >= max) return; }
}

/** All of the first, then ever fewer: a sample of bounded work whatever there is. */
function* everyNth<T>(all: Iterable<T>, n: number): Generator<T, void, undefined> {
  let index = 0;
  for (const each of all) {
    if (index++ < n * 10 || index % Math.ceil(n) === 0) yield each;
    if (index >= scannedKeysMax) return;
  }
}
