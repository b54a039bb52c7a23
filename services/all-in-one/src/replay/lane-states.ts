import { readViewRecords, viewRecordsKey, viewSetKey, type FeatureStage, type ViewRecord } from '@weir/feature-store';
import type { OnlineStore } from '@weir/ports';

/** Some states of a lane, all as of one record. */
export interface SampledStates {
  /** Last record whose effects they have. */
  readonly position: number;
  readonly setJson: string;
  readonly records: readonly ViewRecord[];
  readonly shardByKey: ReadonlyMap<string, Uint8Array>;
}

/** The states of a lane as they are served, for who compares them with the log. */
export interface LaneStates {
  /** What is remembered of each view. */
  records(): Promise<readonly ViewRecord[]>;
  /** In the order of the keys; undefined for none. */
  shards(stateKeys: readonly string[]): Promise<ReadonlyArray<Uint8Array | undefined>>;
  /** A few, other ones for another `turn`; undefined before there are any. */
  sample(max: number, turn: number): Promise<SampledStates | undefined>;
}

/** Of a stage in this process. */
export class StageStates implements LaneStates {
  constructor(private readonly stage: FeatureStage) {}

  records(): Promise<readonly ViewRecord[]> { return Promise.resolve(this.stage.viewRecords); }
  shards(stateKeys: readonly string[]): Promise<ReadonlyArray<Uint8Array | undefined>> { return Promise.resolve(stateKeys.map((key) => this.stage.shard(key))); }

  sample(max: number, turn: number): Promise<SampledStates | undefined> {
    const { stage } = this, setJson = stage.plan?.set.canonicalJson, shardByKey = new Map<string, Uint8Array>();
    if (setJson === undefined || stage.lastOffset < 0) return Promise.resolve(undefined);
    for (const key of stage.someStateKeys(max, turn)) { const shard = stage.shard(key); if (shard !== undefined) shardByKey.set(key, shard); }
    return Promise.resolve({ position: stage.lastOffset, setJson, records: stage.viewRecords, shardByKey });
  }
}

/** A store that can name some of its keys. */
export type SampledStore = OnlineStore & { someKeys(lane: number, max: number, turn: number): Promise<readonly string[]> };

/** As the feature store published them, which is what everybody reads where services are apart. */
export class PublishedStates implements LaneStates {
  constructor(private readonly store: SampledStore, private readonly lane: number) {}

  async records(): Promise<readonly ViewRecord[]> {
    const [bytes] = await this.store.read(this.lane, [viewRecordsKey]);
    return bytes === undefined ? [] : readViewRecords(bytes);
  }

  shards(stateKeys: readonly string[]): Promise<ReadonlyArray<Uint8Array | undefined>> { return this.store.read(this.lane, stateKeys); }

  async sample(max: number, turn: number): Promise<SampledStates | undefined> {
    const keys = (await this.store.someKeys(this.lane, max, turn)).filter((key) => key.startsWith('fs/') && !key.startsWith('fs/-/'));
    const [read] = await this.store.readWithPosition([this.lane], [viewSetKey, viewRecordsKey, ...keys]);
    const [set, views, ...values] = read?.values ?? [];
    if (read === undefined || set === undefined || views === undefined) return undefined;
    const shardByKey = new Map(values.flatMap((value, index) => (value === undefined ? [] : [[keys[index] ?? '', value] as const])));
    return { position: read.position, setJson: Buffer.from(set).toString('utf8'), records: readViewRecords(views), shardByKey };
  }
}
