import { createHash } from 'node:crypto';
import type { ControlItem, EventItem, IngestRefusal, LaneItem, PatternMatch, RawBody, RawRecord, StreamEvent } from '@weir/contracts';
import { decidedSource, resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import type { Stage, StageState } from '@weir/pipeline';
import { EventSchema, type ReadEvent } from './event-schema';
import type { FieldFault } from './field-fault';
import { LaneClock } from './lane-clock';
import { idChunksInMemoryMax, RememberedIds } from './remembered-ids';

type EventBody = Extract<RawBody, { kind: 'event' }>;
type Refusal = IngestRefusal;
export type IngestOutput = LaneItem | IngestRefusal;

export interface IngestOptions {
  /** The set from its canonical JSON, as it stands in the lane. @throws when it is none; then it is skipped and the set in force stays. Default: `resolveCanonicalSet`. */
  readonly resolveSet?: (canonicalJson: string) => DefinitionSet;
  readonly idChunksInMemoryMax?: number;
}

/** What a judged event would do to the lane. */
interface Judged { readonly schema: EventSchema; readonly event: StreamEvent; readonly late: boolean; readonly broughtOwnClock: boolean }

const formatVersion = 1;
/** Labels are accepted however late, so their ids would be kept for ever; the same label again, later than this, changes nothing but a count of labels. */
const builtinIdsMs = 30 * 86_400_000;
const noMatches: readonly PatternMatch[] = Object.freeze([]);
const noNames: readonly string[] = Object.freeze([]);

/**
 * The first stage of a lane: judges each record in the lane's order — fields and time, clock correction, duplicate, `future`, `late` — and gives an
 * event or another record on its way, or a refusal. One output a record. A refused event moves neither state nor watermark.
 */
export class IngestStage implements Stage<RawRecord, IngestOutput> {
  readonly name = 'ingest';
  readonly #options: IngestOptions;
  readonly #schemas = new Map<string, EventSchema>();
  readonly #idsBySource = new Map<string, RememberedIds>();
  readonly #keysBySource = new Map<string, RememberedIds>();
  /** What a record that names no source is of. */
  #decided: EventSchema | undefined;
  #clock = new LaneClock();
  #set: { readonly id: string; readonly json: string } | undefined;
  #setChanged = false;
  #clockWritten = '';
  #state: StageState | undefined;

  constructor(options: IngestOptions = {}) {
    this.#options = options;
  }

  /** The set in force; undefined before the first. */
  get set(): { readonly id: string; readonly json: string } | undefined { return this.#set; }
  /** Canonical JSON of the set in force; undefined before the first. */
  get setJson(): string | undefined { return this.#set?.json; }
  /** Id of the set in force; undefined before the first. */
  get setId(): string | undefined { return this.#set?.id; }

  process(batch: readonly RawRecord[]): IngestOutput[] {
    const outputs = new Array<IngestOutput>(batch.length);
    for (let index = 0; index < batch.length; index++) outputs[index] = this.#take(batch[index] as RawRecord);
    return outputs;
  }

  simulate(record: RawRecord): IngestOutput {
    if (record.body.kind !== 'event') return this.#control(record, record.body, this.#clock.clone());
    const clock = this.#clock.clone();
    if (record.body.receivedAtMs === undefined) clock.advance(record.appendedAtMs);
    const judged = this.#judge(record, record.body, clock);
    if ('kind' in judged) return judged;
    clock.accept(judged.schema.source, judged.event, judged.broughtOwnClock);
    return this.#item(record, record.body, judged, clock);
  }

  takeChanges(): Iterable<readonly [string, Uint8Array | undefined]> { return [...this.#changes()]; }

  *#changes(): Iterable<readonly [string, Uint8Array | undefined]> {
    if (this.#setChanged && this.#set !== undefined) {
      this.#setChanged = false;
      yield ['ingest/set', encodeText(JSON.stringify(this.#set))];
    }
    const clock = this.#clock.encode();
    if (clock !== this.#clockWritten) {
      this.#clockWritten = clock;
      yield ['ingest/clock', encodeText(clock)];
    }
    for (const ids of this.#idsBySource.values()) yield* ids.takeChanges();
    for (const keys of this.#keysBySource.values()) yield* keys.takeChanges();
  }

  restore(state: StageState): Promise<void> {
    this.#state = state;
    this.#idsBySource.clear();
    this.#keysBySource.clear();
    this.#schemas.clear();
    this.#decided = undefined;
    this.#set = undefined;
    this.#setChanged = false;
    this.#clock = new LaneClock();
    this.#clockWritten = '';
    const set = state.get('ingest/set'), clock = state.get('ingest/clock');
    if (set !== undefined) {
      const { id, json } = JSON.parse(decodeText(set)) as { id: string; json: string };
      this.#use(id, json);
      this.#setChanged = false;
    }
    if (clock !== undefined) {
      this.#clockWritten = decodeText(clock);
      this.#clock.restore(this.#clockWritten);
    }
    return Promise.resolve();
  }

  #take(record: RawRecord): IngestOutput {
    const { body } = record;
    if (body.kind !== 'event') {
      this.#clock.advance(record.appendedAtMs);
      return this.#control(record, body, this.#clock);
    }
    if (body.receivedAtMs === undefined) this.#clock.advance(record.appendedAtMs);
    const judged = this.#judge(record, body, this.#clock);
    if ('kind' in judged) return judged;
    this.#remember(record, body, judged);
    return this.#item(record, body, judged, this.#clock);
  }

  #judge(record: RawRecord, body: EventBody, clock: LaneClock): Judged | Refusal {
    const schema = this.#schemas.get(body.source) ?? (body.source === '' ? this.#decided : undefined);
    if (schema === undefined) return this.#quarantine(record, body, null, { field: '_source', expected: `a source in force: ${[...this.#schemas.keys()].sort().join(', ') || 'none'}`, got: JSON.stringify(body.source) });
    const object = parseObject(body.json);
    if (object === undefined) return this.#quarantine(record, { ...body, json: describeUnreadable(body.json) }, null, { field: null, expected: 'a JSON object', got: 'something else' });
    const read = schema.read(object, body.json);
    if (read === undefined) return this.#quarantine(record, body, textId(object, schema), schema.fault);
    const { source } = schema, receivedAtMs = body.receivedAtMs ?? record.appendedAtMs;
    const event = correctClock(read, schema, receivedAtMs);
    const refused = this.#duplicate(record, body, event);
    if (refused !== undefined) return refused;
    if (event.timeMs > receivedAtMs + source.maxFutureMs) return this.#quarantine(record, body, event.id, { field: source.time, expected: `at most ${source.maxFutureMs} ms after received_at`, got: `${event.timeMs - receivedAtMs} ms after` }, 'future');
    const watermarkMs = clock.watermarkMs(source.name);
    if (event.timeMs < watermarkMs - source.allowedLatenessMs) return this.#quarantine(record, body, event.id, { field: source.time, expected: `at most ${source.allowedLatenessMs} ms behind the watermark`, got: `${watermarkMs - event.timeMs} ms behind` }, 'late');
    return { schema, event, late: event.timeMs < watermarkMs, broughtOwnClock: body.receivedAtMs !== undefined };
  }

  #duplicate(record: RawRecord, body: EventBody, event: StreamEvent): Refusal | undefined {
    if (body.idempotency !== undefined) {
      const { key, bodyHash } = body.idempotency;
      const first = this.#memory(this.#keysBySource, 'keys', event.source).find(key, event.receivedAtMs, bodyHash);
      if (first !== undefined && !first.sameTag) return { kind: 'conflict', lane: record.lane, offset: record.offset, firstOffset: first.offset, idempotencyKey: key, replyTo: body.replyTo };
      if (first !== undefined) return { kind: 'duplicate', lane: record.lane, offset: record.offset, firstOffset: first.offset, id: event.id, source: event.source, replyTo: body.replyTo };
    }
    const first = this.#memory(this.#idsBySource, 'ids', event.source).find(event.id, event.receivedAtMs);
    return first && { kind: 'duplicate', lane: record.lane, offset: record.offset, firstOffset: first.offset, id: event.id, source: event.source, replyTo: body.replyTo };
  }

  #remember(record: RawRecord, body: EventBody, judged: Judged): void {
    const { event } = judged, { source } = judged.schema;
    this.#clock.accept(source, event, judged.broughtOwnClock);
    const oldestAcceptedMs = this.#clock.watermarkMs(source.name) - (source.builtin ? Math.min(source.allowedLatenessMs, builtinIdsMs) : source.allowedLatenessMs);
    const ids = this.#memory(this.#idsBySource, 'ids', source.name);
    ids.add(event.id, record.offset, event);
    ids.forget(oldestAcceptedMs);
    if (body.idempotency === undefined) return;
    const keys = this.#memory(this.#keysBySource, 'keys', source.name);
    keys.add(body.idempotency.key, record.offset, event, body.idempotency.bodyHash);
    keys.forget(oldestAcceptedMs);
  }

  #item(record: RawRecord, body: EventBody, judged: Judged, clock: LaneClock): EventItem {
    return {
      kind: 'event', lane: record.lane, offset: record.offset, receivedAtMs: judged.event.receivedAtMs, time: clock.time(),
      event: judged.event, decide: judged.schema.source.decide, late: judged.late, replyTo: body.replyTo, backlog: body.backlog,
      vector: undefined, profiles: undefined, positions: undefined, matches: noMatches, patternsKeyed: noNames, verdict: undefined,
    };
  }

  #control(record: RawRecord, body: Exclude<RawBody, EventBody>, clock: LaneClock): ControlItem {
    const base = { lane: record.lane, offset: record.offset, receivedAtMs: record.appendedAtMs, matches: noMatches };
    switch (body.kind) {
      case 'definitions': {
        const used = clock === this.#clock && this.#use(body.setId, body.json);
        return used ? { ...base, kind: 'definitions', time: clock.time(), setId: body.setId, json: body.json, backfill: body.backfill } : { ...base, kind: 'skipped', time: clock.time() };
      }
      case 'list': return { ...base, kind: 'list', time: clock.time(), listChanges: body.changes };
      case 'table': return { ...base, kind: 'table', time: clock.time(), tableChanges: body.changes };
      case 'tick': return { ...base, kind: 'tick', time: clock.time() };
    }
  }

  /** Switches to a set; false, and nothing changes, when it can't be read. */
  #use(setId: string, json: string): boolean {
    let set: DefinitionSet;
    try {
      set = (this.#options.resolveSet ?? resolveCanonicalSet)(json);
    } catch {
      return false;
    }
    this.#schemas.clear();
    for (const source of set.sources.values()) this.#schemas.set(source.name, new EventSchema(source));
    this.#decided = this.#schemas.get(decidedSource(set)?.name ?? '');
    this.#clock.setSources(set.sources);
    this.#set = { id: setId, json };
    this.#setChanged = true;
    return true;
  }

  #memory(bySource: Map<string, RememberedIds>, kind: string, source: string): RememberedIds {
    const known = bySource.get(source);
    if (known !== undefined) return known;
    const memory = new RememberedIds(`ingest/${kind}/${encodeURIComponent(source)}/`, this.#options.idChunksInMemoryMax ?? idChunksInMemoryMax);
    if (this.#state !== undefined) memory.restore(this.#state);
    bySource.set(source, memory);
    return memory;
  }

  #quarantine(record: RawRecord, body: EventBody, id: string | null, fault: FieldFault, reason: 'invalid' | 'future' | 'late' = 'invalid'): Refusal {
    return {
      kind: 'quarantined', lane: record.lane, offset: record.offset, source: body.source, id, reason, ...fault,
      receivedAtMs: body.receivedAtMs ?? record.appendedAtMs, json: body.json, replyTo: body.replyTo,
    };
  }
}

/** A device whose clock was further off than the source allows is corrected by what `sent_at` shows. */
function correctClock(read: ReadEvent, schema: EventSchema, receivedAtMs: number): StreamEvent {
  const { source } = schema;
  const offMs = read.sentAtMs === undefined ? 0 : receivedAtMs - read.sentAtMs;
  const timeMs = Math.abs(offMs) > source.maxSkewMs ? read.timeMs + offMs : read.timeMs;
  if (schema.timeSlot >= 0) read.values[schema.timeSlot] = timeMs;
  return { source: source.name, id: read.id, timeMs, reportedTimeMs: read.timeMs, receivedAtMs, values: read.values, marks: read.marks, extra: read.extra };
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Of bytes that are no event only the length and the hash are kept. */
const describeUnreadable = (json: string): string => JSON.stringify({ unreadable: { characters: json.length, sha256: createHash('sha256').update(json).digest('hex') } });

/** The id of an event that is refused for another field, so that its caller finds it. */
function textId(object: Record<string, unknown>, schema: EventSchema): string | null {
  const id = object[schema.idKey];
  return typeof id === 'string' && id !== '' ? id : null;
}

const encodeText = (text: string): Uint8Array => {
  const bytes = Buffer.from(text, 'utf8'), versioned = new Uint8Array(bytes.length + 1);
  versioned[0] = formatVersion;
  versioned.set(bytes, 1);
  return versioned;
};

function decodeText(bytes: Uint8Array): string {
  if (bytes[0] !== formatVersion) throw new RangeError(`state of ingest in format ${bytes[0]}, ${formatVersion} expected`);
  return Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.byteLength - 1).toString('utf8');
}
