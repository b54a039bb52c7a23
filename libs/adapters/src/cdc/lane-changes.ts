import type { ListChange, TableChange, Value } from '@weir/contracts';
import { WeirError } from '@weir/contracts';
import type { ChangeEvent, ChangeRow } from './change-event';

/** How rows of a source's table become rows of a table of Weir. */
export interface TableMapping {
  readonly table: string;
  /** Columns of the key, in the order of the table's key fields. */
  readonly key: readonly string[];
  /** The row to keep, from the source's columns: names, types, tokens in place of secrets. Default: as it is. */
  readonly row?: (columns: ChangeRow) => Readonly<Record<string, Value>>;
  /** A key's part as it is looked up, e.g. its token. Default: its text. */
  readonly keyPart?: (value: Value, column: string) => string;
}

/** How rows of a source's table become entries of a list. */
export interface ListMapping {
  readonly list: string;
  readonly value: (columns: ChangeRow) => string;
  /** Limits of the entry, ms. Default: none. */
  readonly fromMs?: (columns: ChangeRow) => number | null;
  readonly untilMs?: (columns: ChangeRow) => number | null;
  readonly reason?: (columns: ChangeRow) => string;
  /** Rows for which it is false are no entries. */
  readonly where?: (columns: ChangeRow) => boolean;
}

/**
 * Changes of a table: the row is kept or taken away under its key, with the source's version, so that a duplicate or an older change does nothing. Where an update
 * moves a row to another key, the old one goes.
 * @throws WeirError WEIR_INPUT_INVALID where a key's column is missing.
 */
export function tableChanges(event: ChangeEvent, mapping: TableMapping): readonly TableChange[] {
  const { table } = mapping, { before, after, version } = event;
  const oldKey = before === null || !hasKey(before, mapping) ? undefined : keyOf(before, mapping);
  if (event.op === 'd') return [{ op: 'remove', table, key: oldKey ?? keyOf(before ?? {}, mapping), version }];
  if (after === null) return [];
  const key = keyOf(after, mapping);
  const put: TableChange = { op: 'put', table, key, row: mapping.row?.(after) ?? after, version };
  return oldKey === undefined || oldKey === key ? [put] : [{ op: 'remove', table, key: oldKey, version }, put];
}

/** Changes of a list. Lists have no versions: the changes must come in their order, as a partition of a topic or a slot gives them. */
export function listChanges(event: ChangeEvent, mapping: ListMapping, by: string): readonly ListChange[] {
  const entry = (row: ChangeRow | null): string | undefined => (row === null || mapping.where?.(row) === false ? undefined : mapping.value(row));
  const old = event.op === 'd' || event.op === 'u' ? entry(event.before) : undefined, value = event.op === 'd' ? undefined : entry(event.after);
  const changes: ListChange[] = old !== undefined && old !== value ? [{ op: 'remove', list: mapping.list, value: old, by }] : [];
  if (value !== undefined && event.after !== null) changes.push({ op: 'put', list: mapping.list, value, fromMs: mapping.fromMs?.(event.after) ?? null, untilMs: mapping.untilMs?.(event.after) ?? null, by, reason: mapping.reason?.(event.after) ?? '' });
  return changes;
}

const hasKey = (row: ChangeRow, mapping: TableMapping): boolean => mapping.key.every((column) => row[column] !== undefined && row[column] !== null);

/** Parts joined by `|`, each percent-encoded, where there are several. */
function keyOf(row: ChangeRow, mapping: TableMapping): string {
  const parts = mapping.key.map((column) => {
    const value = row[column];
    if (value === undefined || value === null) throw new WeirError('WEIR_INPUT_INVALID', `a change of ${mapping.table} has no ${column}`, { findings: [{ where: mapping.table, field: column, expected: 'a value of the key', got: value === null ? 'null' : 'nothing' }] });
    return mapping.keyPart?.(value, column) ?? String(value);
  });
  return parts.length === 1 ? (parts[0] ?? '') : parts.map((part) => encodeURIComponent(part)).join('|');
}
