import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LmdbOutcomeLog } from '@weir/adapters/lmdb';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import { builtWorker } from '@weir/adapters/threads';
import { WeirError } from '@weir/contracts';
import type { Sink, TakenBatch } from '@weir/pipeline';
import type { Logger, Metrics } from '@weir/platform';
import type { EventLog } from '@weir/ports';
import { HistoryLoop, type FromHistory, type HistoryJob, type ToHistory } from './history-job';
import { HistoryWork } from './history-work';
import { OutcomeSink } from './outcome-sink';

export interface HistoryServiceOptions { readonly job: HistoryJob; readonly log: EventLog; readonly logger: Logger; readonly metrics: Metrics }

/** What is there of a lane, and how far it is behind the log. */
export interface HistoryLaneStatus { readonly lane: number; readonly first: number; readonly last: number; readonly files: number; readonly bytes: number; readonly days: number; readonly lag: number }

const restartMs = 5_000;
/** How long the end waits for what is not in files yet; it comes from where it was read at the next start. */
const stopMs = 5_000;
const heapMb = 512;

/** The writing of history as the suite sees it: a thread that reads what lanes leave behind. Lanes never wait for it. */
export class HistoryService {
  private readonly outcomes: LmdbOutcomeLog;
  private readonly waiting = new Map<number, { readonly resolve: (result: number) => void; readonly reject: (error: Error) => void }>();
  private tell: ((message: ToHistory) => void) | undefined;
  private worker: Worker | undefined;
  private asked = 0;
  private isStopping = false;
  /** CPU time of the thread so far, µs. */
  cpuMicros = 0;
  private readonly positions;
  private readonly failures;
  private readonly cpuSeconds;

  constructor(private readonly options: HistoryServiceOptions) {
    this.outcomes = new LmdbOutcomeLog(join(options.job.dataDir, 'outcomes'));
    this.positions = options.metrics.gauge({ service: 'history', noun: 'position', help: 'Last record of the lane that is in files.', labels: ['lane'] }, 'offset');
    this.failures = options.metrics.counter({ service: 'history', noun: 'failures', help: 'Times that writing history failed; it is tried again.' });
    this.cpuSeconds = options.metrics.counter({ service: 'history', noun: 'cpu_seconds', help: 'CPU time of the thread that writes history.' });
  }

  get path(): string { return this.options.job.path; }

  start(): void {
    if (this.isStopping) return;
    const thread = builtWorker(__dirname, 'history-thread'), { job } = this.options;
    if (thread === undefined) { // run from its source: in this thread
      const loop = new HistoryLoop(job, (message) => { this.hear(message); });
      this.tell = (message) => { loop.take(message); };
      return this.wake();
    }
    const worker = new Worker(thread, { workerData: job, resourceLimits: { maxOldGenerationSizeMb: heapMb } });
    this.worker = worker;
    this.tell = (message) => { worker.postMessage(message); };
    worker.on('message', (message: FromHistory) => { this.hear(message); });
    worker.on('error', (error) => { this.hear({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }); });
    worker.on('exit', () => { this.ended(); });
  }

  /** The sink of a lane. */
  sink(lane: number, entitiesOf: (batch: TakenBatch, offset: number) => readonly string[]): Sink {
    return new OutcomeSink(lane, this.outcomes, { entitiesOf, written: () => { this.wake(); } });
  }

  /** What keeps the outcomes of a lane where no stage of this process does. */
  work(lane: number): HistoryWork { return new HistoryWork({ lane, outcomes: this.outcomes, written: () => { this.wake(); } }); }
  /** Last record whose outcome is kept. */
  kept(lane: number): number { return this.outcomes.last(lane); }
  /** Something that history needs failed. */
  failed(): void { this.failures.inc({}); }

  /** Everything whose outcome is kept is in files. @throws WeirError WEIR_HISTORY_FAILED. */
  async flush(): Promise<void> { await this.ask('flush'); }
  /** Joins small files; gives how many there are less. */
  compact(): Promise<number> { return this.ask('compact'); }

  async lanes(): Promise<HistoryLaneStatus[]> {
    const { job, log } = this.options, store = new ParquetOfflineStore({ path: job.path, readOnly: true });
    const known = new Map(store.lanes().map((each) => [each.lane, each]));
    return Promise.all(Array.from({ length: job.lanes }, async (_, lane) => {
      const { next } = await log.bounds('transactions.raw', lane), { last = -1, ...there } = known.get(lane) ?? { lane, first: -1, files: 0, bytes: 0, days: 0 };
      return { ...there, last, lag: Math.max(0, next - 1 - last) };
    }));
  }

  /** Last record of a lane that is in files, on the disk; -1 for none. */
  position(lane: number): Promise<number> { return new ParquetOfflineStore({ path: this.options.job.path, readOnly: true }).position(lane); }

  async stop(): Promise<void> {
    this.isStopping = true;
    if (this.tell !== undefined) {
      const done = this.ask('stop').catch(() => 0);
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([done, new Promise((resolve) => { timer = setTimeout(resolve, stopMs); })]);
      clearTimeout(timer);
      await this.worker?.terminate();
    }
    await this.outcomes.close();
  }

  private wake(): void { this.tell?.({ kind: 'wake' }); }

  private ask(kind: 'flush' | 'compact' | 'stop'): Promise<number> {
    const { tell } = this, id = ++this.asked;
    if (tell === undefined) return Promise.reject(new WeirError('WEIR_HISTORY_FAILED', 'history is not being written at the moment', { retriable: true }));
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      tell({ kind, id });
    });
  }

  private hear(message: FromHistory): void {
    switch (message.kind) {
      case 'written':
        this.positions.set({ lane: String(message.lane) }, message.position);
        if (!this.isStopping) this.outcomes.forget(message.lane, message.position + 1).catch((error: unknown) => { this.options.logger.warn({ err: error }, 'outcomes that history has could not be forgotten'); });
        break;
      case 'done': {
        const waiter = this.waiting.get(message.id);
        this.waiting.delete(message.id);
        if (message.error === undefined) waiter?.resolve(message.result);
        else waiter?.reject(new WeirError('WEIR_HISTORY_FAILED', message.error, { retriable: true }));
        break;
      }
      case 'failed':
        this.failures.inc({});
        this.options.logger.error({ reason: message.message }, 'history could not be written; it is tried again');
        break;
      case 'used':
        this.cpuMicros += message.cpuMicros;
        this.cpuSeconds.inc({}, message.cpuMicros / 1e6);
    }
  }

  private ended(): void {
    this.tell = undefined;
    for (const { reject } of this.waiting.values()) reject(new WeirError('WEIR_HISTORY_FAILED', 'the thread that writes history ended', { retriable: true }));
    this.waiting.clear();
    if (!this.isStopping) setTimeout(() => { this.start(); }, restartMs).unref();
  }
}
