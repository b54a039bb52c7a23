import { createHash } from 'node:crypto';
import { WeirError } from '@weir/contracts';
import { OnlineStore, type SyncOnlineStore } from '@weir/ports';
import { packEntries, StateWriter } from './state-writer';
import { open, type Database, type RootDatabase } from 'lmdb';

export interface LmdbOnlineStoreOptions {
  /** A folder of its own; made where it is missing. */
  readonly path: string;
}

/** LMDB takes keys up to 1,978 bytes; a longer one is cut and ends with its hash, and its value starts with the whole key. */
const keyBytesMax = 1_024;
const lanesMax = 1_024;
/** Marks values that start with their key. */
const longKeyMark = 0xff;
const positionKey = Buffer.from([0]);

/**
 * State in an LMDB folder: a database per lane, keys as their UTF-8 bytes. A publish is one transaction with the position, made in a thread of its own and
 * synced before it resolves; reads are made at once, from memory-mapped pages. One process at a time writes.
 */
export class LmdbOnlineStore extends OnlineStore implements SyncOnlineStore {
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #lanes = new Map<number, Database<Buffer, Buffer>>();
  readonly #path: string;
  #writer: StateWriter | undefined;

  constructor(options: LmdbOnlineStoreOptions) {
    super();
    this.#path = options.path;
    this.#root = open<Buffer, Buffer>({ path: options.path, maxDbs: lanesMax, encoding: 'binary', keyEncoding: 'binary', overlappingSync: false, noMemInit: true });
  }

  override position(lane: number): Promise<number> {
    return Promise.resolve(this.#position(lane));
  }

  override read(lane: number, keys: readonly string[]): Promise<ReadonlyArray<Uint8Array | undefined>> {
    return Promise.resolve(this.readSync(lane, keys));
  }

  readSync(lane: number, keys: readonly string[]): ReadonlyArray<Uint8Array | undefined> {
    const database = this.#lane(lane);
    return keys.map((key) => {
      const packed = packKey(key), value = database.get(packed);
      return value === undefined ? undefined : unpackValue(packed, value);
    });
  }

  override readWithPosition(lanes: readonly number[], keys: readonly string[]): Promise<ReadonlyArray<{ position: number; values: ReadonlyArray<Uint8Array | undefined> }>> {
    // Without an await in between, all reads are of one snapshot: LMDB renews its read transaction once a turn of the event loop.
    return Promise.resolve(lanes.map((lane) => ({ position: this.#position(lane), values: this.readSync(lane, keys) })));
  }

  override async publish(lane: number, position: number, changes: Iterable<readonly [key: string, value: Uint8Array | undefined]>): Promise<void> {
    const current = this.#position(lane);
    if (position < current) throw new WeirError('WEIR_FENCED', `lane ${lane} is at ${current}, so ${position} can't be published`);
    const blocks = await packEntries(packChanges(changes));
    try {
      await (this.#writer ??= new StateWriter(this.#path)).publish({ lane, position, blocks });
    } catch (cause) {
      throw new WeirError('WEIR_STORE_FAILED', `publishing state of lane ${lane} failed`, { cause, retriable: true });
    }
    // What is read from here on is of a snapshot behind it.
    this.#root.resetReadTxn();
  }

  override async *scan(lane: number, prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]> {
    yield* this.scanSync(lane, prefix);
  }

  *scanSync(lane: number, prefix: string): Iterable<readonly [key: string, value: Uint8Array]> {
    const start = Buffer.concat([keyMark, Buffer.from(prefix, 'utf8')]).subarray(0, keyBytesMax);
    for (const { key, value } of this.#lane(lane).getRange({ start, end: after(start) })) {
      const entry = unpackEntry(key, value);
      if (entry[0].startsWith(prefix)) yield entry;
    }
  }

  override async clear(lane: number): Promise<void> {
    await this.#lane(lane).clearAsync();
  }

  override async close(): Promise<void> {
    await this.#writer?.close();
    await this.#root.close();
  }

  #position(lane: number): number {
    return this.#lane(lane).get(positionKey)?.readDoubleBE(0) ?? -1;
  }

  #lane(lane: number): Database<Buffer, Buffer> {
    let database = this.#lanes.get(lane);
    if (database === undefined) this.#lanes.set(lane, (database = this.#root.openDB<Buffer, Buffer>(`lane ${lane}`, { encoding: 'binary', keyEncoding: 'binary' })));
    return database;
  }
}

/** State keys start with 1, so that nothing of them meets the position's. */
const keyMark = Buffer.from([1]);

function packKey(key: string): Buffer {
  const bytes = Buffer.from(`\u0001${key}`, 'utf8');
  if (bytes.length <= keyBytesMax) return bytes;
  return Buffer.concat([bytes.subarray(0, keyBytesMax), Buffer.from([longKeyMark]), createHash('sha256').update(bytes).digest()]);
}

function* packChanges(changes: Iterable<readonly [key: string, value: Uint8Array | undefined]>): Generator<readonly [Uint8Array, Uint8Array | undefined]> {
  for (const [key, value] of changes) yield packChange(key, value);
}

function packChange(key: string, value: Uint8Array | undefined): readonly [Uint8Array, Uint8Array | undefined] {
  const packed = packKey(key);
  if (value === undefined) return [packed, undefined];
  if (packed.length <= keyBytesMax) return [packed, value];
  const name = Buffer.from(key, 'utf8'), length = Buffer.alloc(4);
  length.writeUInt32LE(name.length);
  return [packed, Buffer.concat([length, name, value])];
}

/** A copy: LMDB's own buffer is of a page that may go. */
function unpackValue(packed: Buffer, value: Buffer): Uint8Array {
  return packed.length <= keyBytesMax ? Uint8Array.from(value) : Uint8Array.from(value.subarray(4 + value.readUInt32LE(0)));
}

function unpackEntry(packed: Buffer, value: Buffer): readonly [string, Uint8Array] {
  const name = packed.length <= keyBytesMax ? packed.subarray(1) : value.subarray(4, 4 + value.readUInt32LE(0));
  return [name.toString('utf8'), unpackValue(packed, value)];
}

/** The first key behind all that start with the prefix. */
function after(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at--) {
    if ((end[at] as number) < 0xff) {
      end[at] = (end[at] as number) + 1;
      return end.subarray(0, at + 1);
    }
  }
  return Buffer.from([0xff, 0xff]);
}
