import { createHash } from 'node:crypto';
import { WeirError, type Finding, type RawBody } from '@weir/contracts';
import { decidedSource, type Source } from '@weir/definitions';
import { typeTexts } from './text-values';
import { readTimestamp } from './timestamps';
import type { Tokeniser } from './tokeniser';

type EventBody = Extract<RawBody, { kind: 'event' }>;
type JsonObject = Readonly<Record<string, unknown>>;

/** Keys of an event's JSON that say something about the record; the edge moves them into it. */
export const recordKeys = Object.freeze({ receivedAt: '_received_at', source: '_source' });

export interface EdgeOptions {
  readonly sources: ReadonlyMap<string, Source>;
  /** Where the event names no source; absent: the one that is decided. */
  readonly defaultSource?: string | undefined;
  /** Whether `_received_at` may be given: files, and keys with the role `replay`. */
  readonly mayReplay: boolean;
  /** A row without `_received_at` was received at its event time, as rows of a file are. */
  readonly ownClock?: boolean;
  /** Needed where a source has a field to tokenise. */
  readonly tokeniser?: Tokeniser | undefined;
  /** Values are texts of a CSV, to be read by the fields' types; an empty one is missing. */
  readonly textual?: boolean;
  readonly idempotency?: { readonly key: string; readonly bodyHash: string } | undefined;
  readonly replyTo?: string | undefined;
}

/** What the edge makes of an event. What it refuses has a `stand-in` that says nothing of its contents, which ingest quarantines as invalid. */
export type EdgeResult =
  | { readonly kind: 'body'; readonly body: EventBody }
  | { readonly kind: 'unreadable' | 'refused' | 'forbidden'; readonly findings: readonly Finding[]; readonly standIn: EventBody };

/**
 * An event's JSON, as text or parsed, as the edge appends it: source and `received_at` moved into the record, fields marked `tokenise` replaced by their
 * tokens. Looks only at what the one event shows by itself; types, times and duplicates are judged by ingest, behind the log. Text in which nothing
 * is to be tokenised is appended as it came.
 * @throws WeirError WEIR_USAGE when there is something to tokenise and no tokeniser.
 */
export function toRawBody(input: string | JsonObject, options: EdgeOptions): EdgeResult {
  const parsed = typeof input === 'string' ? parse(input) : input;
  const fallback = options.defaultSource ?? decidedSource(options)?.name;
  if (!isObject(parsed)) return refuse('unreadable', { field: '', expected: 'a JSON object', got: parsed === undefined ? 'text that is no JSON' : 'another JSON value' }, fallback, input, options);
  const name = parsed[recordKeys.source] ?? fallback;
  const source = typeof name === 'string' ? options.sources.get(name) : undefined;
  if (source === undefined) return refuse('refused', { field: recordKeys.source, expected: `one of ${[...options.sources.keys()].sort().join(', ')}`, got: typeof name === 'string' ? JSON.stringify(name.slice(0, 64)) : `a ${typeof name}` }, fallback, input, options);
  const given = parsed[recordKeys.receivedAt];
  if (given !== undefined && given !== null && !options.mayReplay) return refuse('forbidden', { field: recordKeys.receivedAt, expected: 'a key with the role replay', got: 'one without' }, source.name, input, options);
  const event = options.textual === true ? typeTexts(parsed, source) : parsed;
  const receivedAtMs = receivedAt(event, source, options);
  if (receivedAtMs === 'unreadable') return refuse('refused', { field: recordKeys.receivedAt, expected: 'ms since the epoch or ISO 8601', got: `a ${typeof given}` }, source.name, input, options);
  const json = jsonOf(input, event, source, options);
  return { kind: 'body', body: { kind: 'event', source: source.name, json, receivedAtMs, idempotency: options.idempotency, replyTo: options.replyTo } };
}

function receivedAt(event: JsonObject, source: Source, options: EdgeOptions): number | undefined | 'unreadable' {
  const given = event[recordKeys.receivedAt];
  if (given !== undefined && given !== null && given !== '') return readTimestamp(numberText(given)) ?? 'unreadable';
  if (options.ownClock !== true) return undefined;
  return readTimestamp(event[source.fields[source.slotByField.get(source.time) ?? -1]?.from ?? source.time]) ?? 0;
}

/** In a CSV a time in ms is a text of digits. */
const numberText = (value: unknown): unknown => (typeof value === 'string' && /^-?\d{1,17}$/.test(value) ? Number(value) : value);

function jsonOf(input: string | JsonObject, event: JsonObject, source: Source, options: EdgeOptions): string {
  const secret = secretFields(source);
  if (secret.length === 0) return typeof input === 'string' && options.textual !== true ? input : stringify(event);
  const tokens: Record<string, unknown> = { ...event };
  for (const { from } of secret) {
    const value = event[from];
    if (value === undefined || value === null) continue;
    if (options.tokeniser === undefined) throw new WeirError('WEIR_USAGE', `source ${source.name} has fields to tokenise, and there is no key for tokens`);
    // What is no text can't be a token: it says so in place of the value, and ingest quarantines the event for this field.
    tokens[from] = typeof value === 'string' ? options.tokeniser.token(value) : { unreadable: Array.isArray(value) ? 'list' : typeof value };
  }
  return stringify(tokens);
}

const secretBySource = new WeakMap<Source, Source['fields']>();
function secretFields(source: Source): Source['fields'] {
  let secret = secretBySource.get(source);
  if (secret === undefined) secretBySource.set(source, (secret = source.fields.filter((field) => field.tokenise)));
  return secret;
}

/** JSON in which a number beyond a double stays one: `JSON.stringify` would make it null, and so a refused value a missing one. */
function stringify(object: JsonObject): string {
  if (isFiniteThroughout(object)) return JSON.stringify(object);
  const infinite = Object.keys(object).filter((key) => typeof object[key] === 'number' && !Number.isFinite(object[key]));
  const parts = Object.entries(object).filter(([, value]) => value !== undefined).map(([key, value]) => `${JSON.stringify(key)}:${infinite.includes(key) ? beyondDouble(value) : JSON.stringify(value)}`);
  return `{${parts.join(',')}}`;
}

function isFiniteThroughout(object: JsonObject): boolean {
  for (const key in object) {
    const value = object[key];
    if (typeof value === 'number' && !Number.isFinite(value)) return false;
  }
  return true;
}

const beyondDouble = (value: unknown): string => (value === Infinity ? '1e999' : value === -Infinity ? '-1e999' : '"NaN"');

function refuse(kind: 'unreadable' | 'refused' | 'forbidden', finding: Omit<Finding, 'where'>, source: string | undefined, input: string | JsonObject, options: EdgeOptions): EdgeResult {
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  const json = JSON.stringify({ unreadable: { characters: text.length, sha256: createHash('sha256').update(text).digest('hex') } });
  return { kind, findings: [{ where: 'body', ...finding }], standIn: { kind: 'event', source: source ?? '', json, receivedAtMs: options.ownClock === true ? 0 : undefined, idempotency: undefined, replyTo: options.replyTo } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
