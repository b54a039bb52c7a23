import { ByteReader, ByteWriter, type TableChange, type Value } from '@weir/contracts';
import type { StageState } from '@weir/pipeline';
import { decodeValue, encodeValue } from '@weir/windows';
import { HotCache } from './hot-cache';

type Row = Readonly<Record<string, Value>>;
interface Versioned { readonly row: Row | undefined; readonly version: number | null }

const formatVersion = 1;
export const tablePrefix = 'fs/-table/';
const writer = new ByteWriter();
const absent: Versioned = Object.freeze({ row: undefined, version: null });

/** Rows of profile tables as in force at a place in the lane: a change holds for the events after it. */
export class ProfileTables {
  private cache: HotCache<Versioned>;
  private state: StageState | undefined;

  constructor(private readonly rowsMax: number) { this.cache = this.newCache(undefined); }

  restore(state: StageState): void {
    this.state = state;
    this.cache = this.newCache(state);
  }

  /** Every row in force of a table: what was stored, with what changed since. */
  *rows(table: string): Generator<readonly [key: string, row: Row]> {
    const prefix = `${table}/`;
    const changed = new Set<string>();
    for (const [key, { row }] of this.cache.changed()) {
      if (!key.startsWith(prefix)) continue;
      changed.add(key);
      if (row !== undefined) yield [key.slice(prefix.length), row];
    }
    for (const [key, bytes] of this.state?.scan(tablePrefix + prefix) ?? []) {
      const { row } = decodeRow(bytes);
      if (row !== undefined && !changed.has(key.slice(tablePrefix.length))) yield [key.slice(tablePrefix.length + prefix.length), row];
    }
  }

  /** A change older than what is there (by the source's own version) is ignored. */
  apply(change: TableChange): void {
    const key = `${change.table}/${change.key}`;
    const known = this.cache.get(key);
    if (known !== undefined && known.version !== null && change.version !== null && change.version < known.version) return;
    this.cache.set(key, { row: change.op === 'put' ? change.row : undefined, version: change.version });
  }

  row(table: string, key: Value): Row | undefined {
    return key === null ? undefined : this.cache.get(`${table}/${String(key)}`)?.row;
  }

  takeChanges(): Iterable<readonly [string, Uint8Array | undefined]> { return this.cache.takeChanges(tablePrefix); }

  private newCache(state: StageState | undefined): HotCache<Versioned> {
    return new HotCache(this.rowsMax, {
      load: (key) => {
        const bytes = state?.get(tablePrefix + key);
        return bytes === undefined ? absent : decodeRow(bytes); // kept like a row, for it is asked for again and again
      },
      pack: encodeRow,
    });
  }
}

function encodeRow({ row, version }: Versioned): Uint8Array {
  writer.byte(formatVersion);
  encodeValue(writer, version);
  writer.byte(row === undefined ? 0 : 1);
  const names = Object.keys(row ?? {}).sort();
  writer.varint(names.length);
  for (const name of names) {
    writer.text(name);
    encodeValue(writer, row?.[name] ?? null);
  }
  return writer.take();
}

function decodeRow(bytes: Uint8Array): Versioned {
  const reader = new ByteReader(bytes);
  reader.byte();
  const version = decodeValue(reader);
  const there = reader.byte() === 1;
  const row: Record<string, Value> = {};
  const count = reader.varint();
  for (let i = 0; i < count; i++) {
    const name = reader.text();
    row[name] = decodeValue(reader);
  }
  return { row: there ? row : undefined, version: typeof version === 'number' ? version : null };
}
