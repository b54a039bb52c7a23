import { eventKey, type StreamEvent } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';

/** The event's key of an entity as text; undefined when the event has none. */
export type KeyReader = (event: StreamEvent) => string | undefined;

/** Undefined where the source lacks a key field, so that its events belong to no entity of the type. */
export function keyReader(set: DefinitionSet, entity: string, source: string): KeyReader | undefined {
  const fields = set.entities.get(entity)?.keys ?? [];
  const slotByField = set.sources.get(source)?.slotByField;
  const slots = fields.map((field) => slotByField?.get(field)).filter((slot) => slot !== undefined);
  return slots.length === 0 || slots.length < fields.length ? undefined : (event) => eventKey(event, slots);
}
