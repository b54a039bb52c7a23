import { WeirError, type Finding } from '@weir/contracts';
import { parseDurationMs } from '@weir/definitions';
import { contiguities, innerContiguities, type Contiguity, type InnerContiguity, type Pattern, type Quantifier, type SkipStrategy, type Step } from './pattern';

/** A condition as written: CEL, or an object of the JSON form. */
export type WrittenCondition = string | Readonly<Record<string, unknown>>;

/** A pattern as definitions hold it. */
export interface WrittenPattern { readonly steps: readonly unknown[]; readonly withinMs: number | null; readonly skip: unknown }

/**
 * Brings the shorthand of definitions to the JSON form; what is in the JSON form already stays as it is, and steps of both kinds mix.
 * @throws WeirError WEIR_PATTERN_INVALID naming the step and field at fault.
 */
export function readPattern(written: WrittenPattern): { readonly pattern: Pattern<WrittenCondition>; readonly skip: SkipStrategy } {
  const steps = written.steps.map((step, at) => readStep(step, at, `pattern.${at}`));
  const within = written.withinMs === null ? undefined : { ms: written.withinMs, type: 'first-last' as const };
  return { pattern: { steps, within }, skip: readSkip(written.skip) };
}

const contiguityByFlag: readonly (readonly [string, Contiguity])[] = [['next', 'next'], ['followed_by', 'followedBy'], ['followed_by_any', 'followedByAny'], ['not_next', 'notNext'], ['not_followed_by', 'notFollowedBy']];

function readStep(written: unknown, at: number, where: string): Step<WrittenCondition> {
  const fields = recordOf(written, where, 'step');
  const { name } = fields;
  const path = typeof name === 'string' ? `${where} (${name})` : where;
  const group = fields['group'] === undefined ? undefined : recordOf(fields['group'], path, 'group');
  const groupSteps = group?.['steps'];
  if (group && !Array.isArray(groupSteps)) throw fault(path, 'group.steps', 'a list of steps', typeof groupSteps);
  return {
    name: typeof name === 'string' ? name : undefined,
    contiguity: readContiguity(fields, at, path),
    where: readCondition(fields, 'where', path),
    until: readCondition(fields, 'until', path),
    quantifier: readQuantifier(fields, path),
    within: fields['within'] === undefined ? undefined : { ms: readDuration(fields['within'], path, 'within'), type: 'prev-curr' },
    group: Array.isArray(groupSteps) ? { steps: groupSteps.map((step: unknown, inner) => readStep(step, inner, `${path}.group.${inner}`)) } : undefined,
  };
}

function readContiguity(fields: Fields, at: number, where: string): Contiguity {
  const flags = contiguityByFlag.filter(([flag]) => fields[flag] === true);
  const [flagged, other] = flags;
  if (other) throw fault(where, other[0], 'one contiguity', flags.map(([flag]) => flag).join(', '));
  const { contiguity } = fields;
  if (contiguity !== undefined) {
    const known = contiguities.find((each) => each === contiguity);
    if (known === undefined || flagged) throw fault(where, 'contiguity', contiguities.join(', '), String(contiguity));
    return known;
  }
  // Alone, `next` on the first step says no more than that it is the first.
  if (flagged && !(at === 0 && flagged[0] === 'next')) return flagged[1];
  return at === 0 ? 'start' : 'next';
}

function readCondition(fields: Fields, field: 'where' | 'until', where: string): WrittenCondition | undefined {
  const written = fields[field];
  if (written === undefined || typeof written === 'string') return written;
  return recordOf(written, where, field);
}

function readQuantifier(fields: Fields, where: string): Quantifier | undefined {
  if (fields['quantifier'] !== undefined) return readWholeQuantifier(recordOf(fields['quantifier'], where, 'quantifier'), where);
  const range = readRange(fields, where);
  const flag = (name: string): boolean => fields[name] === true;
  const optional = flag('optional'), greedy = flag('greedy');
  if (flag('consecutive') && flag('allow_combinations')) throw fault(where, 'allow_combinations', 'consecutive or allow_combinations', 'both');
  const inner: InnerContiguity = flag('consecutive') ? 'consecutive' : flag('allow_combinations') ? 'allowCombinations' : 'relaxed';
  if (range) return { ...range, optional, greedy, inner, windowMs: fields['times_within'] === undefined ? undefined : readDuration(fields['times_within'], where, 'times_within') };
  for (const only of ['consecutive', 'allow_combinations', 'greedy', 'times_within']) if (fields[only] !== undefined && fields[only] !== false) throw fault(where, only, 'times, times_or_more or one_or_more beside it', 'neither');
  return optional ? { min: 1, max: 1, optional, greedy, inner, single: true } : undefined;
}

function readRange(fields: Fields, where: string): { min: number; max: number | null } | undefined {
  const { times, times_or_more: timesOrMore, one_or_more: oneOrMore } = fields;
  const given = [times, timesOrMore, oneOrMore === true ? true : undefined].filter((each) => each !== undefined);
  if (given.length > 1) throw fault(where, 'times', 'one of times, times_or_more, one_or_more', `${given.length} of them`);
  if (oneOrMore === true) return { min: 1, max: null };
  if (typeof timesOrMore === 'number') return { min: timesOrMore, max: null };
  if (typeof times === 'number') return { min: times, max: times };
  if (Array.isArray(times) && typeof times[0] === 'number' && typeof times[1] === 'number') return { min: times[0], max: times[1] };
  if (given.length === 0) return undefined;
  throw fault(where, 'times', 'a number, or [min, max]', JSON.stringify(given[0]));
}

function readWholeQuantifier(fields: Fields, where: string): Quantifier {
  const { min, max, inner = 'relaxed', windowMs } = fields;
  const known = innerContiguities.find((each) => each === inner);
  if (typeof min !== 'number') throw fault(where, 'quantifier.min', 'a number', String(min));
  if (max !== null && typeof max !== 'number') throw fault(where, 'quantifier.max', 'a number or null', String(max));
  if (known === undefined) throw fault(where, 'quantifier.inner', innerContiguities.join(', '), String(inner));
  return { min, max, inner: known, optional: fields['optional'] === true, greedy: fields['greedy'] === true, windowMs: typeof windowMs === 'number' ? windowMs : undefined, single: fields['single'] === true ? true : undefined };
}

function readDuration(written: unknown, where: string, field: string): number {
  const ms = typeof written === 'object' && written !== null && 'ms' in written ? written.ms : written;
  const value = typeof ms === 'string' ? parseDurationMs(ms) : ms;
  if (typeof value !== 'number' || !(value > 0)) throw fault(where, field, 'a duration such as 5m', JSON.stringify(written) ?? 'nothing');
  return value;
}

function readSkip(written: unknown): SkipStrategy {
  if (written === undefined || written === null || written === 'none') return { strategy: 'noSkip' };
  if (written === 'past_last_event') return { strategy: 'skipPastLastEvent' };
  if (written === 'to_next') return { strategy: 'skipToNext' };
  const fields = recordOf(written, 'pattern', 'skip');
  const { to_first: toFirst, to_last: toLast, strategy, pattern, throwOnMiss } = fields;
  if (typeof toFirst === 'string') return { strategy: 'skipToFirst', pattern: toFirst };
  if (typeof toLast === 'string') return { strategy: 'skipToLast', pattern: toLast };
  if (strategy === 'noSkip' || strategy === 'skipPastLastEvent' || strategy === 'skipToNext') return { strategy };
  if ((strategy === 'skipToFirst' || strategy === 'skipToLast') && typeof pattern === 'string') return { strategy, pattern, throwOnMiss: throwOnMiss === true };
  throw fault('pattern', 'skip', 'none, past_last_event, to_next, { to_first: STEP } or { to_last: STEP }', JSON.stringify(written));
}

type Fields = Readonly<Record<string, unknown>>;

function recordOf(value: unknown, where: string, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(where, field, 'an object', JSON.stringify(value) ?? 'nothing');
  return { ...value };
}

function fault(where: string, field: string, expected: string, got: string): WeirError {
  const finding: Finding = { where, field, expected, got };
  return new WeirError('WEIR_PATTERN_INVALID', `${where}: ${field} expected ${expected}, got ${got}`, { findings: [finding] });
}
