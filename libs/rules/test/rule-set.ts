import type { FeatureLayout, FeatureVector, StreamEvent, Value } from '@weir/contracts';
import { documentsFromJson, emptyFrame, resolveSet, type ConditionFrame, type DefinitionSet } from '@weir/definitions';
import { ListStore, compileDecisionProgram, type DecisionInput, type DecisionProgram } from '../src/index';

/** A source with a field of every type, its card, and a view by card. */
export const baseDocuments: readonly Record<string, unknown>[] = [
  {
    kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', decide: true,
    fields: { transaction_id: 'string!', card_id: 'string!', amount: 'money', v: 'number', n: 'int', ok: 'bool', country: 'string', city: 'string', ip: 'string', email: 'string', merchant_id: 'string', x0: 'number' },
  },
  { kind: 'Entity', name: 'card', key: 'card_id' },
  { kind: 'Entity', name: 'merchant', key: 'merchant_id' },
  { kind: 'FeatureView', name: 'by_card', entity: 'card', source: 'transactions', features: [{ name: 'tx_count', agg: 'count', windows: ['1h'] }, { name: 'cities', agg: 'distinct', of: 'city', windows: ['24h'] }] },
];

export const setOf = (...documents: readonly Record<string, unknown>[]): DefinitionSet => resolveSet(documentsFromJson([...baseDocuments, ...documents]));
export const programOf = (...documents: readonly Record<string, unknown>[]): DecisionProgram => compileDecisionProgram(setOf(...documents), 'transactions');
export const rule = (name: string, when: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ kind: 'Rule', name, when, ...more });

export const startMs = Date.UTC(2026, 0, 5, 12);
export type Fields = Readonly<Record<string, Value>>;

export function eventOf(program: Pick<DecisionProgram, 'source'>, fields: Fields = {}, timeMs = startMs): StreamEvent {
  const all: Fields = { transaction_id: 't1', card_id: 'c1', ...fields };
  return {
    source: program.source.name, id: String(all['transaction_id']), timeMs, reportedTimeMs: timeMs, receivedAtMs: timeMs, marks: [], extra: undefined,
    values: program.source.fields.map(({ name }) => (name === program.source.time ? timeMs : all[name] ?? null)),
  };
}

export function vectorOf(layout: FeatureLayout | undefined, values: Readonly<Record<string, number | null>> = {}): FeatureVector {
  if (!layout) throw new RangeError('no layout');
  const numbers = Float64Array.from(layout.names, (name) => values[name] ?? Number.NaN);
  return { layout, numbers, others: layout.names.map(() => undefined), statuses: Uint8Array.from(numbers, (value) => (Number.isNaN(value) ? 1 : 6)) };
}

export function inputOf(program: DecisionProgram, fields: Fields = {}, more: Partial<DecisionInput> & { readonly atMs?: number; readonly features?: Readonly<Record<string, number | null>> } = {}): DecisionInput {
  const { atMs, features, ...rest } = more;
  return {
    id: 'd-0-0', event: eventOf(program, fields, atMs), vector: vectorOf(program.set.layoutBySource.get(program.source.name), features), profiles: undefined, matches: [], positions: null,
    model: null, otherModels: {}, degradedWhy: [], lists: new ListStore(), snoozes: undefined, ...rest,
  };
}

export function frameOf(program: DecisionProgram, fields: Fields, features: Readonly<Record<string, number | null>> = {}): ConditionFrame {
  const frame = emptyFrame();
  frame.event = eventOf(program, fields);
  frame.vector = vectorOf(program.set.layoutBySource.get(program.source.name), features);
  frame.matched = new Set();
  frame.lists = new ListStore();
  frame.score = 0;
  return frame;
}
