import { part, type Channel } from './channel';
import type { RawRows } from './raw-rows';
import { Summary } from './summary';
import type { Tile } from './tile-set';

/** Parts whose merging no order changes, so that a merged summary may be carried from read to read. */
const carriedParts = part.sum | part.squares | part.extremes | part.distinct;

/** Tiles from a lower bound on, merged once and kept up with the rows that join them. Derived, never stored. */
export class MergedTiles {
  /** By channel of the group; lists and sketches are left out. */
  readonly summaries: readonly Summary[];

  constructor(readonly classIndex: number, readonly lowMs: number, /** Of the tile set, as it was merged or kept up with. */ public version: number, channels: readonly Channel[], tiles: readonly Tile[]) {
    this.summaries = channels.map((channel) => {
      const summary = new Summary({ ...channel, parts: channel.parts & carriedParts, halfLivesMs: [] }, 0);
      for (const tile of tiles) summary.mergeFrom(summaryIn(tile, channel));
      return summary;
    });
  }

  add(raw: RawRows, row: number): void {
    if (raw.timeAt(row) < this.lowMs) return;
    for (const summary of this.summaries) summary.addRow(raw, row);
  }
}

/** A class may keep more in one channel than a group asks for; columns and filter are the same. */
export function summaryIn(tile: Tile, channel: Channel): Summary {
  for (const summary of tile.summaries) {
    const other = summary.channel;
    if (other.filter === channel.filter && other.columns.length === channel.columns.length && other.columns.every((column, index) => column === channel.columns[index])) return summary;
  }
  throw new RangeError('a tile without the channel that is read');
}
