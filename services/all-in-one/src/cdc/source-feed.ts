import type { ChangeEvent, ChangeRow } from '@weir/adapters/cdc';
import { tableChanges } from '@weir/adapters/cdc';
import { ProblemError, type Client } from '../client';
import { rowFor, type TableFields } from './table-fields';

/** Changes of one request; the suite takes no more at once. */
const changesMax = 5_000;

export interface TableTarget { readonly source: string; readonly fields: TableFields }
/** Each row stands for one entry: the value of a column. */
export interface ListTarget { readonly source: string; readonly column: string; readonly list: string }

/** Brings the changes of a source's tables to tables and lists of a running suite, in their order. What was sent already does nothing when it comes again. */
export class SourceFeed {
  /** Changes that are in the lanes. */
  taken = 0;

  constructor(private readonly client: Client, private readonly targets: { readonly tables: readonly TableTarget[]; readonly lists: readonly ListTarget[] }) {}

  /** Resolves when they hold for the next decision. */
  async take(events: readonly ChangeEvent[]): Promise<void> {
    for (const { source, fields } of this.targets.tables) await this.changeTable(fields, events.filter((event) => nameOf(event) === source));
    for (const target of this.targets.lists) await this.changeList(target, events.filter((event) => nameOf(event) === target.source));
    this.taken += events.length;
  }

  private async changeTable(fields: TableFields, events: readonly ChangeEvent[]): Promise<void> {
    const changes = events.flatMap((event) => tableChanges(event, { table: fields.table, key: [fields.key], row: (columns) => rowFor(fields, columns) }))
      .map((change) => (change.op === 'put' ? { op: 'put', row: change.row, version: change.version ?? 0 } : { op: 'remove', key: change.key, version: change.version ?? 0 }));
    for (let from = 0; from < changes.length; from += changesMax) await this.client.json('POST', `/tables/${encodeURIComponent(fields.table)}/changes`, { changes: changes.slice(from, from + changesMax) });
  }

  /** Entries have no versions: each is brought to what the last change of its value says. */
  private async changeList({ column, list }: ListTarget, events: readonly ChangeEvent[]): Promise<void> {
    const holds = new Map<string, boolean>();
    const valueOf = (row: ChangeRow | null): string | undefined => { const value = row?.[column]; return value === undefined || value === null ? undefined : String(value); };
    for (const { before, after, op } of events) {
      const old = op === 'u' || op === 'd' ? valueOf(before) : undefined, value = op === 'd' ? undefined : valueOf(after);
      if (old !== undefined) holds.set(old, false);
      if (value !== undefined) holds.set(value, true);
    }
    const path = `/lists/${encodeURIComponent(list)}/entries`;
    const put = [...holds].filter(([, held]) => held).map(([value]) => ({ value, reason: 'by its source' }));
    for (let from = 0; from < put.length; from += changesMax) await this.client.json('PUT', path, { entries: put.slice(from, from + changesMax), replace: false });
    for (const [value, held] of holds) if (!held) await removeEntry(this.client, `${path}/${encodeURIComponent(value)}`);
  }
}

const nameOf = ({ source }: ChangeEvent): string => `${source.schema}.${source.table}`;

/** One that is not there is gone, too. */
async function removeEntry(client: Client, path: string): Promise<void> {
  try {
    await client.send('DELETE', path);
  } catch (error) {
    if (!(error instanceof ProblemError && error.status === 404)) throw error;
  }
}
