import type { Value } from '@weir/contracts';
import type { Field, Source } from '@weir/definitions';
import { describeGot, type FieldFault } from './field-fault';
import { readField, type FieldReader } from './field-reader';
import { readTimestamp, recordKeys } from '@weir/pipeline';

/** What an event's JSON says, before any judgement of time. */
export interface ReadEvent {
  readonly id: string;
  readonly timeMs: number;
  readonly sentAtMs: number | undefined;
  /** By slot; the time field's slot, where it is declared, still holds the reported time. */
  readonly values: Value[];
  readonly marks: readonly string[];
  readonly extra: Record<string, unknown> | undefined;
}

const noMarks: readonly string[] = Object.freeze([]);

/** A source's fields compiled for reading events: one reader a field, no look-up of definitions per event. */
export class EventSchema {
  readonly #readers: readonly FieldReader[];
  readonly #known: ReadonlySet<string>;
  readonly #idSlot: number;
  /** The JSON key of the id. */
  readonly idKey: string;
  readonly #timeKey: string;
  readonly #sentAtKey: string;
  /** The time field is read apart from the others, whatever its type. */
  readonly #declaredTimeSlot: number;
  /** Slot of the time field where it is declared with a type that can hold a time, else -1. */
  readonly timeSlot: number;
  #fault: FieldFault | undefined;

  constructor(readonly source: Source) {
    this.#readers = source.fields.map(readField);
    this.#idSlot = source.slotByField.get(source.id) ?? -1;
    this.idKey = source.fields[this.#idSlot]?.from ?? source.id;
    this.#timeKey = fieldOf(source, source.time)?.from ?? source.time;
    const sentAt = source.sentAt ?? 'sent_at';
    this.#sentAtKey = fieldOf(source, sentAt)?.from ?? sentAt;
    this.#declaredTimeSlot = source.slotByField.get(source.time) ?? -1;
    const timeType = fieldOf(source, source.time)?.type;
    this.timeSlot = timeType !== undefined && timeType !== 'string' && timeType !== 'bool' ? this.#declaredTimeSlot : -1;
    this.#known = new Set([...source.fields.map((field) => field.from), this.idKey, this.#timeKey, this.#sentAtKey, ...Object.values(recordKeys)]);
  }

  /** The event, or undefined and then `fault` says why. `text` is the JSON it came from, for integers at the edge of exactness. */
  read(body: Readonly<Record<string, unknown>>, text: string): ReadEvent | undefined {
    const readers = this.#readers;
    const values = new Array<Value>(readers.length);
    let marks: string[] | undefined;
    for (let slot = 0; slot < readers.length; slot++) {
      const reader = readers[slot] as FieldReader;
      if (slot === this.#declaredTimeSlot) continue;
      const raw = body[reader.from];
      const value = reader.read(raw, text);
      if (value === undefined) return this.#refuse(reader.fault(raw));
      values[slot] = value;
      if (reader.checks !== undefined && value !== null) marks = reader.checks(value, marks);
    }
    const id = this.#readId(body, values);
    if (id === undefined) return this.#refuse({ field: this.source.id, expected: 'an id', got: describeGot(body[this.idKey]) });
    const time = readTimestamp(body[this.#timeKey]);
    if (time === undefined) return this.#refuse({ field: this.source.time, expected: 'a time: ms since the epoch or ISO 8601', got: describeGot(body[this.#timeKey]) });
    const rawSentAt = body[this.#sentAtKey];
    const sentAtMs = rawSentAt === undefined || rawSentAt === null ? undefined : readTimestamp(rawSentAt);
    if (sentAtMs === undefined && rawSentAt !== undefined && rawSentAt !== null) return this.#refuse({ field: this.#sentAtKey, expected: 'a time: ms since the epoch or ISO 8601', got: describeGot(rawSentAt) });
    if (this.#declaredTimeSlot >= 0) values[this.#declaredTimeSlot] = this.timeSlot >= 0 ? time : String(body[this.#timeKey]);
    return { id, timeMs: time, sentAtMs, values, marks: marks ?? noMarks, extra: this.#extra(body) };
  }

  /** Why the last `read` gave nothing. */
  get fault(): FieldFault {
    return this.#fault ?? { field: null, expected: 'an event', got: 'nothing' };
  }

  #refuse(fault: FieldFault): undefined {
    this.#fault = fault;
    return undefined;
  }

  #readId(body: Readonly<Record<string, unknown>>, values: readonly Value[]): string | undefined {
    const value = this.#idSlot < 0 ? body[this.idKey] : values[this.#idSlot];
    if (typeof value === 'string') return value === '' ? undefined : value;
    return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined;
  }

  #extra(body: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
    let extra: Record<string, unknown> | undefined;
    for (const key in body) {
      if (!this.#known.has(key)) (extra ??= {})[key] = body[key];
    }
    return extra;
  }
}

const fieldOf = (source: Source, name: string): Field | undefined => {
  const slot = source.slotByField.get(name);
  return slot === undefined ? undefined : source.fields[slot];
};
