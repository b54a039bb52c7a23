import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { LmdbOnlineStore } from '@weir/adapters/lmdb';
import { lowerPriority } from '@weir/adapters/threads';
import { unpackRecords, type RecordPack } from './record-pack';
import { StoredBuild, type BuildJob } from './stored-build';

/** What the thread is told, and what it tells. */
export type ToBuild = { readonly kind: 'advance'; readonly offset: number } | { readonly kind: 'records'; readonly pack: RecordPack } | { readonly kind: 'end' };
export type FromBuild =
  | { readonly kind: 'read'; readonly fromOffset: number; readonly max: number } | { readonly kind: 'progress'; readonly position: number }
  | { readonly kind: 'reached'; readonly offset: number } | { readonly kind: 'failed'; readonly message: string } | { readonly kind: 'ended' };

/** How far below live traffic it runs. */
const niceness = 15;

function run(port: MessagePort, job: BuildJob): void {
  lowerPriority(niceness);
  const say = (message: FromBuild): void => { port.postMessage(message); };
  let given: ((pack: RecordPack) => void) | undefined;
  const store = new LmdbOnlineStore({ path: job.folder });
  const build = new StoredBuild(job, store, async (lane, fromOffset, max) => {
    const pack = await new Promise<RecordPack>((resolve) => { given = resolve; say({ kind: 'read', fromOffset, max }); });
    return [...unpackRecords(lane, pack)];
  });
  port.on('message', (message: ToBuild) => {
    switch (message.kind) {
      case 'records': given?.(message.pack); break;
      case 'advance':
        build.advanceTo(message.offset, (position) => { say({ kind: 'progress', position }); }).then(
          () => { say({ kind: 'reached', offset: message.offset }); },
          (error: unknown) => { say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }); },
        );
        break;
      case 'end': void build.end().then(() => store.close()).then(() => { say({ kind: 'ended' }); port.close(); });
    }
  });
}

if (parentPort !== null) run(parentPort, workerData as BuildJob); // posted by ThreadBuild alone
