import { ByteReader, ByteWriter, type FeatureLayout, type FeatureValue, type FeatureVector, type StreamEvent, type Value } from '@weir/contracts';
import type { Source } from '@weir/definitions';
import type { EventCodec, EventContext } from '@weir/patterns';

type Sources = ReadonlyMap<string, Pick<Source, 'fields' | 'slotByField'>>;

export interface EventCodecOptions {
  /** Sources by their number in the bytes. */
  readonly sourceNames: readonly string[];
  /** Fields that are kept, in the order of the bytes. */
  readonly fields: readonly string[];
  /** Schemas to read events into; writing uses those of `writeSources`. */
  readonly readSources: Sources;
  readonly writeSources: Sources;
}

/** Packs of an event what patterns may still read: its id, times and the fields named. Equal events have equal bytes. */
export function eventCodec({ sourceNames, fields, readSources, writeSources }: EventCodecOptions): EventCodec<StreamEvent> {
  const writer = new ByteWriter();
  return {
    encode(event) {
      const source = writeSources.get(event.source);
      writer.varint(sourceNames.indexOf(event.source));
      writer.text(event.id);
      writer.littleDouble(event.timeMs);
      for (const field of fields) {
        const slot = source?.slotByField.get(field);
        writeValue(writer, slot === undefined ? null : event.values[slot] ?? null);
      }
      return writer.take();
    },
    decode(bytes) {
      const reader = new ByteReader(bytes);
      const source = sourceNames[reader.varint()] ?? '';
      const schema = readSources.get(source);
      const id = reader.text(), timeMs = reader.littleDouble();
      const values: Value[] = new Array<Value>(schema?.fields.length ?? 0).fill(null);
      for (const field of fields) {
        const value = readValue(reader), slot = schema?.slotByField.get(field);
        if (slot !== undefined) values[slot] = value;
      }
      return { source, id, timeMs, reportedTimeMs: timeMs, receivedAtMs: timeMs, values, marks: [], extra: undefined };
    },
  };
}

/** The same with the event's features and profiles, for events whose conditions are asked later. */
export function surroundedCodec(events: EventCodec<StreamEvent>, context: EventContext, layoutOf: (source: string) => FeatureLayout | undefined): EventCodec<StreamEvent> {
  return {
    encode(event) {
      const writer = new ByteWriter();
      writer.block(events.encode(event));
      const around = context.keptOf(event);
      const vector = around?.vector;
      writer.varint(vector === undefined ? 0 : vector.numbers.length + 1);
      if (vector) {
        for (const number of vector.numbers) writer.littleDouble(number);
        writer.block(vector.statuses);
        for (let slot = 0; slot < vector.numbers.length; slot++) { const other = vector.others[slot]; writer.text(other === undefined ? '' : JSON.stringify(other)); }
      }
      const rows = [...around?.profiles ?? []].sort(([a], [b]) => (a < b ? -1 : 1));
      writer.text(around?.profiles === undefined ? '' : JSON.stringify(rows.map(([table, row]) => [table, Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))])));
      return writer.take();
    },
    decode(bytes) {
      const reader = new ByteReader(bytes);
      const event = events.decode(reader.block());
      const vector = readVector(reader, layoutOf(event.source));
      const rows = reader.text();
      context.keepAs(event, { vector, profiles: rows === '' ? undefined : new Map(parseRows(rows)) });
      return event;
    },
  };
}

function readVector(reader: ByteReader, layout: FeatureLayout | undefined): FeatureVector | undefined {
  const length = reader.varint() - 1;
  if (length < 0) return undefined;
  const numbers = new Float64Array(length);
  for (let at = 0; at < length; at++) numbers[at] = reader.littleDouble();
  const statuses = reader.block().slice();
  const others = Array.from({ length }, (): FeatureValue | undefined => { const text = reader.text(); return text === '' ? undefined : toFeatureValue(JSON.parse(text)); });
  // A set of another shape came between: the features of that time have no names in it.
  return layout === undefined || layout.names.length !== length ? undefined : { layout, numbers, others, statuses };
}

function toFeatureValue(value: unknown): FeatureValue {
  if (Array.isArray(value)) return value.map(toValue);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, count]) => [key, Number(count)]));
  return toValue(value);
}

const toValue = (value: unknown): Value => (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null);

function parseRows(text: string): [string, Record<string, Value>][] {
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) return [];
  return rows.map((row: unknown): [string, Record<string, Value>] => {
    const [table, fields]: unknown[] = Array.isArray(row) ? row : [];
    return [String(table), Object.fromEntries(Object.entries(typeof fields === 'object' && fields !== null ? fields : {}).map(([name, value]) => [name, toValue(value)]))];
  });
}

function writeValue(writer: ByteWriter, value: Value): void {
  if (value === null) writer.byte(0);
  else if (typeof value === 'boolean') writer.byte(value ? 2 : 1);
  else if (typeof value === 'string') { writer.byte(3); writer.text(value); }
  else if (Number.isSafeInteger(value) && Math.abs(value) < 2 ** 51 && !Object.is(value, -0)) { writer.byte(4); writer.zigzag(value); }
  else { writer.byte(5); writer.littleDouble(value); }
}

function readValue(reader: ByteReader): Value {
  switch (reader.byte()) {
    case 1: return false;
    case 2: return true;
    case 3: return reader.text();
    case 4: return reader.zigzag();
    case 5: return reader.littleDouble();
    default: return null;
  }
}
