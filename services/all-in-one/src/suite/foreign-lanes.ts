import { decisionId, type EventItem, type LaneItem } from '@weir/contracts';
import type { FeatureStage, ForeignShards } from '@weir/feature-store';
import { laneState, type Preparation } from '@weir/pipeline';
import type { DecisionStore, EventLog, OnlineStore } from '@weir/ports';
import { verdictOfRecord, type VerdictRecord } from '@weir/rules';
import { laneReader } from '../replay/lane-reader';
import { ShardReplica, type ShardReplicaOptions } from '../replay/shard-replica';
import { LaneShards, type OwnShards } from './lane-shards';
import { verdictLine } from './verdict-lines';

export interface ForeignLanesOptions {
  readonly log: EventLog;
  readonly online: OnlineStore;
  readonly decisions: Pick<DecisionStore, 'position' | 'byId'>;
  /** What a lane's replica needs to follow back-fills. */
  readonly replicaOf?: (lane: number) => Pick<ShardReplicaOptions, 'features' | 'prepare'>;
  /** The feature stage of each lane, once it is built. */
  readonly stageOf: (lane: number) => FeatureStage | undefined;
}

/**
 * Several lanes of one process that read each other's shards, and what keeps that repeatable: after a crash a decision that was recorded is repeated
 * from its record, and no lane reads another one at a position behind one it has read before. For that, a lane whose position others had read further
 * than its state was stored is run ahead beside (`ShardReplica`) until the lane itself has come so far.
 */
export class ForeignLanes {
  private readonly replicas = new Map<number, ShardReplica>();

  private constructor(private readonly options: ForeignLanesOptions, private readonly starts: readonly number[], private readonly recordedThrough: readonly number[]) {}

  /** Where the lanes start, and how far they had been read: asked before any of them runs. */
  static async open(options: ForeignLanesOptions): Promise<ForeignLanes> {
    const lanes = Array.from({ length: options.log.lanes }, (_, lane) => lane);
    const starts = await Promise.all(lanes.map((lane) => options.online.position(lane)));
    const recordedThrough = await Promise.all(lanes.map((lane) => options.decisions.position(lane)));
    const opened = new ForeignLanes(options, starts, recordedThrough);
    const readAt = starts.map(() => -1);
    for (const lane of lanes) {
      const last = (recordedThrough[lane] ?? -1) < 0 ? undefined : await options.decisions.byId(decisionId({ lane, offset: recordedThrough[lane] ?? 0 }));
      recordOf(last?.json)?.positions?.forEach((position, other) => { readAt[other] = Math.max(readAt[other] ?? -1, position); });
    }
    for (const lane of lanes) if ((readAt[lane] ?? -1) > (starts[lane] ?? -1)) await opened.runAhead(lane, readAt[lane] ?? -1);
    return opened;
  }

  shardsFor(lane: number): ForeignShards { return new LaneShards(lane, this.starts.length, (other) => this.shardsOf(other)); }

  /** Stands in front of a lane's feature stage: decisions that were recorded before a crash are taken from their record. */
  recallFor(lane: number): Preparation {
    return new RecordedVectors(this.recordedThrough[lane] ?? -1, this.options.decisions, () => this.options.stageOf(lane));
  }

  private shardsOf(lane: number): OwnShards {
    const stage = this.options.stageOf(lane);
    const position = Math.max(this.starts[lane] ?? -1, stage?.lastOffset ?? -1);
    const replica = this.replicas.get(lane);
    if (replica !== undefined && replica.position > position) return replica;
    this.replicas.delete(lane);
    return { position, shard: (key) => stage?.shard(key) };
  }

  private async runAhead(lane: number, position: number): Promise<void> {
    const { online, log } = this.options;
    const replica = new ShardReplica({ ...this.options.replicaOf?.(lane), lane, read: laneReader(log), start: { position: this.starts[lane] ?? -1, state: await laneState(online, lane) } });
    await replica.advanceTo(position);
    this.replicas.set(lane, replica);
  }
}

/** Gives events the vector and the positions that their decision recorded. */
class RecordedVectors implements Preparation {
  constructor(private readonly through: number, private readonly decisions: ForeignLanesOptions['decisions'], private readonly stage: () => FeatureStage | undefined) {}

  concerns(batch: readonly LaneItem[]): boolean { return (batch[0]?.offset ?? Infinity) <= this.through; }

  /** Up to the next set of definitions: the vector is laid out by the set in force. */
  async prepare(batch: readonly LaneItem[], from: number): Promise<number> {
    let until = from;
    while (until < batch.length && batch[until++]?.kind !== 'definitions');
    for (const item of batch.slice(from, until)) if (item.kind === 'event' && item.decide && item.offset <= this.through) await this.recall(item);
    return until;
  }

  private async recall(item: EventItem): Promise<void> {
    const record = recordOf((await this.decisions.byId(decisionId(item)))?.json);
    const layout = this.stage()?.plan?.bySource.get(item.event.source)?.layout;
    if (record === undefined || record.positions === null || layout === undefined) return;
    item.vector = verdictOfRecord(record, layout).vector;
    item.positions = record.positions;
  }
}

const recordOf = (json: string | undefined): VerdictRecord | undefined => (json === undefined ? undefined : (JSON.parse(verdictLine(json)) as VerdictRecord)); // a decision as it was stored
