import type { EventItem, LaneItem } from '@weir/contracts';
import type { ForeignShards } from '@weir/feature-store';
import type { Preparation } from '@weir/pipeline';
import type { ReadStored } from '../backtest/stored-comparison';
import type { ShardReplica } from './shard-replica';

export interface FollowedPositionsOptions {
  readonly lane: number;
  /** By lane; the own one is not asked. */
  readonly replicas: readonly ShardReplica[];
  /** The decisions that were stored. */
  readonly stored: ReadStored;
}

/**
 * The other lanes as each decision saw them when it was taken: replicas that are brought to the positions it recorded. An event whose decision
 * is not stored reads what the one before it read.
 */
export class FollowedPositions implements ForeignShards, Preparation {
  readonly lanes: readonly number[];
  private positions: readonly number[];
  private known: { readonly batch: readonly LaneItem[]; readonly byOffset: ReadonlyMap<number, readonly number[]> } | undefined;

  constructor(private readonly options: FollowedPositionsOptions) {
    this.positions = options.replicas.map(() => -1);
    this.lanes = this.positions.map((_, lane) => lane).filter((lane) => lane !== options.lane);
  }

  concerns(batch: readonly LaneItem[]): boolean { return batch.some(isDecided); }

  /** Up to the next decision that read at other positions. */
  async prepare(batch: readonly LaneItem[], from: number): Promise<number> {
    const byOffset = await this.recordedIn(batch);
    let wanted: readonly number[] | undefined;
    let until = from;
    for (; until < batch.length; until++) {
      const recorded = byOffset.get((batch[until] as LaneItem).offset);
      if (recorded === undefined) continue;
      wanted ??= recorded;
      if (recorded.some((position, lane) => position !== wanted?.[lane])) break;
    }
    if (wanted !== undefined) await this.bring(wanted);
    return until;
  }

  begin(): readonly number[] { return this.positions; }
  shard(lane: number, stateKey: string): Uint8Array | undefined { return this.options.replicas[lane]?.shard(stateKey); }
  now(lane: number, stateKey: string): Uint8Array | undefined { return this.shard(lane, stateKey); }

  private async bring(positions: readonly number[]): Promise<void> {
    for (const lane of this.lanes) {
      const position = positions[lane] ?? -1;
      if (position !== this.options.replicas[lane]?.position) await this.options.replicas[lane]?.advanceTo(position);
    }
    this.positions = positions;
  }

  private async recordedIn(batch: readonly LaneItem[]): Promise<ReadonlyMap<number, readonly number[]>> {
    if (this.known?.batch === batch) return this.known.byOffset;
    const decided = batch.filter(isDecided);
    const rows = await this.options.stored(decided.map(({ offset }) => offset));
    const byOffset = new Map<number, readonly number[]>();
    decided.forEach(({ offset }, index) => {
      const positions = rows[index]?.positions;
      if (positions) byOffset.set(offset, positions);
    });
    this.known = { batch, byOffset };
    return byOffset;
  }
}

const isDecided = (item: LaneItem): item is EventItem => item.kind === 'event' && item.decide;
