import type { Message } from './descriptor-set';

/** A JSON value as `google.protobuf.Value`; what JSON does not have is null. */
export function toValue(value: unknown): Message {
  switch (typeof value) {
    case 'number': return Number.isFinite(value) ? { number_value: value } : nullValue;
    case 'string': return { string_value: value };
    case 'boolean': return { bool_value: value };
    case 'object':
      if (value === null) return nullValue;
      return Array.isArray(value) ? { list_value: { values: value.map(toValue) } } : { struct_value: toStruct(value) };
    default: return nullValue;
  }
}
const nullValue: Message = Object.freeze({ null_value: 0 });

export function toStruct(record: object): Message {
  const fields: Record<string, Message> = {};
  for (const [name, value] of Object.entries(record)) if (value !== undefined) fields[name] = toValue(value);
  return { fields };
}

/** A decoded `google.protobuf.Struct` as the JSON object it stands for. */
export function fromStruct(struct: unknown): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(messageOf(messageOf(struct)['fields']))) record[name] = fromValue(value);
  return record;
}

function fromValue(given: unknown): unknown {
  const value = messageOf(given);
  switch (value['kind']) {
    case 'number_value': case 'string_value': case 'bool_value': return value[value['kind']];
    case 'struct_value': return fromStruct(value['struct_value']);
    case 'list_value': return listOf(messageOf(value['list_value'])['values']).map(fromValue);
    default: return null;
  }
}

/** ms since the epoch as `google.protobuf.Timestamp`; null for none. */
export function toTimestamp(ms: number | null | undefined): Message | null {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return null;
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: Math.round((ms - seconds * 1_000) * 1_000_000) };
}

export function fromTimestamp(given: unknown): number | undefined {
  if (given === null || given === undefined) return undefined;
  const { seconds, nanos } = messageOf(given);
  return Number(seconds) * 1_000 + Math.floor(Number(nanos) / 1_000_000);
}

export const messageOf = (given: unknown): Message => (typeof given === 'object' && given !== null ? { ...given } : {});
export const listOf = (given: unknown): readonly unknown[] => (Array.isArray(given) ? given : []);
/** The text of a field; undefined where it was not set. */
export const textOf = (given: unknown): string | undefined => (typeof given === 'string' && given !== '' ? given : undefined);
