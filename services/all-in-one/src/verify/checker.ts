import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ReadLane } from '../replay/shard-replica';
import type { CheckJob, FromCheck, ToCheck } from './check-thread';
import { checkLane, type CheckOrder, type KeyCheck } from './lane-check';

/** Computes states again, one order after the other. */
export interface Checker {
  check(order: CheckOrder): Promise<readonly KeyCheck[]>;
  close(): Promise<void>;
  /** CPU time that it took so far, µs. */
  readonly cpuMicros: number;
}

const heapMb = 1_024;
const workerPath = join(__dirname, 'check-thread.js');

/** In a thread of low priority, which reads the log for itself; in this one where the code runs uncompiled. */
export const openChecker = (job: CheckJob, read: ReadLane): Checker => (existsSync(workerPath) ? new ThreadChecker(job) : new LocalChecker(read));

class LocalChecker implements Checker {
  readonly cpuMicros = 0;
  private readonly abort = new AbortController();

  constructor(private readonly read: ReadLane) {}

  check(order: CheckOrder): Promise<readonly KeyCheck[]> { return checkLane(order, this.read, this.abort.signal); }

  close(): Promise<void> {
    this.abort.abort();
    return Promise.resolve();
  }
}

class ThreadChecker implements Checker {
  cpuMicros = 0;
  private worker: Worker | undefined;
  private waiting: { readonly resolve: (keys: readonly KeyCheck[]) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(private readonly job: CheckJob) {}

  check(order: CheckOrder): Promise<readonly KeyCheck[]> {
    const worker = this.started();
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      worker.postMessage({ kind: 'check', order } satisfies ToCheck);
    });
  }

  async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  /** Begun when it is first needed, and anew after it ended. */
  private started(): Worker {
    if (this.worker !== undefined) return this.worker;
    const worker = new Worker(workerPath, { workerData: this.job, resourceLimits: { maxOldGenerationSizeMb: heapMb } });
    worker.on('message', (message: FromCheck) => { this.take(message); });
    worker.on('error', (error) => { this.fail(error instanceof Error ? error : new Error(String(error))); });
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = undefined;
      this.fail(new Error('the thread that checks served values ended'));
    });
    return (this.worker = worker);
  }

  private take(message: FromCheck): void {
    if (message.kind === 'failed') return this.fail(new Error(message.message));
    this.cpuMicros += message.cpuMicros;
    this.waiting?.resolve(message.keys);
    this.waiting = undefined;
  }

  private fail(error: Error): void {
    this.waiting?.reject(error);
    this.waiting = undefined;
  }
}
