import { eventKey, type EventItem } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';

interface EntitySlots { readonly prefix: string; readonly slots: readonly number[] }

/** Entities of an event as `type:key`, read by slots that are found once per set and source. */
export class EntityReader {
  private readonly readersBySource = new Map<string, readonly EntitySlots[]>();

  constructor(private readonly set: DefinitionSet) {}

  of(item: { readonly event: Pick<EventItem['event'], 'source' | 'values'> }): string[] {
    const entities: string[] = [];
    const readers = this.readers(item.event.source);
    for (let index = 0; index < readers.length; index += 1) {
      const { prefix, slots } = readers[index] as EntitySlots;
      const key = eventKey(item.event, slots);
      if (key !== undefined) entities.push(prefix + key);
    }
    return entities;
  }

  private readers(sourceName: string): readonly EntitySlots[] {
    const known = this.readersBySource.get(sourceName);
    if (known !== undefined) return known;
    const slotByField = this.set.sources.get(sourceName)?.slotByField;
    const readers = [...this.set.entities.values()].flatMap((entity) => {
      const slots = entity.keys.map((field) => slotByField?.get(field)).filter((slot) => slot !== undefined);
      return slots.length === entity.keys.length ? [{ prefix: `${entity.name}:`, slots }] : [];
    });
    this.readersBySource.set(sourceName, readers);
    return readers;
  }
}
