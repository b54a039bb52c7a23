import type { OnlineStore } from '@weir/ports';
import type { ForeignShards } from './foreign-shards';

/** Shards of the other lanes as their owners published them: position and values of a lane are of one moment. */
export class StoredShards implements ForeignShards {
  readonly lanes: readonly number[];
  private positions: readonly number[] = [];
  private valuesByLane: ReadonlyArray<ReadonlyMap<string, Uint8Array>> = [];

  constructor(private readonly store: OnlineStore, private readonly own: number, private readonly laneCount: number) {
    this.lanes = Array.from({ length: laneCount }, (_, lane) => lane).filter((lane) => lane !== own);
  }

  /** Reads all that a batch will ask for, one round trip a lane. */
  async fetch(stateKeys: readonly string[]): Promise<void> {
    const read = await this.store.readWithPosition(this.lanes, stateKeys);
    const positions = new Array<number>(this.laneCount).fill(-1), values = Array.from({ length: this.laneCount }, () => new Map<string, Uint8Array>());
    this.lanes.forEach((lane, index) => {
      positions[lane] = read[index]?.position ?? -1;
      read[index]?.values.forEach((value, place) => { if (value !== undefined) values[lane]?.set(stateKeys[place] ?? '', value); });
    });
    this.positions = positions;
    this.valuesByLane = values;
  }

  begin(): readonly number[] { return this.positions; }
  shard(lane: number, stateKey: string): Uint8Array | undefined { return this.valuesByLane[lane]?.get(stateKey); }
  /** As of the last `fetch`, too: who reads without an event fetches before. */
  now(lane: number, stateKey: string): Uint8Array | undefined { return this.shard(lane, stateKey); }
}
