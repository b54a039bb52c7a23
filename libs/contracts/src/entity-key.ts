import type { StreamEvent } from './stream-event';
import type { Value } from './values';

/**
 * The key of an entity as text: one field as it is, several joined by `|` with each part percent-encoded. undefined where a part is missing:
 * such an event belongs to no entity.
 */
export function entityKey(parts: readonly (Value | undefined)[]): string | undefined {
  if (parts.length === 1) return keyText(parts[0]);
  let key = '';
  for (let index = 0; index < parts.length; index++) {
    const text = keyText(parts[index]);
    if (text === undefined) return undefined;
    key += (index === 0 ? '' : '|') + encodeURIComponent(text.replace(loneSurrogates, '\ufffd'));
  }
  return key;
}

/** The key of an event by the slots of the entity's key fields. */
export function eventKey(event: Pick<StreamEvent, 'values'>, slots: readonly number[]): string | undefined {
  return slots.length === 1 ? keyText(event.values[slots[0] as number]) : entityKey(slots.map((slot) => event.values[slot]));
}

const keyText = (part: Value | undefined): string | undefined => (part === null || part === undefined ? undefined : typeof part === 'string' ? part : String(part));

/** Halves of a pair that stand alone can't be encoded, and JSON may hold them. */
const loneSurrogates = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
