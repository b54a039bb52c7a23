import type { Value } from '@weir/contracts';

export type ChangeRow = Readonly<Record<string, Value>>;

/** A change of a row, as Debezium says it. `r` is a row that was there when reading began, `t` that all rows are gone. */
export interface ChangeEvent {
  readonly op: 'c' | 'u' | 'd' | 'r' | 't';
  readonly before: ChangeRow | null;
  readonly after: ChangeRow | null;
  readonly source: { readonly connector: string; readonly db: string; readonly schema: string; readonly table: string; readonly tsMs: number; readonly snapshot: boolean; readonly txId: number | null };
  /**
   * Place in the source's own log, ascending for each row: a change with a lower one than was applied is older, one with the same was applied. Null where the
   * source says nothing of it.
   */
  readonly version: number | null;
}

const binlogBytesMax = 2 ** 32;

/**
 * Reads a Debezium change event from JSON: with or without the `schema`/`payload` wrapper, of PostgreSQL (version: LSN), MySQL (binlog file and position) or
 * another connector (version: `source.ts_ms`), and the flattened form with `__op`, `__deleted` and `__source_ts_ms`. Undefined for a tombstone (an empty
 * record behind a delete) and for a message that holds no change of a row.
 * @throws RangeError saying what is wrong.
 */
export function readDebezium(value: unknown): ChangeEvent | undefined {
  const event = isObject(value) && isObject(value['payload']) ? value['payload'] : value;
  if (event === null || event === undefined || (isObject(event) && event['payload'] === null)) return undefined;
  if (!isObject(event)) throw new RangeError('a change event is an object');
  if ('__op' in event || '__deleted' in event) return readFlattened(event);
  if (!('op' in event)) return undefined;
  const op = opOf(event['op']);
  if (op === undefined) return undefined;
  const source = isObject(event['source']) ? event['source'] : {};
  const before = rowOf(event['before'], 'before'), after = rowOf(event['after'], 'after');
  if (op === 'd' && before === null) throw new RangeError('before: a delete needs the row that went; the table has no replica identity');
  if ((op === 'c' || op === 'u' || op === 'r') && after === null) throw new RangeError(`after: missing in a change of kind ${op}`);
  return {
    op, before, after, version: versionOf(source),
    source: {
      connector: text(source['connector']), db: text(source['db']), schema: text(source['schema']), table: text(source['table'] ?? source['collection']),
      tsMs: whole(source['ts_ms']) ?? whole(event['ts_ms']) ?? 0, snapshot: !['false', 'undefined', 'null', ''].includes(String(source['snapshot'])), txId: whole(source['txId']) ?? null,
    },
  };
}

/** The whole row with metadata beside its columns, as Debezium's unwrapping gives it. */
function readFlattened(event: Readonly<Record<string, unknown>>): ChangeEvent {
  const meta = (name: string): unknown => event[`__${name}`];
  const row = rowOf(Object.fromEntries(Object.entries(event).filter(([name]) => !name.startsWith('__'))), 'row');
  const deleted = meta('deleted') === true || meta('deleted') === 'true' || meta('op') === 'd';
  const source: Record<string, unknown> = { lsn: meta('lsn') ?? meta('source_lsn'), file: meta('file') ?? meta('source_file'), pos: meta('pos') ?? meta('source_pos'), ts_ms: meta('source_ts_ms') ?? meta('ts_ms') };
  return {
    op: deleted ? 'd' : (opOf(meta('op')) ?? 'u'), before: deleted ? row : null, after: deleted ? null : row, version: versionOf(source),
    source: { connector: text(meta('connector')), db: text(meta('db')), schema: text(meta('schema')), table: text(meta('table') ?? meta('source_table')), tsMs: whole(source['ts_ms']) ?? 0, snapshot: meta('op') === 'r', txId: null },
  };
}

function versionOf(source: Readonly<Record<string, unknown>>): number | null {
  const lsn = whole(source['lsn']);
  if (lsn !== undefined) return lsn;
  const file = /\.(\d{1,6})$/.exec(text(source['file'])), position = whole(source['pos']);
  if (file !== null && position !== undefined) return Number(file[1]) * binlogBytesMax + position;
  return whole(source['ts_ms']) ?? null;
}

function rowOf(value: unknown, field: string): ChangeRow | null {
  if (value === null || value === undefined) return null;
  if (!isObject(value)) throw new RangeError(`${field}: an object expected`);
  const row: Record<string, Value> = {};
  for (const [name, column] of Object.entries(value)) row[name] = column === null || column === undefined ? null : typeof column === 'string' || typeof column === 'boolean' ? column : typeof column === 'number' ? (Number.isFinite(column) ? column : null) : JSON.stringify(column);
  return row;
}

const ops: readonly ChangeEvent['op'][] = ['c', 'u', 'd', 'r', 't'];
const opOf = (value: unknown): ChangeEvent['op'] | undefined => ops.find((op) => op === value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
function whole(value: unknown): number | undefined {
  const number = typeof value === 'number' ? value : typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
