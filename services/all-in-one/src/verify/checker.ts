import { Worker } from 'node:worker_threads';
import { builtWorker, OrderedThread } from '@weir/adapters/threads';
import type { ReadLane } from '../replay/shard-replica';
import type { Checked, CheckJob } from './check-thread';
import { checkLane, type CheckOrder, type KeyCheck } from './lane-check';

/** Computes states again, one order after the other. */
export interface Checker {
  check(order: CheckOrder): Promise<readonly KeyCheck[]>;
  close(): Promise<void>;
  /** CPU time that it took so far, µs. */
  readonly cpuMicros: number;
}

const heapMb = 1_024;

/** In a thread of low priority, which reads the log for itself; in this one where the code runs uncompiled. */
export function openChecker(job: CheckJob, read: ReadLane): Checker {
  const built = builtWorker(__dirname, 'check-thread');
  return built === undefined ? new LocalChecker(read) : new ThreadChecker(built, job);
}

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
  private thread: OrderedThread<CheckOrder, Checked> | undefined;

  constructor(private readonly built: string, private readonly job: CheckJob) {}

  async check(order: CheckOrder): Promise<readonly KeyCheck[]> {
    // Begun when it is first needed, and anew after it ended.
    if (this.thread === undefined || this.thread.isGone) this.thread = this.start();
    const checked = await this.thread.ask(order);
    if ('error' in checked) throw new Error(checked.error);
    this.cpuMicros += checked.cpuMicros;
    return checked.keys;
  }

  async close(): Promise<void> { await this.thread?.terminate(); }

  private start(): OrderedThread<CheckOrder, Checked> {
    return new OrderedThread(new Worker(this.built, { workerData: this.job, resourceLimits: { maxOldGenerationSizeMb: heapMb } }), 'the thread that checks served values');
  }
}
