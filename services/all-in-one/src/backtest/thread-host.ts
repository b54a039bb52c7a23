import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker, type MessagePort } from 'node:worker_threads';
import { WeirError } from '@weir/contracts';
import { errorOf } from './failure';
import type { FromThread, PairAnswers, SideAnswers, ThreadJob, ToThread } from './side-job';

/** How long a thread that is through may take to close what it reads: cut off in the midst of that, LMDB's binding ends the whole process. */
const leavesWithinMs = 10_000;

/** A thread of a back-test as the thread that started it sees it. It waits until its batch has been used, so that its decisions can still be asked for. */
export class ThreadHost<Answers extends SideAnswers | PairAnswers> {
  private readonly worker: Worker;
  private readonly batches: Answers['batch'][] = [];
  private ended: { readonly totals: Answers['totals'] | undefined } | undefined;
  private failure: Error | undefined;
  private wake: (() => void) | undefined;
  private toldDetails: ((details: Answers['details']) => void) | undefined;
  private heard: ((error: Error) => void) | undefined;
  private isOut = false;
  private isLeaving = false;
  private readonly exited: Promise<unknown>;

  constructor(job: ThreadJob, handedOver: readonly MessagePort[] = []) {
    this.worker = new Worker(join(__dirname, 'thread-worker.js'), { workerData: job, transferList: [...handedOver], resourceLimits: { maxOldGenerationSizeMb: job.memoryMbMax } });
    this.exited = new Promise((resolve) => { this.worker.once('exit', resolve); });
    this.worker.on('message', (message: FromThread<Answers>) => { this.take(message); });
    this.worker.on('error', (error) => { this.fail(outOfMemory(error) ? new WeirError('WEIR_LIMIT_REACHED', `the back-test needs more than the ${job.memoryMbMax} MB that it may take`) : error instanceof Error ? error : new Error(String(error))); });
    this.worker.on('exit', (code) => { if (this.ended === undefined) this.fail(new Error(`a thread of the back-test ended early (${code})`)); });
  }

  async next(): Promise<Answers['batch'] | undefined> {
    if (this.isOut) this.say({ kind: 'next' });
    this.isOut = false;
    for (;;) {
      const batch = this.batches.shift();
      if (batch !== undefined) { this.isOut = true; return batch; }
      if (this.failure !== undefined) throw this.failure;
      if (this.ended !== undefined) return undefined;
      await new Promise<void>((resolve) => { this.wake = resolve; });
    }
  }

  async details(offsets: readonly number[]): Promise<Answers['details']> {
    if (this.failure !== undefined) throw this.failure;
    return new Promise((resolve, reject) => {
      this.toldDetails = resolve;
      this.wake = () => { if (this.failure !== undefined) reject(this.failure); };
      this.say({ kind: 'details', offsets });
    });
  }

  totals(): Promise<Answers['totals']> {
    const totals = this.ended?.totals;
    return totals === undefined ? Promise.reject(this.failure ?? new Error('the thread is not at its end')) : Promise.resolve(totals);
  }

  /** Ends whoever waits on it, for another thread that it works with has failed. */
  fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
    this.heard?.(error);
  }

  /** Called when it fails. */
  onFailure(listener: (error: Error) => void): void { this.heard = listener; }

  /** A thread that is through closes what it reads, and exits; another is cut off. */
  async close(): Promise<void> {
    this.ended ??= { totals: undefined };
    if (this.isLeaving) await Promise.race([this.exited, sleep(leavesWithinMs, undefined, { ref: false })]);
    await this.worker.terminate();
  }

  private take(message: FromThread<Answers>): void {
    this.isLeaving ||= message.kind === 'end' || message.kind === 'failed';
    switch (message.kind) {
      case 'batch': this.batches.push(message.batch); this.wake?.(); break;
      case 'end': this.ended = { totals: message.totals }; this.wake?.(); break;
      case 'failed': this.fail(errorOf(message)); break;
      case 'details': this.toldDetails?.(message.details);
    }
  }

  private say(message: ToThread): void { this.worker.postMessage(message); }
}

const outOfMemory = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
