import { WeirError, type LaneItem, type RawRecord } from '@weir/contracts';
import { isSyncStore, type Clock, type EventLog, type LogRecord, type OnlineStore, type Topic } from '@weir/ports';
import { itemsOf, mergeItems, stagesOf, type Chain } from './chain';
import { Gate } from './gate';
import { PendingState } from './pending-state';
import { decodeRawRecord } from './raw-record';
import { retrying, type RetryOptions } from './retrying';
import type { Outcome, Sink, TakenBatch } from './sink';
import { SinkQueue } from './sink-queue';
import type { Stage } from './stage';
import { laneState } from './stage-state';

export interface LaneRunnerHooks {
  /** A stage has taken a batch. */
  stage?(name: string, records: number, ms: number): void;
  /** Effects of everything up to `position` are in the store. */
  checkpoint?(position: number, entries: number, bytes: number, ms: number): void;
  /** A batch is through: how many records, and how long after it was taken from the log. */
  batch?(records: number, ms: number): void;
  /** The lane was not read, for as many batches as allowed were under way. */
  waited?(ms: number): void;
  /** A sink took what was there for it, or flushed. */
  output?(sink: string, ms: number): void;
}

export interface LaneRunnerOptions extends RetryOptions {
  readonly lane: number;
  readonly log: EventLog;
  readonly store: OnlineStore;
  readonly chain: Chain;
  readonly sinks: readonly Sink[];
  /**
   * True: the first sink has each batch before the others do. For lanes whose decisions read other lanes: after a crash they are repeated from
   * their records, so nobody may know of one that was not recorded.
   */
  readonly recordsFirst?: boolean;
  readonly clock: Clock;
  /**
   * Answers whoever waits, in order. Called at once for what is a function of the lane alone; for the rest (degraded, with positions of other
   * lanes, duplicates) once every sink has it. Must not throw.
   */
  readonly reply?: (outcomes: readonly Outcome[], batch: TakenBatch) => void;
  /** Records that the log no longer holds, from history: at most `max`, in order, from the offset on. */
  readonly older?: (fromOffset: number, max: number) => Promise<readonly LogRecord[]>;
  readonly hooks?: LaneRunnerHooks;
  readonly topic?: Topic;
  /** Records per batch at most; a batch is whatever has arrived. Default 512: more cost less per batch and more per collection of young objects, for all of a batch is alive until it is written. */
  readonly batchMax?: number;
  /** Batches between the log and the sinks at most; then the log waits. */
  readonly batchesInFlightMax?: number;
  /** A checkpoint is due after this many records, or this long after the last one when there is anything new. */
  readonly checkpointRecords?: number;
  readonly checkpointMs?: number;
  /** How long to wait for a record before looking whether to stop or to checkpoint. */
  readonly idleWaitMs?: number;
}

interface Passing {
  /** Empty once everybody has taken what he needs; so are `outcomes` and `items`. */
  records: readonly RawRecord[];
  readonly takenAtMs: number;
  /** What changed, when this batch ends a checkpoint: collected stage by stage, while batches behind it go on. */
  readonly changes: Array<readonly [string, Uint8Array | undefined]> | undefined;
  readonly packing: Promise<void>[];
  bytes: number;
  readonly checkpoint: number;
  readonly stageMs: Record<string, number>;
  readonly stageStartMs: Record<string, number>;
  outcomes: readonly Outcome[];
  items: LaneItem[];
}

/** A checkpoint is packed in stretches of about so long. */
const packingStretchMs = 1;

/**
 * Runs the stages of one lane over its log. Each stage takes the batches one after the other and in order, while the next stage may be busy with the
 * batch before, so a model's time overlaps with the work of the stages ahead of it. Outputs first, state after: a checkpoint takes each
 * stage's changes behind the same record, packs them while batches go on, and publishes them with that position in one write, once every sink has all outputs up to it.
 * After a crash the stages start from the published position, and a sink gets nothing it had.
 */
export class LaneRunner {
  readonly #options: LaneRunnerOptions;
  readonly #topic: Topic;
  readonly #gate: Gate;
  readonly #checkpointRecords: number;
  readonly #checkpointMs: number;
  #queues: readonly SinkQueue[] = [];
  /** The last batch each stage has taken or is about to take. */
  #tails: Array<Promise<unknown>> = [];
  #publishing: Promise<void> = Promise.resolve();
  #published = -1;
  #next = 0;
  #takenSinceCheckpoint = 0;
  #lastCheckpointMs = 0;
  #checkpointDue = false;
  /** Checkpoints taken and published so far. */
  #checkpoints = 0;
  #checkpointsDone = 0;
  #logFirst = 0;
  readonly #pending: PendingState;
  #isRestored = false;
  #stopping = false;
  #failure: unknown;
  #loop: Promise<void> | undefined;
  #passed = -1;
  readonly #arrivals = new Set<{ readonly offset: number; readonly resolve: () => void; readonly reject: (error: unknown) => void }>();

  constructor(options: LaneRunnerOptions) {
    this.#options = options;
    this.#pending = new PendingState(!isSyncStore(options.store));
    this.#topic = options.topic ?? 'transactions.raw';
    this.#gate = new Gate(options.batchesInFlightMax ?? 4);
    this.#checkpointRecords = options.checkpointRecords ?? 500_000;
    this.#checkpointMs = options.checkpointMs ?? 30_000;
  }

  /** Offset of the last record whose outputs every sink has taken; -1 for none. */
  get position(): number { return this.#passed; }
  /** Offset up to which the state is in the store. */
  get publishedPosition(): number { return this.#published; }

  /** Restores the stages, and reads nothing yet: lanes that read each other's state are all restored before the first of them begins. */
  async restore(): Promise<void> {
    const { lane, log, store, chain, sinks, clock } = this.#options;
    this.#published = await this.#attempt(() => store.position(lane));
    const { first, next } = await this.#attempt(() => log.bounds(this.#topic, lane));
    if (this.#published >= next) throw new WeirError('WEIR_LOG_FAILED', `the state of lane ${lane} is at ${this.#published}, but its log ends at ${next}`);
    this.#logFirst = first;
    if (this.#published + 1 < first && this.#options.older === undefined) throw new WeirError('WEIR_LOG_FAILED', `the log of lane ${lane} begins at ${first}, but its state is at ${this.#published}; rebuild it from history`);
    const state = this.#pending.over(await laneState(store, lane));
    for (const stage of stagesOf(chain)) await stage.restore(state);
    this.#queues = await Promise.all(sinks.map(async (sink) => new SinkQueue(sink, await this.#durableIn(sink), (work) => this.#output(sink.name, work))));
    this.#next = this.#published + 1;
    this.#passed = this.#published;
    this.#lastCheckpointMs = clock.nowMs();
    this.#tails = Array.from({ length: chain.stages.length + 1 }, () => Promise.resolve());
    this.#isRestored = true;
  }

  /** Restores the stages where that is still to be done, and begins. Resolves when the lane is being read. */
  async start(): Promise<void> {
    if (!this.#isRestored) await this.restore();
    this.#loop = this.#run().catch((error: unknown) => this.#fail(error));
  }

  /** Rejects when the lane can't go on; resolves when it was stopped. */
  async done(): Promise<void> {
    await this.#loop;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves once every sink has taken the record. */
  reached(offset: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure as Error);
    if (this.#passed >= offset) return Promise.resolve();
    return new Promise((resolve, reject) => this.#arrivals.add({ offset, resolve, reject }));
  }

  /** Makes a checkpoint behind everything taken so far. */
  async checkpoint(): Promise<void> {
    await this.#publishing;
    if (this.#published === this.#next - 1) return;
    this.#checkpointDue = true;
    this.#dispatch([]);
    await this.#publishing;
  }

  /** Takes no more, lets what was taken finish, and publishes the state. */
  async stop(options: { readonly checkpoint?: boolean } = {}): Promise<void> {
    this.#stopping = true;
    await this.#loop;
    await this.#gate.empty();
    if (this.#failure === undefined && options.checkpoint !== false) await this.checkpoint();
    await this.#publishing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #run(): Promise<void> {
    const { lane, log } = this.#options;
    const batchMax = this.#options.batchMax ?? 512, idleWaitMs = this.#options.idleWaitMs ?? 200;
    while (!this.#stopping && this.#failure === undefined) {
      const waitedFrom = performance.now();
      await this.#gate.enter();
      this.#gate.leave();
      this.#options.hooks?.waited?.(performance.now() - waitedFrom);
      const records = await this.#attempt(() => this.#read(batchMax));
      if (this.#failure !== undefined) return;
      if (records.length > 0) this.#dispatch(records.map((record) => decodeRawRecord(lane, record)));
      else {
        if (this.#takenSinceCheckpoint > 0 && this.#options.clock.nowMs() - this.#lastCheckpointMs >= this.#checkpointMs) this.#dispatch([]);
        await log.wait(this.#topic, lane, this.#next, idleWaitMs);
      }
    }
  }

  /** Sends a batch through the stages; an empty one only carries a checkpoint. */
  #dispatch(records: readonly RawRecord[]): void {
    this.#next = (records.at(-1)?.offset ?? this.#next - 1) + 1;
    this.#takenSinceCheckpoint += records.length;
    const takenAtMs = this.#options.clock.nowMs();
    const due = this.#checkpointDue || (this.#checkpoints === this.#checkpointsDone && (this.#takenSinceCheckpoint >= this.#checkpointRecords || takenAtMs - this.#lastCheckpointMs >= this.#checkpointMs));
    if (due) {
      this.#checkpointDue = false;
      this.#checkpoints++;
      this.#takenSinceCheckpoint = 0;
      this.#lastCheckpointMs = takenAtMs;
    }
    const passing: Passing = { records, takenAtMs, changes: due ? [] : undefined, packing: [], bytes: 0, checkpoint: this.#checkpoints, stageMs: {}, stageStartMs: {}, outcomes: [], items: [] };
    const position = this.#next - 1;
    this.#gate.take();
    let before: Promise<unknown> = Promise.resolve();
    this.#tails.forEach((tail, place) => {
      const here = Promise.all([before, tail]).then(() => this.#pass(passing, place));
      this.#tails[place] = before = here;
    });
    const written = before.then(() => this.#emit(passing, position));
    this.#publishing = Promise.all([written, this.#publishing]).then(() => this.#publish(passing, position));
    this.#publishing.catch((error: unknown) => this.#fail(error));
    written.catch((error: unknown) => this.#fail(error)).finally(() => this.#gate.leave());
  }

  /** One stage takes the batch. Place 0 is ingest. */
  async #pass(passing: Passing, place: number): Promise<void> {
    const { chain, hooks } = this.#options;
    const stage = place === 0 ? chain.ingest : chain.stages[place - 1];
    if (stage === undefined) return;
    if (passing.records.length > 0) {
      const startedAt = performance.now();
      if (place === 0) {
        const judged = chain.ingest.process(passing.records);
        passing.outcomes = judged instanceof Promise ? await judged : judged;
        passing.items = itemsOf(passing.outcomes);
      } else {
        const items = (stage as Chain['stages'][number]).process(passing.items);
        passing.items = items instanceof Promise ? await items : items;
      }
      const ms = performance.now() - startedAt;
      passing.stageStartMs[stage.name] = performance.timeOrigin + startedAt;
      passing.stageMs[stage.name] = ms;
      hooks?.stage?.(stage.name, passing.records.length, ms);
    }
    if (passing.changes === undefined) return;
    const packing = this.#pack(passing, passing.changes, stage.takeChanges());
    packing.catch((error: unknown) => this.#fail(error));
    passing.packing.push(packing);
  }

  /** Reads what a stage wrote down, a stretch at a time: batches pass in between. */
  async #pack(passing: Passing, into: Array<readonly [string, Uint8Array | undefined]>, changes: ReturnType<Stage<never, unknown>['takeChanges']>): Promise<void> {
    let untilMs = performance.now() + packingStretchMs;
    for (const change of changes) {
      into.push(change);
      passing.bytes += change[0].length + (change[1]?.length ?? 0);
      this.#pending.add(passing.checkpoint, change);
      if (performance.now() < untilMs) continue;
      await new Promise((resume) => { setImmediate(resume); });
      untilMs = performance.now() + packingStretchMs;
    }
  }

  /** Replies and sinks. */
  async #emit(passing: Passing, position: number): Promise<void> {
    const { clock, hooks } = this.#options, { takenAtMs } = passing, count = passing.records.length;
    if (count > 0) {
      await this.#hand(passing);
      hooks?.batch?.(count, clock.nowMs() - takenAtMs);
    }
    this.#passed = Math.max(this.#passed, position);
    for (const arrival of this.#arrivals) {
      if (arrival.offset > this.#passed) continue;
      this.#arrivals.delete(arrival);
      arrival.resolve();
    }
  }

  /** Hands a batch to whoever waits and to all sinks, and lets it go; resolves when it is written. */
  #hand(passing: Passing): Promise<unknown> {
    const { lane, reply, recordsFirst } = this.#options;
    const batch: TakenBatch = { lane, records: passing.records, outcomes: mergeItems(passing.outcomes, passing.items), stageMs: passing.stageMs, stageStartMs: passing.stageStartMs, takenAtMs: passing.takenAtMs };
    passing.records = passing.outcomes = passing.items = [];
    const later = reply === undefined ? [] : batch.outcomes.filter(mustBeDurable);
    reply?.(later.length === 0 ? batch.outcomes : batch.outcomes.filter((outcome) => !mustBeDurable(outcome)), batch);
    const [first, ...others] = this.#queues;
    const written = recordsFirst === true && first !== undefined ? first.write(batch).then(() => writeTo(others, batch)) : writeTo(this.#queues, batch);
    return later.length === 0 ? written : written.then(() => reply?.(later, batch));
  }

  async #publish(passing: Passing, position: number): Promise<void> {
    const { changes } = passing;
    if (changes === undefined) return;
    if (position < 0) {
      this.#checkpointsDone = passing.checkpoint;
      return;
    }
    const { lane, store, hooks } = this.#options;
    const startedAt = performance.now();
    await Promise.all(passing.packing);
    await Promise.all(this.#queues.map((queue) => queue.flush()));
    const stored = await this.#attempt(() => store.position(lane));
    if (stored !== this.#published) throw new WeirError('WEIR_FENCED', `lane ${lane} was published up to ${stored} by another owner; this one was at ${this.#published}`);
    await this.#attempt(() => store.publish(lane, position, changes));
    this.#published = position;
    this.#checkpointsDone = passing.checkpoint;
    this.#pending.published(passing.checkpoint);
    hooks?.checkpoint?.(position, changes.length, passing.bytes, performance.now() - startedAt);
  }

  #read(max: number): Promise<readonly LogRecord[]> {
    const { older, log, lane } = this.#options;
    return older !== undefined && this.#next < this.#logFirst ? older(this.#next, Math.min(max, this.#logFirst - this.#next)) : log.read(this.#topic, lane, this.#next, max);
  }

  /** A sink that keeps nothing gets everything from where the lane starts. */
  #durableIn(sink: Sink): Promise<number> {
    return sink.position === undefined ? Promise.resolve(-1) : this.#attempt(() => sink.position?.(this.#options.lane) ?? Promise.resolve(-1));
  }

  async #output(sink: string, work: () => Promise<void>): Promise<void> {
    const startedAt = performance.now();
    await this.#attempt(work);
    this.#options.hooks?.output?.(sink, performance.now() - startedAt);
  }

  #attempt<T>(work: () => Promise<T>): Promise<T> {
    return retrying(work, { ...this.#options, isOver: () => this.#stopping });
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#stopping = true;
    for (const arrival of this.#arrivals) arrival.reject(this.#failure);
    this.#arrivals.clear();
  }
}

const writeTo = (queues: readonly SinkQueue[], batch: TakenBatch): Promise<unknown> => Promise.all(queues.map((queue) => queue.write(batch)));

/** What may not be answered before it is durable: a verdict that its lane's log alone would not give again, and what points to another verdict. */
const mustBeDurable = (outcome: Outcome): boolean =>
  outcome.kind === 'duplicate' || outcome.kind === 'conflict' || (outcome.kind === 'event' && (outcome.positions !== undefined || outcome.verdict?.degraded === true));
