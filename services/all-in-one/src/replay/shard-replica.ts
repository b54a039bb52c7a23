import { WeirError, type LaneItem, type RawRecord } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import { FeatureStage, type FeatureStageOptions } from '@weir/feature-store';
import { IngestStage } from '@weir/ingest';
import { emptyState, itemsOf, PreparedStage, type Preparation, type Stage, type StageState } from '@weir/pipeline';

/** Records of a lane from an offset on, at most so many, in order; empty at its end. */
export type ReadLane = (lane: number, fromOffset: number, max: number) => Promise<readonly RawRecord[]>;

/** Those of a reading that stand before an offset: a lane may begin behind the offset that was asked for (its number of lanes was changed, or its older half is gone), and a reading of so many records then ends behind it too. */
export function recordsBefore<T extends { readonly offset: number }>(read: readonly T[], endOffset: number): readonly T[] {
  const last = read.at(-1);
  return last === undefined || last.offset < endOffset ? read : read.filter(({ offset }) => offset < endOffset);
}

export interface ShardReplicaOptions {
  readonly lane: number;
  readonly read: ReadLane;
  /** The lane's state to begin from, and the offset it is of; default: the lane's beginning. */
  readonly start?: { readonly position: number; readonly state: StageState };
  /** Records taken at a stretch. */
  readonly batchMax?: number;
  /** More options of its feature stage. */
  readonly features?: Omit<FeatureStageOptions, 'lane' | 'effectsOnly'>;
  /** What stands in front of that stage, e.g. to have back-filled states ready. */
  readonly prepare?: readonly Preparation[];
  /** What the stage gets in place of the lane's items; told of the set that is in force where it begins. */
  readonly input?: { use(set: DefinitionSet): void; adapt(items: readonly LaneItem[]): LaneItem[] };
}

const batchDefault = 2_048;

/** A lane's own shards at a position, from its log alone: what other lanes read of it, at the position they read it at. */
export class ShardReplica {
  private readonly ingest = new IngestStage({ resolveSet: resolveCanonicalSet });
  private readonly features: FeatureStage;
  private readonly stage: Stage<LaneItem, LaneItem>;
  private next = -1;

  constructor(private readonly options: ShardReplicaOptions) {
    this.features = new FeatureStage({ ...options.features, lane: options.lane, effectsOnly: true });
    this.stage = options.prepare === undefined ? this.features : new PreparedStage(this.features, options.prepare);
  }

  /** Offset of the last record whose effects are in the shards. */
  get position(): number { return Math.max(this.next, 0) - 1; }

  /** Goes on to the offset; back only by beginning anew. `progress` is told of every batch and may let it wait, or end it by throwing. @throws WeirError WEIR_LOG_FAILED when the lane ends before it. */
  async advanceTo(offset: number, progress?: (records: number) => Promise<void> | undefined): Promise<void> {
    if (this.next < 0 || offset < this.position) await this.begin();
    if (offset < this.position) throw new WeirError('WEIR_LOG_FAILED', `lane ${this.options.lane} was asked for its shards at ${offset}, and begins at ${this.position}`);
    while (this.next <= offset) {
      const read = await this.options.read(this.options.lane, this.next, Math.min(this.options.batchMax ?? batchDefault, offset + 1 - this.next));
      if (read.length === 0) throw new WeirError('WEIR_LOG_FAILED', `lane ${this.options.lane} ends at ${this.next}, and a decision read it at ${offset}`);
      const records = recordsBefore(read, offset + 1), last = records.at(-1);
      const items = itemsOf(this.ingest.process(records));
      await this.stage.process(this.options.input?.adapt(items) ?? items);
      this.next = (last?.offset ?? offset) + 1;
      await progress?.(records.length);
    }
  }

  shard(stateKey: string): Uint8Array | undefined { return this.features.shard(stateKey); }

  /** What changed since the last call, to begin from its `position` again. */
  *takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    yield* this.ingest.takeChanges();
    yield* this.stage.takeChanges();
  }

  private async begin(): Promise<void> {
    const { start } = this.options, state = start?.state ?? emptyState;
    await this.ingest.restore(state);
    await this.stage.restore(state);
    if (this.ingest.setJson !== undefined) this.options.input?.use(resolveCanonicalSet(this.ingest.setJson));
    this.next = (start?.position ?? -1) + 1;
  }
}
