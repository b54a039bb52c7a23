import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/contracts';
import type { DecisionRow, LogRecord, Topic } from '@weir/ports';
import { open, type Database, type RootDatabase } from 'lmdb';
import { blockStart } from './block-start';
import { DecisionBlock, newestOffset, type Unpack } from './decision-block';
import { blockCount, decodeBlock } from './record-block';

/** Opens what another thread or process may be writing; nothing is changed. @throws WeirError WEIR_USAGE when nothing is there. */
export function openForReading(path: string): RootDatabase<Buffer, number> {
  if (!existsSync(join(path, 'data.mdb'))) throw new WeirError('WEIR_USAGE', `${path}: nothing is kept here`);
  return open<Buffer, number>({ path, maxDbs: 256, encoding: 'binary', compression: false, readOnly: true });
}

/** Reads a log beside the process or thread that writes it. */
export class LmdbLogReader {
  readonly #root: RootDatabase<Buffer, number>;
  readonly #partitions = new Map<string, Database<Buffer, number>>();

  /** @throws WeirError WEIR_USAGE when there is no log. */
  constructor(path: string) { this.#root = openForReading(path); }

  /** How many lanes have records. */
  lanes(): number {
    let lanes = 0;
    while (this.#partition('transactions.raw', lanes) !== undefined) lanes++;
    return lanes;
  }

  /** First offset kept and the next one to be written. */
  bounds(topic: Topic, lane: number): { readonly first: number; readonly next: number } {
    const blocks = this.#partition(topic, lane);
    if (blocks === undefined) return { first: 0, next: 0 };
    let first = 0, next = 0;
    for (const key of blocks.getKeys({ limit: 1 })) first = key;
    for (const { key, value } of blocks.getRange({ reverse: true, limit: 1 })) next = key + blockCount(value);
    return { first, next };
  }

  /** Records from the offset on, in order, at most `max` of them, fewer where blocks end; their bytes are copies. Empty at the end. */
  read(topic: Topic, lane: number, fromOffset: number, max: number): LogRecord[] {
    const blocks = this.#partition(topic, lane), records: LogRecord[] = [];
    if (blocks === undefined) return records;
    for (const { key, value } of blocks.getRange({ start: blockStart(blocks, fromOffset) })) {
      for (const record of decodeBlock(Buffer.from(value), key)) if (record.offset >= fromOffset && records.length < max) records.push(record);
      if (records.length >= max) break;
    }
    return records;
  }

  close(): Promise<void> { return this.#root.close(); }

  /** Made by whoever writes, so it may come later. */
  #partition(topic: Topic, lane: number): Database<Buffer, number> | undefined {
    const name = `${topic}/${lane}`, known = this.#partitions.get(name);
    if (known !== undefined) return known;
    const opened = openPart(this.#root, name);
    if (opened !== undefined) this.#partitions.set(name, opened);
    return opened;
  }
}

/** Reads decisions by their place in the lane, beside the process or thread that writes them. */
export class LmdbDecisionReader {
  readonly #root: RootDatabase<Buffer, number>;
  readonly #lanes = new Map<number, Database<Buffer, number>>();
  readonly #layouts = new Map<string, string>();
  readonly #unpack: Unpack;

  /** `unpack`: as the store has it. @throws WeirError WEIR_USAGE when there are no decisions. */
  constructor(path: string, unpack: (layoutJson: string, bytes: Uint8Array) => string) {
    this.#root = openForReading(path);
    this.#unpack = (layoutId, bytes) => unpack(this.#layout(layoutId), bytes);
  }

  /** Decisions of `fromOffset` ≤ offset < `toOffset`, in order; of more than `rowsMax` the blocks that have so many. */
  range(lane: number, fromOffset: number, toOffset: number, rowsMax = Infinity): DecisionRow[] {
    const rows: DecisionRow[] = [], blocks = this.#blocksOf(lane);
    if (blocks === undefined) return rows;
    for (const { value } of blocks.getRange({ start: blockStart(blocks, fromOffset), end: toOffset })) {
      const block = new DecisionBlock(lane, Buffer.from(value), this.#unpack, (layoutId) => this.#layout(layoutId));
      for (let row = 0; row < block.count; row++) {
        const offset = block.offset(row);
        if (offset >= fromOffset && offset < toOffset) rows.push(block.row(row));
      }
      if (rows.length >= rowsMax) break;
    }
    return rows;
  }

  /** Offset of the last decision; -1 when there is none. */
  position(lane: number): number { return newestOffset(lane, this.#blocksOf(lane)); }

  close(): Promise<void> { return this.#root.close(); }

  #blocksOf(lane: number): Database<Buffer, number> | undefined {
    const known = this.#lanes.get(lane) ?? openPart(this.#root, `decisions ${lane}`);
    if (known !== undefined) this.#lanes.set(lane, known);
    return known;
  }

  #layout(id: string): string {
    let json = this.#layouts.get(id);
    if (json === undefined) {
      json = this.#root.openDB<string, string>('layouts', { encoding: 'string' }).get(id);
      if (json === undefined) throw new WeirError('WEIR_STORE_FAILED', `the layout ${id} of a decision is not there`);
      this.#layouts.set(id, json);
    }
    return json;
  }
}

function openPart(root: RootDatabase<Buffer, number>, name: string): Database<Buffer, number> | undefined {
  try {
    // Typed as always there; of a folder that is only read it is not when nobody has made it.
    return (root.openDB<Buffer, number>(name, { encoding: 'binary' }) as Database<Buffer, number> | undefined) ?? undefined;
  } catch {
    return undefined;
  }
}
