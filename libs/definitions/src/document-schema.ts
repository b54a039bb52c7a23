import { z } from 'zod';
import { durationPattern, parseDurationMs, parseMomentMs } from './duration';

/**
 * The ten kinds of definition as users write them. Everything is strict: a field that is not here is refused. Durations become ms
 * and moments become ms since the epoch on the way through; `jsonSchema()` describes what is written.
 */
const description = 'a duration such as 100ms, 5s, 5m, 1h, 30d or 2w';
const duration = z.string().regex(durationPattern, description).transform((text, context) => {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  context.issues.push({ code: 'custom', message: `${description}, at most 1,000 years`, input: text });
  return z.NEVER;
});
const positiveDuration = duration.refine((ms) => ms > 0, { error: `${description}, longer than 0` });
const moment = z.union([z.number(), z.string()], { error: 'a time: ISO 8601 or milliseconds since the epoch' }).transform((written, context) => {
  const ms = parseMomentMs(written);
  if (ms !== undefined) return ms;
  context.issues.push({ code: 'custom', message: 'a time: ISO 8601 or milliseconds since the epoch', input: written });
  return z.NEVER;
});

/** Names that conditions can say: fields, features, views, lists, tables, patterns, entities. */
const identifierPattern = /^(?!(?:true|false|null|in|__proto__)$)[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const identifier = z.string().regex(identifierPattern, 'a name of letters, digits and _, not starting with a digit, and no word of the language (true, false, null, in)');
/** Names that people read: sources, rules, services, models, policies. */
const label = z.string().regex(/^[\p{L}\p{N}_](?:[\p{L}\p{N}_ .+-]{0,126}[\p{L}\p{N}_.+-])?$/u, 'a name of letters, digits, spaces and _ . + -, at most 128');
const expression = z.string().min(1, 'a CEL expression').max(10_000, 'a CEL expression of at most 10,000 characters');
const text = z.string().max(2000, 'at most 2,000 characters');
const share = z.number().min(0, 'a number from 0 to 1').max(1, 'a number from 0 to 1');
const zone = z.string().refine(isZone, { error: 'an IANA time zone such as Europe/Berlin' });

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const documented = { description: text.optional(), owner: text.optional(), tags: z.array(text).max(100, 'at most 100 tags').optional() };

const fieldTypeText = z.string().regex(/^(?:string|number|int|money|bool|timestamp)!?$/, 'a type: string, number, int, money, bool or timestamp, with ! when it is required');
const field = z.union([
  fieldTypeText,
  z.strictObject({
    type: fieldTypeText, from: z.string().min(1).optional(), decimals: z.int().min(0, '0 to 8').max(8, '0 to 8').optional(),
    class: text.optional(), mask: text.optional(), tokenise: z.boolean().optional(),
    min: z.number().optional(), max: z.number().optional(), enum: z.array(z.union([z.string(), z.number()])).min(1, 'at least one value').max(10_000).optional(), matches: z.string().max(1000).optional(),
    description: text.optional(),
  }),
], { error: 'a type such as string! or { type: money!, min: 0 }' });
/** Fields a source may declare; a decision carries all of them. */
const fieldsMax = 1000;
const fields = z.record(identifier, field).refine((all) => Object.keys(all).length <= fieldsMax, { error: `at most ${fieldsMax} fields` });

const source = z.strictObject({
  kind: z.literal('Source'), name: label, ...documented,
  id: identifier, time: identifier, sent_at: z.string().min(1).optional(), partition_by: identifier.optional(), decide: z.boolean().optional(), fields, history_from: moment.optional(),
  late: z.strictObject({ out_of_orderness: duration.optional(), allowed_lateness: duration.optional(), max_future: duration.optional(), max_skew: duration.optional(), idle_timeout: duration.optional() }).optional(),
});

const entity = z.strictObject({
  kind: z.literal('Entity'), name: identifier, ...documented,
  key: z.union([identifier, z.array(identifier).min(1).max(8)], { error: 'a field, or a list of at most 8 fields' }), hot: z.boolean().optional(),
});

const window = z.union([
  positiveDuration,
  z.strictObject({ kind: z.literal('sliding'), size: positiveDuration }),
  z.strictObject({ kind: z.literal('tumbling'), size: positiveDuration, zone: zone.optional() }),
  z.strictObject({ kind: z.literal('hopping'), size: positiveDuration, slide: positiveDuration, zone: zone.optional() }),
  z.strictObject({ kind: z.literal('session'), gap: positiveDuration }),
  z.strictObject({ kind: z.literal('rows').optional(), last: z.int().min(1).max(10_000) }),
  z.strictObject({ kind: z.enum(['day', 'week', 'month']), zone: zone.optional() }),
  z.strictObject({ kind: z.literal('lifetime') }),
], { error: 'a duration (1h), { kind: tumbling | hopping, size, slide, zone }, { kind: session, gap }, { last: n } or { kind: day | week | month, zone }' });

const feature = z.strictObject({
  name: identifier, description: text.optional(),
  agg: z.string().optional(), of: z.union([expression, z.array(identifier).length(2)], { error: 'a field, an expression, or [lat, lon]' }).optional(), where: expression.optional(),
  windows: z.array(z.string().regex(durationPattern, { error: description, abort: true }).refine((written) => (parseDurationMs(written) ?? 0) > 0, { error: `${description}, longer than 0` })).min(1, 'at least one window').max(100, 'at most 100 windows').optional(), window: window.optional(),
  bounds: z.enum(['open', 'closed', 'left']).optional(), delay: duration.optional(), hop: z.union([z.literal('exact'), z.literal('W/60'), positiveDuration], { error: `exact, W/60, or ${description}` }).optional(), current: z.enum(['include', 'exclude']).optional(),
  k: z.int().min(1).max(1000).optional(), n: z.int().min(1).max(1000).optional(), half_life: positiveDuration.optional(), exact_up_to: z.int().min(0).max(100_000).optional(),
  expr: expression.optional(),
});
/** Features of one view as written. */
const featuresMax = 1000;
const view = z.strictObject({
  kind: z.literal('FeatureView'), name: identifier, ...documented,
  entity: identifier, source: label, where: expression.optional(), ttl: duration.optional(), features: z.array(feature).min(1, 'at least one feature').max(featuresMax, `at most ${featuresMax} features`),
});

const service = z.strictObject({ kind: z.literal('FeatureService'), name: label, ...documented, features: z.array(z.string().regex(/^[A-Za-z_]\w*:[A-Za-z_*][\w*]*$/, 'tx:field, view:feature or view:*')).min(1, 'at least one feature').max(10_000) });
const table = z.strictObject({ kind: z.literal('Table'), name: identifier, ...documented, key: identifier, fields });

const action = z.union([
  z.strictObject({ add_to_list: z.strictObject({ list: identifier, value: expression.optional(), ttl: positiveDuration.optional() }) }),
  z.strictObject({ alert: z.enum(['low', 'medium', 'high', 'critical']) }),
  z.strictObject({ tag: z.string().min(1).max(200) }),
  z.strictObject({ webhook: z.string().regex(/^https?:\/\/\S+$/, 'an http or https address') }),
], { error: '{ add_to_list: { list, value, ttl } }, { alert: low | medium | high | critical }, { tag } or { webhook }' });
const ruleLike = {
  mode: z.enum(['live', 'shadow', 'off']).optional(), weight: share.optional(), outcome: z.enum(['none', 'review', 'block', 'approve']).optional(),
  reason: text.optional(), then: z.array(action).max(20, 'at most 20 actions').optional(),
};
const rule = z.strictObject({ kind: z.literal('Rule'), name: label, ...documented, when: expression, ...ruleLike, valid_from: moment.optional(), valid_to: moment.optional() });

const condition = z.union([expression, z.record(z.string(), z.unknown())], { error: 'a CEL condition, or the JSON form { field, op, value }' });
const yes = z.literal(true).optional();
const step = z.strictObject({
  name: identifier.optional(), where: condition.optional(), until: condition.optional(),
  next: yes, followed_by: yes, followed_by_any: yes, not_next: yes, not_followed_by: yes,
  contiguity: z.enum(['start', 'next', 'followedBy', 'followedByAny', 'notNext', 'notFollowedBy']).optional(),
  times: z.union([z.int().min(1), z.tuple([z.int().min(1), z.int().min(1)])], { error: 'a number from 1, or [min, max]' }).optional(), times_or_more: z.int().min(1).optional(), one_or_more: yes,
  consecutive: z.boolean().optional(), allow_combinations: z.boolean().optional(), greedy: z.boolean().optional(), optional: z.boolean().optional(), times_within: positiveDuration.optional(),
  within: z.union([positiveDuration, z.strictObject({ ms: z.int().min(1), type: z.string() })], { error: description }).optional(),
  quantifier: z.record(z.string(), z.unknown()).optional(),
  get group() { return z.strictObject({ steps: z.array(step).min(1) }).optional(); },
});
/** Steps of one pattern, groups counted with what they hold. */
const stepsMax = 100;
const pattern = z.strictObject({
  kind: z.literal('Pattern'), name: identifier, ...documented, key: identifier,
  pattern: z.union([z.array(step).min(1).max(stepsMax), z.strictObject({ steps: z.array(step).min(1).max(stepsMax), within: z.strictObject({ ms: z.int().min(1), type: z.string() }).optional() })], { error: 'a list of steps' }),
  within: positiveDuration.optional(), matching: z.enum(['eager', 'ordered']).optional(), sources: z.array(label).min(1).optional(),
  skip: z.union([
    z.enum(['none', 'past_last_event', 'to_next']), z.strictObject({ to_first: identifier }), z.strictObject({ to_last: identifier }),
    z.strictObject({ strategy: z.enum(['noSkip', 'skipPastLastEvent', 'skipToNext', 'skipToFirst', 'skipToLast']), pattern: identifier.optional(), throwOnMiss: z.boolean().optional() }),
  ], { error: 'none, past_last_event, to_next, { to_first: STEP } or { to_last: STEP }' }).optional(),
  on_change: z.enum(['finish', 'drop']).optional(), on_timeout: z.enum(['none', 'alert']).optional(), ...ruleLike,
});

const list = z.strictObject({
  kind: z.literal('List'), name: identifier, ...documented,
  of: identifier, effect: z.enum(['none', 'watch', 'block', 'allow', 'hard']).optional(), match: z.enum(['exact', 'email', 'cidr']).optional(), ttl: positiveDuration.optional(),
});
const model = z.strictObject({
  kind: z.literal('Model'), name: label, ...documented,
  file: z.string().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 hex digits').optional(), features: label, output: z.string().regex(/^[A-Za-z_]\w*(?:\[\d+\])?$/, 'an output such as probabilities[1]').optional(),
  role: z.enum(['champion', 'challenger', 'shadow']).optional(), share: share.optional(), background: z.string().min(1).optional(),
});
/** Steps of a policy's due times. */
const slaStepsMax = 20;
const policy = z.strictObject({
  kind: z.literal('Policy'), name: label, ...documented,
  when: expression.optional(), order: z.number().optional(), bands: z.strictObject({ review: share.optional(), block: share.optional() }).optional(), deadline: positiveDuration.optional(),
  fallback: z.enum(['approve', 'review', 'block']).optional(), on_degraded: z.enum(['fallback', 'continue']).optional(), alert_above: share.optional(), max_lag: z.number().int().min(0, 'a number of records').optional(), exploration: share.optional(),
  sla: z.array(z.strictObject({ from: z.number().min(0).optional(), within: positiveDuration })).max(slaStepsMax).optional(),
});

export const schemaByKind = { Source: source, Entity: entity, FeatureView: view, FeatureService: service, Table: table, Pattern: pattern, Rule: rule, List: list, Model: model, Policy: policy } as const;
export type Kind = keyof typeof schemaByKind;
export const definitionKinds = ['Source', 'Entity', 'FeatureView', 'FeatureService', 'Table', 'Pattern', 'Rule', 'List', 'Model', 'Policy'] as const satisfies readonly Kind[];
export const isKind = (value: unknown): value is Kind => typeof value === 'string' && definitionKinds.some((kind) => kind === value);

/** A document as written, by kind. */
export type Written<K extends Kind> = z.input<(typeof schemaByKind)[K]>;
/** A document after validation: durations and moments are ms. */
export type Read<K extends Kind> = z.output<(typeof schemaByKind)[K]>;
export type ReadField = Read<'Source'>['fields'][string];
export type ReadFeature = Read<'FeatureView'>['features'][number];
export type ReadWindow = NonNullable<ReadFeature['window']>;
export type ReadStep = Exclude<Read<'Pattern'>['pattern'], { steps: unknown }>[number];
export type ReadAction = NonNullable<Read<'Rule'>['then']>[number];

/** JSON Schema (draft 2020-12) of one definition document, for editors: what completes and checks YAML as it is typed. */
export function jsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(z.discriminatedUnion('kind', [source, entity, view, service, table, pattern, rule, list, model, policy]), { io: 'input' });
}
