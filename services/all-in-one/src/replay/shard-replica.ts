import { WeirError, type LaneItem, type RawRecord } from '@weir/contracts';
import { resolveCanonicalSet } from '@weir/definitions';
import { FeatureStage } from '@weir/feature-store';
import { IngestStage } from '@weir/ingest';
import { emptyState, itemsOf, type Stage, type StageState } from '@weir/pipeline';

/** Records of a lane from an offset on, at most so many, in order; empty at its end. */
export type ReadLane = (lane: number, fromOffset: number, max: number) => Promise<readonly RawRecord[]>;

export interface ShardReplicaOptions {
  readonly lane: number;
  readonly read: ReadLane;
  /** State to begin from, and the offset it is of; default: the lane's beginning. */
  readonly start?: { readonly position: number; readonly stateOf: (stage: string) => Promise<StageState> };
  /** What stands in front of the stage, e.g. to have back-filled states ready. */
  readonly around?: (features: FeatureStage) => Stage<LaneItem, LaneItem>;
}

const batchMax = 2_048;

/** A lane's own shards at a position, from its log alone: what other lanes read of it, at the position they read it at. */
export class ShardReplica {
  private ingest = new IngestStage({ resolveSet: resolveCanonicalSet });
  private features: FeatureStage;
  private stage: Stage<LaneItem, LaneItem>;
  private next = -1;

  constructor(private readonly options: ShardReplicaOptions) {
    this.features = new FeatureStage({ lane: options.lane, effectsOnly: true });
    this.stage = options.around?.(this.features) ?? this.features;
  }

  /** Offset of the last record whose effects are in the shards. */
  get position(): number { return Math.max(this.next, 0) - 1; }

  /** Goes on to the offset; back only by beginning anew. @throws WeirError WEIR_LOG_FAILED when the lane ends before it. */
  async advanceTo(offset: number): Promise<void> {
    if (this.next < 0 || offset < this.position) await this.begin();
    if (offset < this.position) throw new WeirError('WEIR_LOG_FAILED', `lane ${this.options.lane} was asked for its shards at ${offset}, and begins at ${this.position}`);
    while (this.next <= offset) {
      const records = await this.options.read(this.options.lane, this.next, Math.min(batchMax, offset + 1 - this.next));
      const last = records.at(-1);
      if (last === undefined) throw new WeirError('WEIR_LOG_FAILED', `lane ${this.options.lane} ends at ${this.next}, and a decision read it at ${offset}`);
      await this.stage.process(itemsOf(this.ingest.process(records)));
      this.next = last.offset + 1;
    }
  }

  shard(stateKey: string): Uint8Array | undefined { return this.features.shard(stateKey); }

  private async begin(): Promise<void> {
    const { start } = this.options;
    await this.ingest.restore(start === undefined ? emptyState : await start.stateOf(this.ingest.name));
    await this.stage.restore(start === undefined ? emptyState : await start.stateOf(this.stage.name));
    this.next = (start?.position ?? -1) + 1;
  }
}
