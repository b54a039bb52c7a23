import { ByteReader, type ByteWriter, WeirError } from '@weir/contracts';
import { GroupKey, type Noted } from './group-key';
import type { GroupMember } from './group-runners';
import { decodeKeyState, dueMsOf, encodeKeyState, type EventCodec } from './state-codec';

/** Format 1 is the same without the time at which something of the key is over, and the place of its last event. */
const groupKeyFormat = 2;
const groupKeyFormatOldest = 1;

interface Codecs<E> { readonly codec: EventCodec<E>; readonly takenCodec?: EventCodec<E>; readonly timeOf: (event: E) => number }

/** All state of a key as canonical bytes; patterns go by their ids, in their order. */
export function encodeGroupKey<E>(entry: GroupKey<E>, group: Codecs<E> & { readonly members: readonly GroupMember<E>[]; readonly writer: ByteWriter }, longestWithinMs: number): Uint8Array {
  const { writer, members } = group;
  writer.byte(groupKeyFormat);
  let dueMs = entry.dueMs(longestWithinMs);
  if (entry.states.size > 0) for (const [number, state] of entry.states) { const member = members[number]; if (member) dueMs = Math.min(dueMs, dueMsOf(state, member.compiled)); }
  writer.littleDouble(dueMs);
  writer.zigzag(entry.lastOffset);
  writeNoted(writer, entry.noted, group.codec);
  writeNoted(writer, entry.waiting, group.codec);
  const byId = <T>(rows: Iterable<readonly [number, T]>): (readonly [string, T])[] => [...rows].map(([number, row]) => [members[number]?.id ?? '', row] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  writer.varint(entry.floors.size);
  if (entry.floors.size > 0) for (const [id, floor] of byId(entry.floors)) { writer.text(id); writer.varint(floor); }
  writer.varint(entry.states.size);
  if (entry.states.size > 0) for (const [id, state] of byId(entry.states)) { writer.text(id); writer.block(encodeKeyState(state, group.takenCodec ?? group.codec)); }
  return writer.take();
}

/** When the first thing of a packed key is over, ms (Infinity: never); undefined where the format does not say. @throws WeirError WEIR_STORE_FAILED for bytes of an unknown format. */
export function readDueMs(bytes: Uint8Array): number | undefined {
  const reader = new ByteReader(bytes);
  return readFormat(reader) === groupKeyFormatOldest ? undefined : reader.littleDouble();
}

function readFormat(reader: ByteReader): number {
  const format = reader.byte();
  if (format < groupKeyFormatOldest || format > groupKeyFormat) {
    throw new WeirError('WEIR_STORE_FAILED', `the state of patterns is of format ${format}; this version reads ${groupKeyFormatOldest} to ${groupKeyFormat}: run the version that wrote it, or rebuild the state from the log`);
  }
  return format;
}

/** @throws WeirError WEIR_STORE_FAILED for bytes of an unknown format. */
export function decodeGroupKey<E>(key: string, bytes: Uint8Array, group: Codecs<E> & { readonly members: readonly GroupMember<E>[]; readonly numberById: ReadonlyMap<string, number> }): GroupKey<E> {
  const reader = new ByteReader(bytes);
  const entry = new GroupKey<E>(key, group.timeOf);
  if (readFormat(reader) !== groupKeyFormatOldest) { reader.littleDouble(); entry.lastOffset = reader.zigzag(); }
  entry.noted = readNoted(reader, group.codec);
  entry.waiting = readNoted(reader, group.codec);
  for (let left = reader.varint(); left > 0; left--) {
    const number = group.numberById.get(reader.text()), floor = reader.varint();
    if (number !== undefined) entry.setFloor(number, floor);
  }
  for (let left = reader.varint(); left > 0; left--) {
    const number = group.numberById.get(reader.text()), state = reader.block();
    const member = number === undefined ? undefined : group.members[number];
    if (number !== undefined && member) entry.setState(number, decodeKeyState(state, member.compiled, group.takenCodec ?? group.codec));
  }
  entry.dropNoted(0);
  return entry;
}

function writeNoted<E>(writer: ByteWriter, noted: readonly Noted<E>[], codec: EventCodec<E>): void {
  writer.varint(noted.length);
  let offset = 0;
  for (const at of noted) {
    writer.zigzag(at.offset - offset);
    writer.byte(at.lagMs === Infinity ? 0 : 1);
    if (at.lagMs !== Infinity) writer.zigzag(at.lagMs);
    writer.block(at.bytes ??= codec.encode(at.event));
    offset = at.offset;
  }
}

function readNoted<E>(reader: ByteReader, codec: EventCodec<E>): Noted<E>[] {
  const noted: Noted<E>[] = [];
  let offset = 0;
  for (let left = reader.varint(); left > 0; left--) {
    offset += reader.zigzag();
    const lagMs = reader.byte() === 0 ? Infinity : reader.zigzag();
    const bytes = reader.block().slice();
    noted.push({ event: codec.decode(bytes), offset, lagMs, bytes });
  }
  return noted;
}
