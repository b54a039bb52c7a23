import type { Value } from './values';

/**
 * The key of an entity as text: one field as it is, several joined by `|` with each part percent-encoded. undefined where a part is missing:
 * such an event belongs to no entity.
 */
export function entityKey(parts: readonly (Value | undefined)[]): string | undefined {
  if (parts.length === 1) {
    const part = parts[0];
    return part === null || part === undefined ? undefined : String(part);
  }
  let key = '';
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    if (part === null || part === undefined) return undefined;
    key += (index === 0 ? '' : '|') + encodeURIComponent(String(part));
  }
  return key;
}
