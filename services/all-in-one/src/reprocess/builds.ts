import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LmdbOnlineStore } from '@weir/adapters/lmdb';
import type { BackfilledView, LaneItem } from '@weir/contracts';
import type { ViewRecord } from '@weir/feature-store';
import type { Preparation } from '@weir/pipeline';
import { prepareBackfills } from './replayed-backfills';
import type { Build } from './stored-build';
import { openBuild, type ReadRecords } from './thread-build';

export interface BuildsOptions {
  /** A folder below it for every build. */
  readonly folder: string;
  readonly records: (lane: number) => ReadRecords;
}

/**
 * States built beside the lanes, by the id of their back-fill: a folder each, which stays as long as a view goes back to it. In front of a lane's
 * feature stage they are brought up to the record that switches, so that what is taken over ends where the stream goes on.
 */
export class Builds {
  private readonly storeById = new Map<string, LmdbOnlineStore>();
  private readonly open = new Map<string, Build>();

  constructor(private readonly options: BuildsOptions) {}

  folderOf(id: string): string { return join(this.options.folder, id); }

  /** Goes on where the build's folder says. */
  async advance(of: { readonly id: string; readonly lane: number; readonly setJson: string; readonly views: readonly BackfilledView[] }, offset: number, progress?: (position: number) => void): Promise<void> {
    const key = `${of.id}/${of.lane}`;
    let build = this.open.get(key);
    if (build === undefined) this.open.set(key, (build = openBuild({ folder: this.folderOf(of.id), lane: of.lane, setJson: of.setJson, views: of.views }, () => this.opened(of.id), this.options.records(of.lane))));
    await build.advanceTo(offset, progress);
  }

  /** Ends what builds; what has been built stays. */
  async end(id: string): Promise<void> {
    const mine = [...this.open].filter(([key]) => key.startsWith(`${id}/`));
    for (const [key] of mine) this.open.delete(key);
    await Promise.all(mine.map(([, build]) => build.end()));
  }

  /** Forgets a build that no view goes back to. */
  async remove(id: string): Promise<void> {
    await this.end(id);
    await this.storeById.get(id)?.close();
    this.storeById.delete(id);
    await rm(this.folderOf(id), { recursive: true, force: true });
  }

  preparationFor(lane: number): Preparation {
    return {
      concerns: (batch) => batch.some((item: LaneItem) => item.kind === 'definitions' && item.backfill !== undefined),
      prepare: (batch, from) => prepareBackfills(batch, from, async ({ backfill, json, offset }) => {
        const { id, views } = backfill;
        if (offset > 0 && ((await this.store(id)?.position(lane)) ?? -1) < offset - 1) await this.advance({ id, lane, setJson: json, views }, offset - 1);
        await this.end(id);
      }),
    };
  }

  builtFor(lane: number): (id: string, stateKey: string) => Uint8Array | undefined {
    return (id, stateKey) => this.store(id)?.readSync(lane, [stateKey])[0];
  }

  /** Whether a view's build is here, up to the record that brought it. */
  async isWhole(lane: number, { built, epoch }: ViewRecord): Promise<boolean> { return built !== undefined && ((await this.store(built.id)?.position(lane)) ?? -1) >= epoch - 1; }

  /** Everything of a build in a lane, to go on from elsewhere, and the record it is of. */
  async whole(id: string, lane: number): Promise<{ readonly position: number; readonly entries: Iterable<readonly [stateKey: string, value: Uint8Array]> }> {
    const store = this.store(id);
    return { position: (await store?.position(lane)) ?? -1, entries: store?.scanSync(lane, '') ?? [] };
  }

  /** State keys of a view in a build, and what it has of them. */
  entries(id: string, lane: number, view: string): Iterable<readonly [stateKey: string, shard: Uint8Array]> { return this.store(id)?.scanSync(lane, `fs/${view}/`) ?? []; }

  async close(): Promise<void> {
    await Promise.all([...this.open.values()].map((build) => build.end()));
    this.open.clear();
    await Promise.all([...this.storeById.values()].map((store) => store.close()));
    this.storeById.clear();
  }

  private store(id: string): LmdbOnlineStore | undefined { return this.storeById.has(id) || existsSync(this.folderOf(id)) ? this.opened(id) : undefined; }

  private opened(id: string): LmdbOnlineStore {
    let store = this.storeById.get(id);
    if (store === undefined) this.storeById.set(id, (store = new LmdbOnlineStore({ path: this.folderOf(id) })));
    return store;
  }
}
