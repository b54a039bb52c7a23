import type { DecisionRow } from '@weir/ports';

/** P of a model for a decision; `answers`: it is the one that decided. */
export interface ModelP { readonly name: string; readonly version: number | null; readonly p: number; readonly answers: boolean }

/** What the monitors need of a stored decision. */
export interface DecisionFacts {
  /** Stands for the transaction; 53 bits of a hash, so that any share of transactions can be picked by it. */
  readonly key: number;
  readonly timeMs: number;
  /** Who it is counted under where people look at so many cards a day; the first entity. */
  readonly card: string;
  readonly alert: boolean;
  /** It was held, or raised an alert. */
  readonly high: boolean;
  readonly models: readonly ModelP[];
  /** Features by name, fields as `tx:field`, `score`, `p:MODEL`. */
  readonly values: Readonly<Record<string, number | string | null>>;
}

/** The same transaction has the same key everywhere. FNV-1a, twice. */
export function keyOf(transactionId: string): number {
  let low = 0x811c9dc5, high = 0x9747b28c;
  for (let index = 0; index < transactionId.length; index++) {
    const unit = transactionId.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x85ebca6b);
  }
  low ^= low >>> 15;
  low = Math.imul(low, 0x2c1b3c6d);
  low ^= low >>> 12;
  return (low >>> 0) * 0x20_0000 + ((high ^ (high >>> 13)) >>> 11);
}
export const keysMax = 2 ** 53;

interface StoredRecord {
  readonly model: { readonly name: string; readonly version: number; readonly p: number | null } | null;
  readonly other_models: Readonly<Record<string, number | null>>;
  readonly features: Readonly<Record<string, unknown>>;
  readonly tx: Readonly<Record<string, unknown>>;
}

/** `versionOf`: version of a model that did not decide, in the set in force. */
export function factsOf(row: DecisionRow, versionOf: (model: string) => number | null): DecisionFacts {
  const record = JSON.parse(row.json) as StoredRecord; // written by decisionRow alone
  const models: ModelP[] = [];
  if (record.model !== null && record.model.p !== null) models.push({ name: record.model.name, version: record.model.version, p: record.model.p, answers: true });
  for (const [name, p] of Object.entries(record.other_models)) if (p !== null) models.push({ name, version: versionOf(name), p, answers: false });
  const values: Record<string, number | string | null> = { score: row.score };
  for (const { name, p } of models) values[`p:${name}`] = p;
  for (const [name, value] of Object.entries(record.features)) put(values, name, value);
  for (const [name, value] of Object.entries(record.tx)) put(values, `tx:${name}`, value);
  return { key: keyOf(row.transactionId), timeMs: row.eventTimeMs, card: row.entities[0] ?? row.transactionId, alert: row.alert, high: isHigh(row), models, values };
}

export const isHigh = ({ outcome, alert }: Pick<DecisionRow, 'outcome' | 'alert'>): boolean => outcome !== 'approve' || alert;

function put(values: Record<string, number | string | null>, name: string, value: unknown): void {
  if (typeof value === 'number' || typeof value === 'string' || value === null) values[name] = value;
  else if (typeof value === 'boolean') values[name] = Number(value);
}
