import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { errorCodes, WeirError, type ErrorCode } from '@weir/contracts';
import type { EventLog } from '@weir/ports';
import { buffersOf, packRecords } from './record-pack';
import type { DecisionDetail, Side, SideBatch, SideTotals } from './side-batch';
import type { FromSide, SideJob, ToSide } from './side-job';
import type { ReadStored } from './stored-comparison';

/** Where a side in a thread gets what it cannot read itself. */
export interface SideFeed { readonly log: EventLog | undefined; readonly stored: ReadStored | undefined }

/** A side in a thread of its own. It waits until its batch has been used, so that its decisions can still be asked for. */
export class ThreadSide implements Side {
  private readonly worker: Worker;
  private readonly batches: SideBatch[] = [];
  private ended: SideTotals | undefined;
  private failure: Error | undefined;
  private wake: (() => void) | undefined;
  private toldDetails: ((details: readonly DecisionDetail[]) => void) | undefined;
  private isOut = false;

  constructor(private readonly job: SideJob, private readonly feed: SideFeed) {
    this.worker = new Worker(join(__dirname, 'side-worker.js'), { workerData: job });
    this.worker.on('message', (message: FromSide) => { this.take(message).catch((error: unknown) => { this.fail(error instanceof Error ? error : new Error(String(error))); }); });
    this.worker.on('error', (error) => { this.fail(error instanceof Error ? error : new Error(String(error))); });
    this.worker.on('exit', (code) => { if (this.ended === undefined) this.fail(new Error(`the side's thread ended early (${code})`)); });
  }

  async next(): Promise<SideBatch | undefined> {
    if (this.isOut) this.say({ kind: 'next' });
    this.isOut = false;
    for (;;) {
      const batch = this.batches.shift();
      if (batch !== undefined) { this.isOut = true; return batch; }
      if (this.failure !== undefined) throw this.failure;
      if (this.ended !== undefined) return undefined;
      await this.woken();
    }
  }

  async details(offsets: readonly number[]): Promise<readonly DecisionDetail[]> {
    if (this.failure !== undefined) throw this.failure;
    return new Promise((resolve, reject) => {
      this.toldDetails = resolve;
      this.wake = () => { if (this.failure !== undefined) reject(this.failure); };
      this.say({ kind: 'details', offsets });
    });
  }

  totals(): Promise<SideTotals> {
    return this.ended === undefined ? Promise.reject(this.failure ?? new Error('the side is not at its end')) : Promise.resolve(this.ended);
  }

  async close(): Promise<void> {
    this.ended ??= { decided: 0, quarantined: 0, duplicates: 0, setIds: [], rules: new Map(), stored: undefined };
    await this.worker.terminate();
  }

  private woken(): Promise<void> { return new Promise((resolve) => { this.wake = resolve; }); }

  private async take(message: FromSide): Promise<void> {
    switch (message.kind) {
      case 'batch': this.batches.push(message.batch); this.wake?.(); break;
      case 'end': this.ended = message.totals; this.wake?.(); break;
      case 'failed': this.fail(errorOf(message)); break;
      case 'details': this.toldDetails?.(message.details); break;
      case 'read': {
        const pack = packRecords(await this.given(this.feed.log).read('transactions.raw', message.lane, message.fromOffset, message.max));
        this.worker.postMessage({ kind: 'records', lane: message.lane, pack } satisfies ToSide, buffersOf(pack));
        break;
      }
      case 'stored': this.say({ kind: 'stored', rows: await this.given(this.feed.stored)(message.question) });
    }
  }

  private given<T>(part: T | undefined): T {
    if (part === undefined) throw new Error('the side asked for what it was not given');
    return part;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
  }

  private say(message: ToSide): void { this.worker.postMessage(message); }
}

function errorOf({ message, code, findings }: Extract<FromSide, { kind: 'failed' }>): Error {
  const known = errorCodes.find((each): each is ErrorCode => each === code);
  return known === undefined ? new Error(message) : new WeirError(known, message, { findings });
}
