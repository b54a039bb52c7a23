import type { ByteReader, ByteWriter } from '@weir/contracts';
import type { RawRows } from './raw-rows';
import { Summary } from './summary';
import { tileSizeMs, tileStartMs, type TileClass } from './tile-class';

/** Tiles kept per class; the oldest give way (into the base, where there is one). */
const tilesPerClassMax = 1_024;

export interface Tile { startMs: number; /** Last event of a session; unused in hops. */ endMs: number; readonly summaries: readonly Summary[] }

/** Events of one key that are no longer kept one by one, gathered as one class of tiles. */
export class TileSet {
  /** Ascending by start. */
  readonly tiles: Tile[] = [];
  /** What no read can cut any more; classes that fold only. */
  base: Tile | null = null;
  /** Changes whenever the tiles do. */
  version = 0;

  constructor(readonly tileClass: TileClass) {}

  get empty(): boolean { return this.tiles.length === 0 && this.base === null; }

  /** Takes in a row that is no longer kept as it is; false when no read can need it. */
  add(raw: RawRows, row: number, horizonMs: number, newestMs: number): boolean {
    const timeMs = raw.timeAt(row);
    this.version++;
    if (this.tileClass.kind === 'session') {
      addRow(this.sessionFor(timeMs, this.tileClass.gapMs), raw, row);
      return true;
    }
    const startMs = tileStartMs(this.tileClass, timeMs);
    if (this.isOver(startMs, horizonMs, newestMs)) {
      if (this.folds) addRow(this.theBase(), raw, row);
      return this.folds;
    }
    addRow(this.tileAt(startMs), raw, row);
    return true;
  }

  /** Forgets (or folds) what no read can cut any more; gives the start of the newest tile forgotten, -Infinity for none. */
  prune(horizonMs: number, newestMs: number, oldestRawMs: number): number {
    const { tiles, tileClass } = this;
    let over = 0;
    if (tileClass.kind === 'session') {
      const limitMs = Math.min(horizonMs, oldestRawMs) - tileClass.gapMs;
      while (over < tiles.length && (tiles[over] as Tile).endMs < limitMs) over++;
    } else while (over < tiles.length && this.isOver((tiles[over] as Tile).startMs, horizonMs, newestMs)) over++;
    over = Math.max(over, tiles.length - tilesPerClassMax);
    if (over === 0) return -Infinity;
    this.version++;
    const newestOverMs = this.folds ? -Infinity : (tiles[over - 1] as Tile).startMs;
    if (this.folds) for (let i = 0; i < over; i++) mergeTile(this.theBase(), tiles[i] as Tile);
    tiles.splice(0, over);
    return newestOverMs;
  }

  /** Adds what another set of the same class holds. */
  mergeFrom(other: TileSet): void {
    this.version++;
    if (other.base !== null) mergeTile(this.theBase(), other.base);
    for (const tile of other.tiles) {
      if (this.tileClass.kind !== 'session') { mergeTile(this.tileAt(tile.startMs), tile); continue; }
      this.sessionFor(tile.startMs, this.tileClass.gapMs);
      mergeTile(this.sessionFor(tile.endMs, tile.endMs - tile.startMs + this.tileClass.gapMs), tile);
    }
  }

  encode(writer: ByteWriter): void {
    const session = this.tileClass.kind === 'session';
    writer.varint(this.tiles.length);
    let lastMs = 0;
    for (const tile of this.tiles) {
      writer.signed(tile.startMs - lastMs);
      lastMs = tile.startMs;
      if (session) writer.varint(tile.endMs - tile.startMs);
      for (const summary of tile.summaries) summary.encode(writer);
    }
    if (!this.folds) return;
    writer.byte(this.base === null ? 0 : 1);
    for (const summary of this.base?.summaries ?? []) summary.encode(writer);
  }

  static decode(reader: ByteReader, tileClass: TileClass): TileSet {
    const set = new TileSet(tileClass);
    const count = reader.varint();
    let startMs = 0;
    for (let i = 0; i < count; i++) {
      startMs += reader.signed();
      const endMs = tileClass.kind === 'session' ? startMs + reader.varint() : startMs;
      const referenceMs = tileClass.kind === 'session' ? endMs : referenceOf(tileClass, startMs);
      set.tiles.push({ startMs, endMs, summaries: tileClass.channels.map((channel) => Summary.decode(reader, channel, referenceMs)) });
    }
    if (set.folds && reader.byte() === 1) set.base = { startMs: -Infinity, endMs: -Infinity, summaries: tileClass.channels.map((channel) => Summary.decode(reader, channel, 0)) };
    return set;
  }

  /** A copy of the list that shares nothing which changes. */
  clone(): TileSet {
    const copy = new TileSet(this.tileClass);
    copy.tiles.push(...this.tiles.map(cloneTile));
    copy.base = this.base === null ? null : cloneTile(this.base);
    return copy;
  }

  private get folds(): boolean { return this.tileClass.kind === 'aligned' && this.tileClass.fold === 'base'; }

  /** Whether a hop that begins at `startMs` lies before every window that can still be read. */
  private isOver(startMs: number, horizonMs: number, newestMs: number): boolean {
    const { tileClass } = this;
    if (tileClass.kind === 'session') return false;
    const sizeMs = tileSizeMs(tileClass);
    if (this.folds) return startMs + sizeMs <= Math.max(horizonMs - tileClass.reachMs, newestMs - tileClass.keepMs);
    return startMs + 2 * sizeMs <= Math.max(horizonMs - tileClass.reachMs, newestMs - tileClass.keepMs);
  }

  private theBase(): Tile {
    this.base ??= newTile(this.tileClass, -Infinity, 0);
    return this.base;
  }

  private tileAt(startMs: number): Tile {
    const { tiles } = this;
    let at = tiles.length;
    while (at > 0 && (tiles[at - 1] as Tile).startMs > startMs) at--;
    const found = tiles[at - 1];
    if (found !== undefined && found.startMs === startMs) return found;
    const tile = newTile(this.tileClass, startMs, referenceOf(this.tileClass, startMs));
    tiles.splice(at, 0, tile);
    return tile;
  }

  /** The session that an event of this time belongs to: made, made longer, or joined of two. */
  private sessionFor(timeMs: number, gapMs: number): Tile {
    const { tiles } = this;
    let from = tiles.length;
    while (from > 0 && (tiles[from - 1] as Tile).endMs >= timeMs - gapMs) from--;
    let until = from;
    while (until < tiles.length && (tiles[until] as Tile).startMs <= timeMs + gapMs) until++;
    const joined = tiles.slice(from, until);
    if (joined.length === 1 && (joined[0] as Tile).startMs <= timeMs && (joined[0] as Tile).endMs >= timeMs) return joined[0] as Tile;
    const endMs = Math.max(timeMs, ...joined.map((tile) => tile.endMs));
    const tile = newTile(this.tileClass, Math.min(timeMs, ...joined.map((part) => part.startMs)), endMs);
    tile.endMs = endMs;
    for (const part of joined) mergeTile(tile, part);
    tiles.splice(from, until - from, tile);
    return tile;
  }
}

/** Decays of a hop refer to its end, so that a term never depends on when it was added. */
const referenceOf = (tileClass: TileClass, startMs: number): number => (tileClass.kind === 'session' ? startMs : startMs + tileSizeMs(tileClass));

function newTile(tileClass: TileClass, startMs: number, referenceMs: number): Tile {
  return { startMs, endMs: startMs, summaries: tileClass.channels.map((channel) => new Summary(channel, referenceMs)) };
}

function addRow(tile: Tile, raw: RawRows, row: number): void {
  for (const summary of tile.summaries) summary.addRow(raw, row);
}

function mergeTile(into: Tile, from: Tile): void {
  into.summaries.forEach((summary, index) => summary.mergeFrom(from.summaries[index] as Summary));
}

function cloneTile(tile: Tile): Tile {
  const summaries = tile.summaries.map((summary) => { const copy = new Summary(summary.channel, summary.referenceMs); copy.mergeFrom(summary); return copy; });
  return { startMs: tile.startMs, endMs: tile.endMs, summaries };
}
