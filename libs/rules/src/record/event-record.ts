import type { StreamEvent, Value } from '@weir/contracts';
import type { Source } from '@weir/definitions';

type Row = Readonly<Record<string, unknown>>;
const noRows: Readonly<Record<string, Row>> = Object.freeze({});

/** Makes `{field: value}` of events of one source. Every record is a copy of one template, so that all share their shape. */
export class EventRecords {
  private readonly names: readonly string[];
  private readonly template: Readonly<Record<string, Value>>;
  /** Names that an assignment would not make a plain property of. */
  private readonly isPlain: boolean;

  constructor(source: Source) {
    this.names = source.fields.map(({ name }) => name);
    this.isPlain = !this.names.includes('__proto__');
    this.template = Object.fromEntries(this.names.map((name) => [name, null]));
  }

  of(event: StreamEvent): Readonly<Record<string, Value>> {
    const { names } = this;
    if (!this.isPlain) return Object.fromEntries(names.map((name, slot) => [name, event.values[slot] ?? null]));
    const record: Record<string, Value> = { ...this.template };
    for (let slot = 0; slot < names.length; slot++) record[names[slot] as string] = event.values[slot] ?? null;
    return record;
  }
}

export const rowsRecord = (rows: ReadonlyMap<string, Row> | undefined): Readonly<Record<string, Row>> => (rows === undefined || rows.size === 0 ? noRows : Object.fromEntries(rows));
