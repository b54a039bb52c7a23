import type { Database } from 'lmdb';

/** Key of the block that may hold an offset, which begins at or before it; the offset itself where there is none. */
export function blockStart(blocks: Database<Buffer, number>, offset: number): number {
  for (const key of blocks.getKeys({ start: offset, end: -1, reverse: true, limit: 1 })) return key;
  return offset;
}
