import type { Value } from '@weir/contracts';
import { part, type Channel } from './channel';
import { DistinctSummary } from './distinct-summary';
import { hashValue } from './hash';
import type { RawRows } from './raw-rows';
import { Summary } from './summary';
import type { Tile } from './tile-set';

/** Parts whose merging no order changes, so that a merged summary may be carried from read to read. */
const carriedParts = part.sum | part.squares | part.extremes | part.distinct | part.sketch;

/** Tiles from a lower bound on, merged once and kept up with the rows that join them. Derived, never stored. */
export class MergedTiles {
  /** By channel of the group; lists are left out. */
  readonly summaries: readonly Summary[];
  /** By channel: the distinct values of tiles and of the rows behind them. A value counts once, so those of a row may stay when the row becomes part of a tile. */
  private unions: (DistinctUnion | undefined)[] | null = null;

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
    for (const union of this.unions ?? []) union?.add(raw, row);
  }

  /** Distinct values of the tiles and of rows `from` … `until − 1`, all at or after `lowMs`; undefined where more rows were counted before. */
  distinctWith(raw: RawRows, channel: number, from: number, until: number): DistinctSummary | undefined {
    const summary = this.summaries[channel] as Summary;
    this.unions ??= [];
    const union = (this.unions[channel] ??= new DistinctUnion(summary));
    return union.reach(raw, from, until);
  }

  /** A row was put in before others. */
  inserted(raw: RawRows, row: number): void { for (const union of this.unions ?? []) union?.inserted(row + raw.dropped - raw.head); }

  /** Rows went that no tile took. */
  forgetRows(): void { this.unions = null; }
}

/** Rows are numbered from the key's first. */
class DistinctUnion {
  private readonly seen: DistinctSummary;
  /** One past the last row counted, and the first that is to be counted. */
  private until = -1;
  private next = -1;

  constructor(private readonly tiles: Summary) {
    this.seen = new DistinctSummary(tiles.channel.exactDistinctMax);
    this.seen.mergeFrom(tiles.distinct as DistinctSummary); // asked for distinct values alone
  }

  reach(raw: RawRows, from: number, until: number): DistinctSummary | undefined {
    const shift = raw.dropped - raw.head;
    if (until + shift < this.until) return undefined;
    for (let row = Math.max(from, this.next - shift); row < until; row++) this.add(raw, row);
    this.until = this.next = until + shift;
    return this.seen;
  }

  add(raw: RawRows, row: number): void {
    const { filter, columns } = this.tiles.channel, column = columns[0] as number;
    if (filter >= 0 && !raw.passes(filter, row)) return;
    const number = raw.numberAt(column, row);
    if (number === number) this.seen.add(raw.kindOf(column) === 'text' ? raw.texts.hashOf(number) : hashValue(raw.valueAt(column, row) as Exclude<Value, null>)); // NaN is null
  }

  inserted(number: number): void {
    if (number >= this.until) return;
    this.until++;
    if (number < this.next) this.next = number;
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
