import type { StreamEvent, Value } from '@weir/contracts';

/** The text under which an entity's state is kept: the field itself, or several joined by `|`, each percent-encoded; null where a part is. */
export function entityKey(parts: readonly (Value | undefined)[]): string | null {
  if (parts.length === 1) {
    const only = parts[0];
    return only === null || only === undefined ? null : String(only);
  }
  const encoded: string[] = [];
  for (const part of parts) {
    if (part === null || part === undefined) return null;
    encoded.push(encodeURIComponent(String(part).replace(loneSurrogates, '\ufffd')));
  }
  return encoded.join('|');
}

/** The key of an event by the slots of the key's fields. */
export function eventKey(event: StreamEvent, slots: readonly number[]): string | null {
  if (slots.length === 1) {
    const only = event.values[slots[0] as number];
    return only === null || only === undefined ? null : typeof only === 'string' ? only : String(only);
  }
  return entityKey(slots.map((slot) => event.values[slot]));
}

/** Halves of a pair that stand alone can't be encoded. */
const loneSurrogates = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
