import { WeirError, type ListChange, type RawBody, type TableChange, type Value } from '@weir/contracts';
import type { DefinitionSet, List, Table } from '@weir/definitions';
import type { ListEntry, Lists, NewListEntry, Page, PageRequest, RowChange, Tables } from '@weir/gateway';
import { encodeRawBody, type Tokeniser } from '@weir/pipeline';
import type { Clock, EventLog } from '@weir/ports';
import { isNetwork, type ListStore } from '@weir/rules';
import { tokenOfField } from './field-tokens';

/** What holds in every lane alike. */
export type EveryLaneBody = Exclude<RawBody, { readonly kind: 'event' | 'tick' }>;

/** Appends a record to every lane; gives its offset by lane. `key`: for consumers of the log. */
export function appendToEveryLane(log: EventLog, body: EveryLaneBody, key: string | null = null): Promise<readonly number[]> {
  const record = encodeRawBody(body, key);
  return Promise.all(Array.from({ length: log.lanes }, async (_, lane) => (await log.append('transactions.raw', lane, [record])).firstOffset));
}

/** Appends a record to every lane and waits until each has passed it, so that it holds for the next event. */
export class LaneWriter {
  constructor(private readonly log: EventLog, private readonly reached: (offsetByLane: readonly number[]) => Promise<void>) {}

  async write(body: EveryLaneBody): Promise<void> { await this.reached(await appendToEveryLane(this.log, body)); }
}

export interface LaneListsOptions {
  readonly set: () => DefinitionSet;
  /** Lists as a lane holds them; every lane holds the same entries of the API. */
  readonly store: () => ListStore | Promise<ListStore>;
  readonly writer: LaneWriter;
  readonly clock: Clock;
  readonly tokeniser: Tokeniser;
}

/** Lists by name: read from the lane's own state, changed by records in the lanes. */
export class LaneLists implements Lists {
  constructor(private readonly options: LaneListsOptions) {}

  async all(): Promise<ReadonlyArray<{ readonly name: string; readonly of: string; readonly effect: string; readonly match: string; readonly entries: number }>> {
    const { set } = this.options, store = await this.options.store();
    return [...set().lists.values()].map(({ name, of, effect, match }) => ({ name, of, effect, match, entries: store.size(name) }));
  }

  async entries(list: string, page: PageRequest): Promise<Page<ListEntry>> {
    this.list(list);
    const all = (await this.options.store()).entries(list);
    return pageFrom(all, page, (entry) => ({ value: entry.value, ...shown(entry) }));
  }

  async entry(list: string, value: string): Promise<ListEntry | undefined> {
    const definition = this.list(list);
    const held = this.token(definition, value);
    const nowMs = this.options.clock.nowMs();
    const store = await this.options.store();
    const entry = store.entryAt(list, held, nowMs) ?? store.entriesOf(list, held)[0];
    return entry && { value: held, ...shown(entry) };
  }

  async put(list: string, value: string, entry: { readonly fromMs: number | null; readonly untilMs: number | null | undefined; readonly reason: string; readonly by: string }): Promise<ListEntry> {
    const definition = this.list(list);
    const nowMs = this.options.clock.nowMs();
    const untilMs = this.untilMs(definition, entry, nowMs), held = this.token(definition, value);
    if (definition.match === 'cidr' && !isNetwork(held)) throw new WeirError('WEIR_INPUT_INVALID', `${value} is no address`, { findings: [addressFinding(list, 'value', value)] });
    // A list only ever adds stretches; PUT replaces, so what was there goes in the same record.
    const replaced: ListChange[] = (await this.options.store()).entriesOf(list, held).length > 0 ? [{ op: 'remove', list, value: held, by: entry.by }] : [];
    await this.options.writer.write({ kind: 'list', changes: [...replaced, { op: 'put', list, value: held, fromMs: entry.fromMs, untilMs, by: entry.by, reason: entry.reason }] });
    return { value: held, fromMs: entry.fromMs, untilMs, reason: entry.reason, by: entry.by };
  }

  async putAll(list: string, entries: readonly NewListEntry[], { replace, by }: { readonly replace: boolean; readonly by: string }): Promise<number> {
    const definition = this.list(list), store = await this.options.store(), nowMs = this.options.clock.nowMs();
    const given = entries.map((entry) => ({ ...entry, value: this.token(definition, entry.value) }));
    const findings = definition.match === 'cidr' ? given.flatMap(({ value }, index) => (isNetwork(value) ? [] : [addressFinding(list, `entries[${index}].value`, value)])) : [];
    if (findings.length > 0) throw new WeirError('WEIR_INPUT_INVALID', `${findings.length} values are no addresses`, { findings: findings.slice(0, findingsMax) });
    // What a value held before goes in the same record, as with one entry.
    const gone = replace ? new Set(store.entries(list).map(({ value }) => value)) : new Set(given.flatMap(({ value }) => (store.entriesOf(list, value).length > 0 ? [value] : [])));
    const changes: ListChange[] = [...gone].map((value) => ({ op: 'remove', list, value, by }));
    for (const { value, fromMs, untilMs, reason, by: named } of given) changes.push({ op: 'put', list, value, fromMs, untilMs: this.untilMs(definition, { fromMs, untilMs }, nowMs), by: named, reason });
    if (changes.length > 0) await this.options.writer.write({ kind: 'list', changes });
    return (await this.options.store()).size(list);
  }

  async remove(list: string, value: string, by: string): Promise<boolean> {
    const held = this.token(this.list(list), value);
    if ((await this.options.store()).entriesOf(list, held).length === 0) return false;
    await this.options.writer.write({ kind: 'list', changes: [{ op: 'remove', list, value: held, by }] });
    return true;
  }

  private list(name: string): List {
    const list = this.options.set().lists.get(name);
    if (list === undefined) throw new WeirError('WEIR_NOT_FOUND', `there is no list ${name}`);
    return list;
  }

  private untilMs({ ttlMs }: List, { fromMs, untilMs }: { readonly fromMs: number | null; readonly untilMs: number | null | undefined }, nowMs: number): number | null {
    return untilMs !== undefined ? untilMs : ttlMs === null ? null : (fromMs ?? nowMs) + ttlMs;
  }

  /** A list of a tokenised field holds tokens. */
  private token(list: List, value: string): string {
    return tokenOfField(this.options.set(), this.options.tokeniser, { field: list.of, value });
  }
}

/** Findings of one upload that are told. */
const findingsMax = 100;
const addressFinding = (list: string, field: string, got: string) => ({ where: list, field, expected: 'an address or a network, e.g. 203.0.113.0/24', got });

const shown = (entry: { readonly fromMs: number; readonly untilMs: number; readonly reason?: string; readonly by?: string }): Omit<ListEntry, 'value'> => ({
  fromMs: Number.isFinite(entry.fromMs) ? entry.fromMs : null, untilMs: Number.isFinite(entry.untilMs) ? entry.untilMs : null, reason: entry.reason ?? '', by: entry.by ?? '',
});

function pageFrom<T, U>(all: readonly T[], page: PageRequest, convert: (item: T) => U): Page<U> {
  const from = page.cursor === undefined ? 0 : Number(page.cursor);
  if (!Number.isSafeInteger(from) || from < 0) throw new WeirError('WEIR_INPUT_INVALID', 'cursor: not one that a page gave', { findings: [{ where: 'query', field: 'cursor', expected: 'the `next` of the page before', got: String(page.cursor) }] });
  return { items: all.slice(from, from + page.limit).map(convert), next: from + page.limit < all.length ? String(from + page.limit) : null };
}

type Row = Readonly<Record<string, Value>>;
/** Rows in force, as a lane's state has them. */
export interface TableRows {
  row(table: string, key: string): Row | undefined | Promise<Row | undefined>;
  rows(table: string): Iterable<readonly [key: string, row: Row]> | Promise<Iterable<readonly [key: string, row: Row]>>;
}
export interface LaneTablesOptions { readonly set: () => DefinitionSet; readonly rows: () => TableRows; readonly writer: LaneWriter; readonly tokeniser: Tokeniser }

/** Tables by name: read from the lane's own state, changed by records in the lanes. */
export class LaneTables implements Tables {
  constructor(private readonly options: LaneTablesOptions) {}

  all(): Promise<ReadonlyArray<{ readonly name: string; readonly key: string; readonly rows: number }>> {
    return Promise.all([...this.options.set().tables.values()].map(async ({ name, key }) => ({ name, key, rows: [...await this.options.rows().rows(name)].length })));
  }

  async rows(table: string, page: PageRequest): Promise<Page<Row>> {
    this.table(table);
    return pageFrom([...await this.options.rows().rows(table)].sort(([a], [b]) => (a < b ? -1 : 1)), page, ([, row]) => row);
  }

  async row(table: string, key: string): Promise<Row | undefined> {
    return this.options.rows().row(table, this.token(this.table(table), key));
  }

  async put(table: string, rows: readonly Row[], _by: string): Promise<void> {
    await this.write(table, rows.map((row) => ({ op: 'put', row, version: null })));
  }

  change(table: string, changes: readonly RowChange[]): Promise<void> { return this.write(table, changes); }

  private async write(table: string, given: ReadonlyArray<{ readonly op: 'put'; readonly row: Row; readonly version: number | null } | { readonly op: 'remove'; readonly key: string; readonly version: number | null }>): Promise<void> {
    const definition = this.table(table);
    const findings = given.flatMap((change, index) => (change.op === 'put' ? rowFindings(definition, change.row, index) : []));
    if (findings.length > 0) throw new WeirError('WEIR_INPUT_INVALID', `${findings.length} values do not fit the table ${table}`, { findings });
    await this.options.writer.write({ kind: 'table', changes: given.map((change): TableChange => {
      const { version } = change;
      if (change.op === 'remove') return { op: 'remove', table, key: this.token(definition, change.key), version };
      const key = this.token(definition, String(change.row[definition.key]));
      return { op: 'put', table, key, row: { ...change.row, [definition.key]: key }, version };
    }) });
  }

  async remove(table: string, key: string, _by: string): Promise<boolean> {
    const definition = this.table(table);
    const held = this.token(definition, key);
    if ((await this.options.rows().row(table, held)) === undefined) return false;
    await this.options.writer.write({ kind: 'table', changes: [{ op: 'remove', table, key: held, version: null }] });
    return true;
  }

  private table(name: string): Table {
    const table = this.options.set().tables.get(name);
    if (table === undefined) throw new WeirError('WEIR_NOT_FOUND', `there is no table ${name}`);
    return table;
  }

  private token(table: Table, key: string): string {
    return tokenOfField(this.options.set(), this.options.tokeniser, { field: table.key, value: key });
  }
}

function rowFindings(table: Table, row: Row, index: number) {
  const where = `rows[${index}]`;
  const findings = table.fields.flatMap((field) => {
    const value = row[field.name] ?? null;
    if (value === null) return field.required || field.name === table.key ? [{ where, field: field.name, expected: `a ${field.type}`, got: 'nothing' }] : [];
    return fits(field.type, value) ? [] : [{ where, field: field.name, expected: `a ${field.type}`, got: typeof value }];
  });
  const known = new Set(table.fields.map((field) => field.name));
  return [...findings, ...Object.keys(row).filter((name) => !known.has(name)).map((name) => ({ where, field: name, expected: `one of ${[...known].join(', ')}`, got: 'an unknown field' }))];
}

function fits(type: Table['fields'][number]['type'], value: string | number | boolean): boolean {
  switch (type) {
    case 'string': return typeof value === 'string';
    case 'bool': return typeof value === 'boolean';
    case 'number': return typeof value === 'number' && Number.isFinite(value);
    case 'int': case 'money': case 'timestamp': return typeof value === 'number' && Number.isSafeInteger(value);
  }
}
