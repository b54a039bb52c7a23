import { Worker } from 'node:worker_threads';
import type { LmdbOnlineStore } from '@weir/adapters/lmdb';
import { builtWorker } from '@weir/adapters/threads';
import type { LogRecord } from '@weir/ports';
import { decodeRawRecord } from '@weir/pipeline';
import { buffersOf, packRecords } from './record-pack';
import type { FromBuild, ToBuild } from './build-worker';
import { StoredBuild, type Build, type BuildJob } from './stored-build';

/** Records of the build's lane, as the log keeps them. */
export type ReadRecords = (fromOffset: number, max: number) => Promise<readonly LogRecord[]>;

/** A build in a thread of its own, which opens the folder for itself; in this one, with this store of the folder, where the code runs uncompiled. */
export function openBuild(job: BuildJob, store: () => LmdbOnlineStore, read: ReadRecords): Build {
  const built = builtWorker(__dirname, 'build-worker');
  if (built !== undefined) return new ThreadBuild(built, job, read);
  return new StoredBuild(job, store(), async (lane, fromOffset, max) => (await read(fromOffset, max)).map((record) => decodeRawRecord(lane, record)));
}

class ThreadBuild implements Build {
  private readonly worker: Worker;
  private waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void; readonly progress: ((position: number) => void) | undefined } | undefined;
  private readonly ended: Promise<void>;

  constructor(built: string, job: BuildJob, private readonly read: ReadRecords) {
    this.worker = new Worker(built, { workerData: job });
    this.worker.on('message', (message: FromBuild) => { this.take(message).catch((error: unknown) => { this.fail(error instanceof Error ? error : new Error(String(error))); }); });
    this.worker.on('error', (error) => { this.fail(error instanceof Error ? error : new Error(String(error))); });
    this.ended = new Promise((resolve) => { this.worker.on('exit', () => { this.fail(new Error('the build was ended')); resolve(); }); });
  }

  advanceTo(offset: number, progress?: (position: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject, progress };
      this.say({ kind: 'advance', offset });
    });
  }

  async end(): Promise<void> {
    this.say({ kind: 'end' });
    await this.ended;
  }

  private async take(message: FromBuild): Promise<void> {
    switch (message.kind) {
      case 'read': {
        const pack = packRecords(await this.read(message.fromOffset, message.max));
        this.worker.postMessage({ kind: 'records', pack } satisfies ToBuild, buffersOf(pack));
        break;
      }
      case 'progress': this.waiting?.progress?.(message.position); break;
      case 'reached': this.waiting?.resolve(); break;
      case 'failed': this.fail(new Error(message.message)); break;
      case 'ended': await this.worker.terminate();
    }
  }

  private fail(error: Error): void { this.waiting?.reject(error); }
  private say(message: ToBuild): void { this.worker.postMessage(message); }
}
