import { WeirError, type ListChange, type RawBody, type RawRecord, type TableChange, type Value } from '@weir/contracts';
import { parseMomentMs, type DefinitionSet } from '@weir/definitions';
import { toRawBody } from '@weir/pipeline';

type JsonObject = Readonly<Record<string, unknown>>;

/** A case of the conformance files: whole in itself. */
export interface Case {
  readonly name: string;
  readonly definitions: readonly unknown[];
  /** As they came: what is no object is quarantined at its place. */
  readonly events: readonly unknown[];
  readonly at: readonly JsonObject[];
  readonly asKnown: boolean;
  readonly asDecided: boolean;
  readonly lists: Readonly<Record<string, readonly JsonObject[]>>;
  readonly tables: Readonly<Record<string, readonly JsonObject[]>>;
}

const objects = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const objectsByName = (value: unknown): Readonly<Record<string, readonly JsonObject[]>> =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, rows]) => [name, objects(rows)])) : {};

/** Reads a parsed line; what is missing is empty. */
export function readCase(value: unknown): Case {
  const line = isObject(value) ? value : {};
  return {
    name: String(line['name'] ?? ''), definitions: Array.isArray(line['definitions']) ? line['definitions'] : [], events: Array.isArray(line['events']) ? line['events'] : [], at: objects(line['at']),
    asKnown: line['as_known'] === true, asDecided: line['as_decided'] === true, lists: objectsByName(line['lists']), tables: objectsByName(line['tables']),
  };
}

const bodyOfSet = (set: DefinitionSet): RawBody => ({ kind: 'definitions', setId: set.id, json: set.canonicalJson });
/** Everything before the first event was received before all time. */
const beforeAllMs = -8_640_000_000_000_000;

/**
 * The case's one lane: its definitions, what lists and tables hold beforehand, then its events. `firstEvent` is the first event's offset.
 * @throws WeirError WEIR_USAGE for a list or table that the definitions have not, and for a time that is none.
 */
export function caseRecords(given: Case, set: DefinitionSet): { readonly records: readonly RawRecord[]; readonly firstEvent: number } {
  const bodies: RawBody[] = [bodyOfSet(set)];
  for (const list of Object.keys(given.lists)) if (!set.lists.has(list)) throw new WeirError('WEIR_USAGE', `lists: the definitions have no list ${list}`);
  for (const table of Object.keys(given.tables)) if (!set.tables.has(table)) throw new WeirError('WEIR_USAGE', `tables: the definitions have no table ${table}`);
  const listChanges = Object.entries(given.lists).flatMap(([list, entries]) => entries.map((entry): ListChange => ({
    op: 'put', list, value: String(entry['value']), fromMs: timeOf(entry, 'from'), untilMs: timeOf(entry, 'until'), by: 'case', reason: '',
  })));
  if (listChanges.length > 0) bodies.push({ kind: 'list', changes: listChanges });
  const tableChanges = Object.entries(given.tables).flatMap(([table, rows]) => rows.map((row): TableChange => ({
    op: 'put', table, key: String(row[set.tables.get(table)?.key ?? '']), row: valuesOf(row), version: null,
  })));
  if (tableChanges.length > 0) bodies.push({ kind: 'table', changes: tableChanges });
  const firstEvent = bodies.length;
  for (const event of given.events) {
    const result = toRawBody(JSON.stringify(event), { sources: set.sources, mayReplay: true, ownClock: true });
    bodies.push(result.kind === 'body' ? result.body : result.standIn);
  }
  return {
    firstEvent,
    records: bodies.map((body, offset) => ({ lane: 0, offset, appendedAtMs: body.kind === 'event' ? (body.receivedAtMs ?? 0) : beforeAllMs, body })),
  };
}

function timeOf(entry: JsonObject, field: 'from' | 'until'): number | null {
  const value = entry[field];
  if (value === undefined || value === null) return null;
  const ms = typeof value === 'number' || typeof value === 'string' ? parseMomentMs(value) : undefined;
  if (ms === undefined) throw new WeirError('WEIR_USAGE', `lists: ${field}: a time is expected (ISO 8601, or ms since the epoch), got ${JSON.stringify(value)}`);
  return ms;
}

const valuesOf = (row: JsonObject): Record<string, Value> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null]));
