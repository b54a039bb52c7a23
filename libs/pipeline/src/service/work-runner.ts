import { setTimeout as sleep } from 'node:timers/promises';
import { traceHeader, WeirError } from '@weir/contracts';
import type { Clock, EventLog, LogRecord, OnlineStore, Topic } from '@weir/ports';
import { Gate } from '../gate';
import { PendingState } from '../pending-state';
import { retrying, type RetryOptions } from '../retrying';
import { loadState } from '../stage-state';
import type { InputRecord, LaneWork, WorkOutput } from './lane-work';
import { originOffset, lastOriginIn } from './origin-header';
import { OutputQueue } from './output-queue';

export interface WorkRunnerHooks {
  /** Records taken, and how long the work took for them. */
  taken?(inputs: readonly InputRecord[], ms: number): void;
  /** From the log to durable outputs. */
  through?(inputs: readonly InputRecord[], ms: number): void;
  /** The lane was not read, for as many batches as allowed were under way. */
  waited?(ms: number): void;
  /** A topic took what was there for it. */
  output?(topic: Topic, ms: number): void;
  checkpoint?(position: number, entries: number, bytes: number, ms: number): void;
}

export interface WorkRunnerOptions extends RetryOptions {
  readonly lane: number;
  readonly log: EventLog;
  /** Of this service alone. */
  readonly store: OnlineStore;
  readonly work: LaneWork;
  readonly clock: Clock;
  readonly hooks?: WorkRunnerHooks;
  readonly batchMax?: number;
  /** Batches taken whose outputs are not durable yet, at most; then the log waits. */
  readonly batchesInFlightMax?: number;
  readonly checkpointRecords?: number;
  readonly checkpointMs?: number;
  readonly idleWaitMs?: number;
  /** Least time between two batches, for work that nobody waits for: the records of that time share what a batch costs. Not kept while batches are full. */
  readonly batchEveryMs?: number;
}

/** State keys of the runner itself. */
const nextKey = 'runner/next';

/**
 * Runs one service's part of a lane between two topics, with the guarantees of `LaneRunner`: outputs first, state after. The state is published with the
 * origin up to which it holds and the place in the input topic, in one write, once every output up to there is durable. It reads each origin once, in order, and
 * stops where one is missing. After a crash it starts from the published state; what its topics hold already is not written again.
 */
export class WorkRunner {
  readonly #options: WorkRunnerOptions;
  readonly #gate: Gate;
  readonly #pending = new PendingState(true);
  #queues: ReadonlyMap<Topic, OutputQueue> = new Map();
  /** Where the input topic is read next. */
  #next = 0;
  /** Last origin taken, whose outputs are durable, whose state is published. */
  #taken = -1;
  #passed = -1;
  #published = -1;
  #checkpoints = 0;
  #checkpointsDone = 0;
  #takenSinceCheckpoint = 0;
  #lastCheckpointMs = 0;
  /** Everything taken so far is durable. */
  #through: Promise<void> = Promise.resolve();
  #publishing: Promise<void> = Promise.resolve();
  #stopping = false;
  #failure: unknown;
  /** Ends the wait for records. */
  #wake: (() => void) | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: WorkRunnerOptions) {
    this.#options = options;
    this.#gate = new Gate(options.batchesInFlightMax ?? 4);
  }

  /** Origin up to which every output is durable; -1 for none. */
  get position(): number { return this.#passed; }
  /** Origin up to which the state is in the store. */
  get publishedPosition(): number { return this.#published; }
  /** Where the input topic is read next. */
  get next(): number { return this.#next; }

  /** Restores the work and begins. Resolves when the lane is being read. */
  async start(): Promise<void> {
    const { lane, log, work, clock } = this.#options;
    const state = await this.#attempt(() => this.#restoredState());
    await work.restore(this.#pending.over(state));
    const next = state.get(nextKey);
    this.#next = next === undefined ? (work.input === 'transactions.raw' ? this.#published + 1 : 0) : Number(Buffer.from(next).toString('latin1'));
    const { next: end } = await this.#attempt(() => log.bounds(work.input, lane));
    if (this.#next > end) throw new WeirError('WEIR_LOG_FAILED', `the state of ${work.name} in lane ${lane} goes on at ${this.#next} of ${work.input}, which ends at ${end}`);
    this.#queues = new Map(await Promise.all(work.outputs.map(async (topic) => [topic, new OutputQueue(log, { topic, lane }, await this.#attempt(() => lastOriginIn(log, topic, lane)))] as const)));
    this.#taken = this.#passed = this.#published;
    this.#lastCheckpointMs = clock.nowMs();
    this.#loop = this.#run().catch((error: unknown) => this.#fail(error));
  }

  /** Origin up to which a topic held everything when the runner started. */
  durableIn(topic: Topic): number { return this.#queues.get(topic)?.durable ?? -1; }

  /** Rejects when the lane can't go on; resolves when it was stopped. */
  async done(): Promise<void> {
    await this.#loop;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Takes no more, lets what was taken finish, and publishes the state (unless the lane has another owner). */
  async stop(options: { readonly checkpoint?: boolean } = {}): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    await this.#loop;
    await this.#gate.empty();
    if (this.#failure === undefined && options.checkpoint !== false && this.#published < this.#taken) this.#checkpoint();
    await this.#publishing.catch(() => undefined);
    await this.#options.work.close?.();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Position and state of one moment: another owner may be publishing still. */
  async #restoredState() {
    const { lane, store } = this.#options;
    for (;;) {
      const before = await store.position(lane);
      const state = await loadState(store, lane, '');
      if (before !== await store.position(lane)) continue;
      this.#published = before;
      return state;
    }
  }

  async #run(): Promise<void> {
    const { lane, log, work, clock } = this.#options;
    const batchMax = this.#options.batchMax ?? 2_048, idleWaitMs = this.#options.idleWaitMs ?? 1_000, checkpointMs = this.#options.checkpointMs ?? 500;
    while (!this.#stopping && this.#failure === undefined) {
      const waitedFrom = performance.now();
      await this.#gate.enter();
      this.#gate.leave();
      this.#options.hooks?.waited?.(performance.now() - waitedFrom);
      // First what is there or comes: a log that is asked when it has nothing has to be asked twice, and over a network that is dear.
      await this.#arrival(this.#takenSinceCheckpoint > 0 ? Math.min(idleWaitMs, checkpointMs) : idleWaitMs);
      if (this.#stopping) return;
      const records = await this.#attempt(() => log.read(work.input, lane, this.#next, batchMax));
      if (this.#failure !== undefined) return;
      if (records.length > 0) {
        await this.#take(records);
        if (records.length < batchMax && this.#options.batchEveryMs !== undefined) await sleep(this.#options.batchEveryMs);
      } else if (this.#takenSinceCheckpoint > 0 && this.#checkpoints === this.#checkpointsDone && clock.nowMs() - this.#lastCheckpointMs >= checkpointMs) this.#checkpoint();
    }
  }

  /** Resolves when a record is there, after the time, or when the lane is to stop. */
  #arrival(withinMs: number): Promise<void> {
    const { lane, log, work } = this.#options;
    return new Promise((resolve, reject) => {
      this.#wake = resolve;
      if (this.#stopping) resolve();
      else log.wait(work.input, lane, this.#next, withinMs).then(resolve, reject);
    });
  }

  async #take(records: readonly LogRecord[]): Promise<void> {
    const { work, hooks, clock } = this.#options;
    const takenAtMs = clock.nowMs(), startedAt = performance.now();
    const inputs = this.#fresh(records);
    this.#next = (records.at(-1) as LogRecord).offset + 1;
    if (inputs.length === 0) return;
    const output = withTraces(inputs, await work.take(inputs));
    hooks?.taken?.(inputs, performance.now() - startedAt);
    this.#taken = (inputs.at(-1) as InputRecord).origin;
    this.#takenSinceCheckpoint += inputs.length;
    this.#gate.take();
    const position = this.#taken;
    this.#through = Promise.all([this.#through, this.#write(output)]).then(() => {
      this.#passed = position;
      hooks?.through?.(inputs, clock.nowMs() - takenAtMs);
    });
    this.#through.catch((error: unknown) => this.#fail(error)).finally(() => this.#gate.leave());
    const isTime = this.#takenSinceCheckpoint >= (this.#options.checkpointRecords ?? 10_000) || takenAtMs - this.#lastCheckpointMs >= (this.#options.checkpointMs ?? 500);
    if (output.publish === true || (isTime && this.#checkpoints === this.#checkpointsDone)) this.#checkpoint();
  }

  /** The first of each origin, in order. */
  #fresh(records: readonly LogRecord[]): InputRecord[] {
    const { work, lane } = this.#options;
    const inputs: InputRecord[] = [];
    let last = this.#taken;
    const isRaw = work.input === 'transactions.raw';
    for (const record of records) {
      const origin = isRaw ? record.offset : originOffset(record);
      if (origin <= last) continue;
      if (origin !== last + 1) throw new WeirError('WEIR_LOG_FAILED', `${work.name}: after ${lane}-${last} comes ${lane}-${origin} in ${work.input}; what is between is lost there, rebuild it from the lane`);
      inputs.push({ origin, record });
      last = origin;
    }
    return inputs;
  }

  async #write(output: WorkOutput): Promise<void> {
    output.answer?.();
    const writes: Promise<void>[] = [];
    for (const [topic, outputs] of output.outputs) {
      const queue = this.#queues.get(topic);
      if (queue === undefined) throw new RangeError(`${this.#options.work.name} writes no ${topic}`);
      const startedAt = performance.now();
      writes.push(queue.write(outputs).then(() => { if (outputs.length > 0) this.#options.hooks?.output?.(topic, performance.now() - startedAt); }));
    }
    await Promise.all(writes);
    const { after } = output;
    if (after !== undefined) await this.#attempt(after);
    output.answerDurable?.();
  }

  /** Takes the changes behind the last record taken, and publishes them when everything up to there is durable. */
  #checkpoint(): void {
    const { work, clock } = this.#options;
    const checkpoint = ++this.#checkpoints, position = this.#taken;
    this.#takenSinceCheckpoint = 0;
    this.#lastCheckpointMs = clock.nowMs();
    const changes: Array<readonly [string, Uint8Array | undefined]> = [...work.takeChanges(), [nextKey, Buffer.from(String(this.#next), 'latin1')]];
    for (const change of changes) this.#pending.add(checkpoint, change);
    this.#publishing = Promise.all([this.#through, this.#publishing]).then(() => this.#publish(checkpoint, position, changes));
    this.#publishing.catch((error: unknown) => this.#fail(error));
  }

  async #publish(checkpoint: number, position: number, changes: ReadonlyArray<readonly [string, Uint8Array | undefined]>): Promise<void> {
    const { lane, store, hooks, work } = this.#options;
    if (this.#failure !== undefined) return;
    const startedAt = performance.now();
    const stored = await this.#attempt(() => store.position(lane));
    if (stored !== this.#published) throw new WeirError('WEIR_FENCED', `the state of ${work.name} in lane ${lane} was published up to ${stored} by another owner; this one was at ${this.#published}`);
    if (position >= 0) await this.#attempt(() => store.publish(lane, position, changes));
    this.#published = position;
    this.#checkpointsDone = checkpoint;
    this.#pending.published(checkpoint);
    hooks?.checkpoint?.(position, changes.length, changes.reduce((sum, [key, value]) => sum + key.length + (value?.length ?? 0), 0), performance.now() - startedAt);
  }

  #attempt<T>(work: () => Promise<T>): Promise<T> { return retrying(work, this.#options); }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#stopping = true;
    this.#wake?.();
  }
}

/** The outputs with the trace context of the records that they come from; nearly no record has one. */
function withTraces(inputs: readonly InputRecord[], output: WorkOutput): WorkOutput {
  let byOrigin: Map<number, string> | undefined;
  for (const { origin, record } of inputs) {
    const traceparent = record.headers[traceHeader];
    if (traceparent !== undefined) (byOrigin ??= new Map()).set(origin, traceparent);
  }
  if (byOrigin === undefined) return output;
  const outputs = new Map([...output.outputs].map(([topic, records]) => [topic, records.map((each) => {
    const traceparent = byOrigin.get(each.origin);
    return traceparent === undefined ? each : { origin: each.origin, record: { ...each.record, headers: { ...each.record.headers, [traceHeader]: traceparent } } };
  })]));
  return { ...output, outputs };
}
