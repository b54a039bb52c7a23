import type { ByteReader, ByteWriter, Value } from '@weir/contracts';
import { DistinctSummary } from './distinct-summary';
import { ExactSum } from './exact-sum';
import { hashValue } from './hash';
import { part, type Channel } from './channel';
import { QuantileSketch } from './quantile-sketch';
import type { RawRows } from './raw-rows';
import { decodeNumber, decodeValue, encodeValue } from './value-codec';
import { ValueCounts } from './value-counts';

/** An event as lists remember it; `lon` only for places. */
export interface Entry { readonly timeMs: number; readonly value: Value; readonly lon: number }

/** A mergeable summary of a channel's events: merging two gives what adding all their events to one would have given. */
export class Summary {
  rows = 0;
  values = 0;
  min = Infinity;
  max = -Infinity;
  readonly sum: ExactSum | null;
  readonly squares: ExactSum | null;
  readonly sketch: QuantileSketch | null;
  readonly distinct: DistinctSummary | null;
  readonly counts: ValueCounts | null;
  /** Newest last. */
  readonly newest: Entry[];
  oldest: Entry | null = null;
  /** Newest last, one per value. */
  readonly newestDistinct: Entry[];
  /** Σ v·2^(−(reference − t)/half-life) per half-life of the channel. */
  readonly decays: readonly ExactSum[];
  /** The newest event, and the newest two that have a place, newest last (null value: no place). */
  readonly places: Entry[];

  constructor(readonly channel: Channel, readonly referenceMs: number) {
    const { parts } = channel;
    this.sum = parts & part.sum ? new ExactSum() : null;
    this.squares = parts & part.squares ? new ExactSum() : null;
    this.sketch = parts & part.sketch ? new QuantileSketch() : null;
    this.distinct = parts & part.distinct ? new DistinctSummary(channel.exactDistinctMax) : null;
    this.counts = parts & part.counts ? new ValueCounts() : null;
    const anyLists = (parts & listParts) !== 0;
    this.newest = anyLists ? [] : noEntries;
    this.newestDistinct = anyLists ? [] : noEntries;
    this.places = anyLists ? [] : noEntries;
    this.decays = parts & part.decay ? channel.halfLivesMs.map(() => new ExactSum()) : noSums;
  }

  /** Adds a row, where its filter lets it pass. */
  addRow(raw: RawRows, row: number): void {
    const { filter, columns, parts } = this.channel;
    if (filter >= 0 && !raw.passes(filter, row)) return;
    const timeMs = raw.timeAt(row);
    this.rows++;
    const column = columns[0];
    const number = column === undefined ? NaN : raw.numberAt(column, row);
    if (parts & listParts) this.addToLists(raw, row, timeMs);
    if (column === undefined || Number.isNaN(number)) return;
    this.values++;
    if (this.sum !== null) this.sum.add(number);
    if (this.squares !== null) this.squares.addSquare(number);
    if (number < this.min) this.min = number;
    if (number > this.max) this.max = number;
    if (this.sketch !== null) this.sketch.add(number);
    for (let i = 0; i < this.decays.length; i++) (this.decays[i] as ExactSum).add(decayed(number, this.referenceMs - timeMs, this.channel.halfLivesMs[i] as number));
    if (this.distinct === null && this.counts === null) return;
    const value = raw.valueAt(column, row);
    if (value === null) return;
    if (this.distinct !== null) this.distinct.add(hashValue(value));
    if (this.counts !== null) this.counts.add(value);
  }

  /** Adds what another summary of the same channel, or of one that keeps more, holds. Decays are carried over to this reference. */
  mergeFrom(other: Summary): void {
    this.rows += other.rows;
    this.values += other.values;
    if (other.min < this.min) this.min = other.min;
    if (other.max > this.max) this.max = other.max;
    if (this.sum !== null && other.sum !== null) this.sum.mergeFrom(other.sum);
    if (this.squares !== null && other.squares !== null) this.squares.mergeFrom(other.squares);
    if (this.sketch !== null && other.sketch !== null) this.sketch.mergeFrom(other.sketch);
    if (this.distinct !== null && other.distinct !== null) this.distinct.mergeFrom(other.distinct);
    if (this.counts !== null && other.counts !== null) this.counts.mergeFrom(other.counts);
    if (this.channel.parts & part.newest) for (const entry of other.newest) this.addNewest(entry);
    if (this.channel.parts & part.oldest && other.oldest !== null) this.addOldest(other.oldest);
    if (this.channel.parts & part.newestDistinct) for (const entry of other.newestDistinct) this.addDistinct(entry);
    if (this.channel.parts & part.places) for (const entry of other.places) this.addPlace(entry);
    this.channel.halfLivesMs.forEach((halfLifeMs, index) => {
      const theirs = other.decays[other.channel.halfLivesMs.indexOf(halfLifeMs)];
      if (theirs !== undefined) this.decays[index]?.add(decayed(theirs.value(), this.referenceMs - other.referenceMs, halfLifeMs));
    });
  }

  encode(writer: ByteWriter): void {
    const { parts } = this.channel;
    writer.varint(this.rows);
    if (this.channel.columns.length > 0) writer.varint(this.rows - this.values);
    if (this.sum !== null) encodeSum(writer, this.sum);
    if (this.squares !== null) encodeSum(writer, this.squares);
    if (parts & part.extremes && this.values > 0) { encodeValue(writer, this.min); encodeValue(writer, this.max); }
    this.sketch?.encode(writer);
    this.distinct?.encode(writer);
    this.counts?.encode(writer);
    if (parts & part.newest) encodeEntries(writer, this.newest, this.referenceMs, false);
    if (parts & part.oldest) encodeEntries(writer, this.oldest === null ? [] : [this.oldest], this.referenceMs, false);
    if (parts & part.newestDistinct) encodeEntries(writer, this.newestDistinct, this.referenceMs, false);
    if (parts & part.places) encodeEntries(writer, this.places, this.referenceMs, true);
    for (const decay of this.decays) encodeSum(writer, decay);
  }

  static decode(reader: ByteReader, channel: Channel, referenceMs: number): Summary {
    const summary = new Summary(channel, referenceMs);
    const { parts } = channel;
    summary.rows = reader.varint();
    if (channel.columns.length > 0) summary.values = summary.rows - reader.varint();
    if (summary.sum !== null) decodeSum(reader, summary.sum);
    if (summary.squares !== null) decodeSum(reader, summary.squares);
    if (parts & part.extremes && summary.values > 0) { summary.min = decodeNumber(reader); summary.max = decodeNumber(reader); }
    const decoded = summary as { -readonly [K in 'sketch' | 'distinct' | 'counts']: Summary[K] };
    if (summary.sketch !== null) decoded.sketch = QuantileSketch.decode(reader);
    if (summary.distinct !== null) decoded.distinct = DistinctSummary.decode(reader, channel.exactDistinctMax);
    if (summary.counts !== null) decoded.counts = ValueCounts.decode(reader);
    if (parts & part.newest) summary.newest.push(...decodeEntries(reader, referenceMs, false));
    if (parts & part.oldest) summary.oldest = decodeEntries(reader, referenceMs, false)[0] ?? null;
    if (parts & part.newestDistinct) summary.newestDistinct.push(...decodeEntries(reader, referenceMs, false));
    if (parts & part.places) summary.places.push(...decodeEntries(reader, referenceMs, true));
    for (const decay of summary.decays) decodeSum(reader, decay);
    return summary;
  }

  private addToLists(raw: RawRows, row: number, timeMs: number): void {
    const { columns, parts } = this.channel;
    const column = columns[0];
    if (parts & part.places) {
      const lat = raw.numberAt(column ?? 0, row);
      const lon = raw.numberAt(columns[1] ?? 0, row);
      const located = !Number.isNaN(lat) && !Number.isNaN(lon);
      this.addPlace({ timeMs, value: located ? lat : null, lon: located ? lon : 0 });
    }
    if (!(parts & (part.newest | part.oldest | part.newestDistinct))) return;
    const entry: Entry = { timeMs, value: column === undefined ? null : raw.valueAt(column, row), lon: 0 };
    if (parts & part.newest) this.addNewest(entry);
    if (parts & part.oldest) this.addOldest(entry);
    if (parts & part.newestDistinct) this.addDistinct(entry);
  }

  private addNewest(entry: Entry): void {
    insertByTime(this.newest, entry);
    if (this.newest.length > this.channel.newestMax) this.newest.shift();
  }

  private addOldest(entry: Entry): void {
    if (this.oldest === null || entry.timeMs < this.oldest.timeMs) this.oldest = entry;
  }

  private addDistinct(entry: Entry): void {
    const list = this.newestDistinct;
    const known = list.findIndex((other) => other.value === entry.value);
    if (known >= 0) {
      if ((list[known] as Entry).timeMs > entry.timeMs) return;
      list.splice(known, 1);
    }
    insertByTime(list, entry);
    if (list.length > this.channel.newestDistinctMax) list.shift();
  }

  private addPlace(entry: Entry): void {
    const list = this.places;
    insertByTime(list, entry);
    // Kept: the newest event, and the newest two located ones.
    let located = 0;
    for (let i = list.length - 1; i >= 0; i--) {
      const isLocated = (list[i] as Entry).value !== null;
      if (isLocated) located++;
      if (i < list.length - 1 && (!isLocated || located > 2)) list.splice(i, 1);
    }
  }
}

const noSums: readonly ExactSum[] = [];
/** Of all channels without lists; nothing is ever put in. */
const noEntries: Entry[] = [];
const listParts = part.newest | part.oldest | part.newestDistinct | part.places;

/** v·2^(−age/half-life). */
export const decayed = (value: number, ageMs: number, halfLifeMs: number): number => value * 2 ** (-ageMs / halfLifeMs);

/** Keeps a list ascending by time; of equal times the one that comes later stands later. */
function insertByTime(list: Entry[], entry: Entry): void {
  let at = list.length;
  while (at > 0 && (list[at - 1] as Entry).timeMs > entry.timeMs) at--;
  if (at === list.length) list.push(entry);
  else list.splice(at, 0, entry);
}

function encodeSum(writer: ByteWriter, sum: ExactSum): void {
  const parts = sum.canonicalParts();
  const first = parts[0] ?? 0;
  if (parts.length <= 1 && Number.isSafeInteger(first)) { writer.byte(0); writer.signed(first); return; }
  writer.byte(parts.length);
  for (const value of parts) writer.double(value);
}

function decodeSum(reader: ByteReader, sum: ExactSum): void {
  const count = reader.byte();
  if (count === 0) { sum.be(reader.signed()); return; }
  for (let i = 0; i < count; i++) sum.add(reader.double());
}

function encodeEntries(writer: ByteWriter, entries: readonly Entry[], referenceMs: number, places: boolean): void {
  writer.varint(entries.length);
  let last = referenceMs;
  for (const { timeMs, value, lon } of entries) {
    writer.signed(timeMs - last);
    last = timeMs;
    encodeValue(writer, value);
    if (places && value !== null) encodeValue(writer, lon);
  }
}

function decodeEntries(reader: ByteReader, referenceMs: number, places: boolean): Entry[] {
  const entries: Entry[] = [];
  const count = reader.varint();
  let timeMs = referenceMs;
  for (let i = 0; i < count; i++) {
    timeMs += reader.signed();
    const value = decodeValue(reader);
    entries.push({ timeMs, value, lon: places && value !== null ? Number(decodeValue(reader)) : 0 });
  }
  return entries;
}
