import type { StreamEvent, Value } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';

/** The event's key of an entity as text; undefined when the event has none. Keys of several fields are joined by `|`, each part percent-encoded. */
export type KeyReader = (event: StreamEvent) => string | undefined;

/** Undefined where the source lacks a key field, so that its events belong to no entity of the type. */
export function keyReader(set: DefinitionSet, entity: string, source: string): KeyReader | undefined {
  const fields = set.entities.get(entity)?.keys ?? [];
  const slotByField = set.sources.get(source)?.slotByField;
  const slots = fields.map((field) => slotByField?.get(field));
  const [only] = slots;
  if (only === undefined || slots.some((slot) => slot === undefined)) return undefined;
  if (slots.length === 1) return ({ values }) => textOf(values[only]);
  return ({ values }) => {
    const parts = slots.map((slot) => (slot === undefined ? undefined : textOf(values[slot])));
    return parts.some((part) => part === undefined) ? undefined : parts.map((part) => encodeURIComponent(part ?? '')).join('|');
  };
}

const textOf = (value: Value | undefined): string | undefined => (value === null || value === undefined ? undefined : typeof value === 'string' ? value : String(value));
