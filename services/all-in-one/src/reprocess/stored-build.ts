import { resolveCanonicalSet } from '@weir/definitions';
import { lazyState } from '@weir/pipeline';
import type { LmdbOnlineStore } from '@weir/adapters/lmdb';
import type { BackfilledView } from '@weir/contracts';
import type { ReadLane, ShardReplica } from '../replay/shard-replica';
import { viewBuild } from './view-build';

/** What is built: views of a set, in one lane, kept in a folder of the build's own. */
export interface BuildJob {
  readonly folder: string;
  readonly lane: number;
  readonly setJson: string;
  readonly views: readonly BackfilledView[];
}

/** Something that builds a lane's part; it goes on where its folder says. */
export interface Build {
  /** Resolves when the records up to the offset are in the folder. Rejects when it was ended before. One call at a time. */
  advanceTo(offset: number, progress?: (position: number) => void): Promise<void>;
  /** What has been built so far is kept. */
  end(): Promise<void>;
}

/** Records between two writes. */
const recordsPerWrite = 20_000;

/** A build in this thread; other work has its turn between two batches. */
export class StoredBuild implements Build {
  private replica: ShardReplica | undefined;
  private isEnded = false;
  private working: Promise<void> = Promise.resolve();

  /** `store`: the one of the job's folder; whoever opened it closes it. */
  constructor(private readonly job: BuildJob, private readonly store: LmdbOnlineStore, private readonly read: ReadLane) {}

  advanceTo(offset: number, progress?: (position: number) => void): Promise<void> {
    const work = this.advance(offset, progress);
    this.working = work.catch(() => undefined);
    return work;
  }

  async end(): Promise<void> {
    if (this.isEnded) return;
    this.isEnded = true;
    await this.working;
  }

  private async advance(offset: number, progress: ((position: number) => void) | undefined): Promise<void> {
    const { lane, setJson, views } = this.job, { store } = this;
    if (this.replica === undefined) {
      const position = await store.position(lane);
      this.replica = viewBuild({ lane, set: resolveCanonicalSet(setJson), views, read: this.read, start: { position, state: lazyState(store, lane) } });
    }
    const { replica } = this;
    let unwritten = 0;
    const write = async (): Promise<void> => { unwritten = 0; await store.publish(lane, replica.position, replica.takeChanges()); };
    await replica.advanceTo(offset, async (records) => {
      unwritten += records;
      if (unwritten >= recordsPerWrite || this.isEnded) await write();
      progress?.(replica.position);
      if (this.isEnded) throw new Error('the build was ended');
      await new Promise((resume) => { setImmediate(resume); });
    });
    await write();
  }
}
