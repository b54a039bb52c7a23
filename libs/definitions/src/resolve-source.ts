import type { FieldType } from '@weir/contracts';
import type { Field, Source } from './definition-set';
import type { Read, ReadField } from './document-schema';
import type { Report } from './report';

export const labelsSourceName = 'labels';

const defaultsMs = { outOfOrderness: 5000, allowedLateness: 48 * 3_600_000, maxFuture: 5 * 60_000, maxSkew: 5000, idleTimeout: 30_000 };

/**
 * The time field is always a timestamp, whatever was declared, and has a slot also when it was not declared. Its value is the corrected
 * event time. Slots are by name.
 */
export function resolveSource(read: Read<'Source'>, report: Report): Source {
  if (read.name === labelsSourceName) report(['name'], 'another name: labels is built in', read.name);
  const fields = resolveFields(read.fields, report).map((each) => (each.name === read.time ? { ...each, type: 'timestamp' as const, required: true } : each));
  const id = fields.find((each) => each.name === read.id);
  if (id === undefined) report(['id'], `one of the fields: ${names(fields)}`, read.id);
  else if (id.type !== 'string' && id.type !== 'int') report(['id'], 'a field of type string or int', `${read.id} of type ${id.type}`);
  const written = read.fields[read.time];
  const writtenType = written === undefined ? 'timestamp' : typeText(written);
  if (/^(?:money|bool)/.test(writtenType)) report(['time'], 'a field of type timestamp', `${read.time} of type ${writtenType}`);
  if (!fields.some((each) => each.name === read.time)) fields.push({ ...plainField(read.time, 'timestamp'), required: true });
  fields.sort((a, b) => byName([a.name], [b.name]));
  const late = read.late ?? {};
  const allowedLatenessMs = late.allowed_lateness ?? defaultsMs.allowedLateness;
  return {
    kind: 'Source', name: read.name, version: 1, owner: read.owner ?? null, description: read.description ?? null, tags: read.tags ?? [],
    id: read.id, time: read.time, sentAt: read.sent_at ?? 'sent_at', partitionBy: read.partition_by ?? null, decide: read.decide ?? false,
    fields: fields.map((each) => (each.name === read.id ? { ...each, required: true } : each)), slotByField: slots(fields), builtin: false,
    outOfOrdernessMs: late.out_of_orderness ?? defaultsMs.outOfOrderness, allowedLatenessMs, writtenAllowedLatenessMs: allowedLatenessMs,
    maxFutureMs: late.max_future ?? defaultsMs.maxFuture, maxSkewMs: late.max_skew ?? defaultsMs.maxSkew, idleTimeoutMs: late.idle_timeout ?? defaultsMs.idleTimeout,
    historyFromMs: read.history_from ?? null,
  };
}

/** The built-in source of labels: what `POST /labels` takes, and the fields of the transaction it speaks of. Its time is when the label became known. */
export function labelsSource(decided: Source): Source {
  const own: Field[] = [
    { ...plainField('label_id', 'string'), required: true }, { ...plainField('transaction_id', 'string'), required: true }, { ...plainField('fraud', 'bool'), required: true },
    plainField('by', 'string'), { ...plainField('at', 'timestamp'), required: true }, plainField('source', 'string'),
  ];
  const taken = new Set(own.map((field) => field.name));
  const ofTransaction = decided.fields.filter((field) => !taken.has(field.name)).map((field): Field => ({ ...plainField(field.name, field.type), class: field.class, mask: field.mask, tokenise: field.tokenise }));
  const fields = [...own, ...ofTransaction].sort((a, b) => byName([a.name], [b.name]));
  return {
    ...decided, name: labelsSourceName, version: 1, owner: null, tags: [], description: 'Labels of transactions, as they became known', builtin: true, decide: false,
    id: 'label_id', time: 'at', sentAt: null, fields, slotByField: slots(fields),
    outOfOrdernessMs: defaultsMs.outOfOrderness, allowedLatenessMs: endlessMs, writtenAllowedLatenessMs: endlessMs, maxFutureMs: defaultsMs.maxFuture, maxSkewMs: defaultsMs.maxSkew, idleTimeoutMs: defaultsMs.idleTimeout, historyFromMs: null,
  };
}

/** A thousand years: late labels are expected, and none is refused for being late. */
const endlessMs = 1000 * 365 * 86_400_000;

/** Fields by name, which is the order of slots: the order in which they are written means nothing. */
export function resolveFields(written: Readonly<Record<string, ReadField>>, report: Report): Field[] {
  return Object.entries(written).sort(byName).map(([name, field]) => {
    const text = typeText(field);
    const type = fieldType(text);
    const base = { ...plainField(name, type), required: text.endsWith('!') };
    if (typeof field === 'string') return base;
    checkField(field, type, (path, expected, got) => report(['fields', name, ...path], expected, got));
    return {
      ...base, from: field.from ?? name, decimals: field.decimals ?? null, class: field.class ?? null, mask: field.mask ?? null, tokenise: field.tokenise ?? false,
      min: field.min ?? null, max: field.max ?? null, enum: field.enum ?? null, matches: field.matches ?? null,
    };
  });
}

const isNumber = (type: FieldType): boolean => type === 'number' || type === 'int' || type === 'money';

function checkField(field: Exclude<ReadField, string>, type: FieldType, report: Report): void {
  if (field.decimals !== undefined && type !== 'money') report(['decimals'], 'decimals on a field of type money', `type ${type}`);
  if (field.tokenise === true && type !== 'string') report(['tokenise'], 'tokenise on a field of type string', `type ${type}`);
  for (const bound of ['min', 'max'] as const) if (field[bound] !== undefined && !isNumber(type)) report([bound], `${bound} on a number`, `type ${type}`);
  if (field.min !== undefined && field.max !== undefined && field.min > field.max) report(['max'], `at least min, ${field.min}`, String(field.max));
  const wrong = field.enum?.find((value) => typeof value !== (isNumber(type) ? 'number' : 'string'));
  if (wrong !== undefined) report(['enum'], `values of type ${type}`, JSON.stringify(wrong));
  if (field.matches === undefined) return;
  if (type !== 'string') report(['matches'], 'matches on a field of type string', `type ${type}`);
  try {
    new RegExp(field.matches, 'u');
  } catch (problem) {
    report(['matches'], 'a regular expression', problem instanceof Error ? problem.message : field.matches);
  }
}

const byName = ([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number => (a < b ? -1 : a > b ? 1 : 0);
const typeText = (field: ReadField): string => (typeof field === 'string' ? field : field.type);

function fieldType(text: string): FieldType {
  switch (text.replace('!', '')) {
    case 'number': return 'number';
    case 'int': return 'int';
    case 'money': return 'money';
    case 'bool': return 'bool';
    case 'timestamp': return 'timestamp';
    default: return 'string';
  }
}

const plainField = (name: string, type: FieldType): Field =>
  ({ name, type, required: false, from: name, decimals: null, class: null, mask: null, tokenise: false, min: null, max: null, enum: null, matches: null });
const slots = (fields: readonly Field[]): ReadonlyMap<string, number> => new Map(fields.map((field, slot) => [field.name, slot]));
const names = (fields: readonly Field[]): string => fields.map((field) => field.name).join(', ');
