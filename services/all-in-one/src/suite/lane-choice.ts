import { createHash } from 'node:crypto';
import { entityKey, type Value } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';

/** The lane of a key: the same key, the same lane, whoever asks. Records without a key go to lane 0. */
export function laneOf(key: string | undefined, lanes: number): number {
  if (key === undefined || lanes === 1) return 0;
  return createHash('sha256').update(key, 'utf8').digest().readUInt32BE(0) % lanes;
}

/** Key of the entity that an event's source is partitioned by, its id where there is none; undefined where a part is missing. Tokens in place. */
export function partitionKeyOf(event: Readonly<Record<string, unknown>>, sourceName: string, set: DefinitionSet): string | undefined {
  const source = set.sources.get(sourceName);
  const entity = source?.partitionBy == null ? undefined : set.entities.get(source.partitionBy);
  if (source === undefined) return undefined;
  const keys = entity?.keys ?? [source.id];
  return entityKey(keys.map((field) => scalar(event[source.fields[source.slotByField.get(field) ?? -1]?.from ?? field])));
}

export const scalar = (value: unknown): Value => (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null);
