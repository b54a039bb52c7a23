import { decisionId, WeirError, type Decision, type IngestRefusal, type Origin, type RawBody } from '@weir/contracts';
import { decidedSource, type DefinitionSet } from '@weir/definitions';
import type { Edge, RowAnswer, SubmitOptions, SubmittedRow } from '@weir/gateway';
import { encodeRawBody, simulatedOffset, toRawBody, type EdgeResult, type Tokeniser } from '@weir/pipeline';
import type { Tracing } from '@weir/platform';
import { lagOfAny } from '@weir/rules';
import { quarantineId, type DecisionStore, type EventLog, type NewRecord } from '@weir/ports';
import { Told } from './answered-reads';
import { laneOf, partitionKeyOf } from './lane-choice';
import type { Replies, Reply } from './replies';

export interface LaneEdgeOptions {
  readonly log: EventLog;
  readonly replies: Replies;
  /** Asked for the first decision of a duplicate. */
  readonly decisions: Pick<DecisionStore, 'byId'>;
  /** The set in force at the edge; what is behind the log judges by its own place. */
  readonly set: () => DefinitionSet;
  readonly tokeniser: Tokeniser;
  /** Records that may be in the log and not decided yet; above it new ones are turned away. */
  readonly backlogMax: number;
  /** Records of all lanes that are not through yet, as somebody else knows; what was sent through here is known here. */
  readonly backlog: () => number;
  /** Offset up to which a lane's records are decided, as far as is known. */
  readonly decided: (lane: number) => number;
  /** The last record of a lane, where others append to it too. */
  readonly last?: (lane: number) => number;
  readonly simulate: (body: RawBody, lane: number) => Promise<RowAnswer>;
  /** Undefined where no traces are taken. */
  readonly tracing?: Pick<Tracing, 'begin'> | undefined;
  /** Where answers are sent to; default: this process. */
  readonly replyTo?: string;
}

/** What is remembered of a row until its answer is there. */
interface SentRow { readonly decides: boolean; readonly transactionId: string | null }
/** Rows that lie one behind the other in a lane; `rows`: which ones, undefined for all. */
interface AppendedRows { readonly lane: number; readonly firstOffset: number; readonly rows: readonly number[] | undefined }

/** Every record asks for an answer in this process; the address says no more than that somebody waits. */
const replyToLocal = 'local';
const retryAfterMs = 1_000;
type EventBody = Extract<RawBody, { kind: 'event' }>;

/** The edge in front of the lanes: tokenises, chooses the lane, appends, and waits for what the stages say. */
export class LaneEdge implements Edge {
  /** The last record of each lane that was appended here. */
  private readonly lastByLane: number[];
  /** What callers were told of. */
  readonly told: Told;

  constructor(private readonly options: LaneEdgeOptions) {
    this.lastByLane = new Array<number>(options.log.lanes).fill(-1);
    this.told = new Told(options.log.lanes);
  }

  /** Records of a lane that are not decided, as far as is known. */
  backlogOf(lane: number): number {
    const { decided, last } = this.options;
    return Math.max(0, Math.max(this.lastByLane[lane] ?? -1, last?.(lane) ?? -1) - decided(lane));
  }

  /** Of all lanes. */
  get backlog(): number { return Math.max(this.options.backlog(), this.lastByLane.reduce((sum, _, lane) => sum + this.backlogOf(lane), 0)); }

  // Nothing is awaited here: what waits for the decisions holds ids and places, and none of the events.
  async submit(rows: readonly SubmittedRow[], options: SubmitOptions): Promise<readonly RowAnswer[]> {
    const { replies, backlogMax } = this.options;
    if (this.backlog + rows.length > backlogMax || !replies.hasRoom(rows.length)) return rows.map(() => ({ kind: 'overloaded', retryAfterMs }));
    const set = this.options.set();
    const publishing = this.options.tracing?.begin('transactions.raw publish', { kind: 'producer', parent: options.traceparent, attributes: { 'messaging.destination.name': 'transactions.raw', 'messaging.batch.message_count': rows.length } });
    const traceparent = publishing?.traceparent ?? options.traceparent;
    const bodies = rows.map((row) => { const body = this.bodyOf(row, options.source, set); return traceparent === undefined ? body : { ...body, traceparent }; });
    const sent = bodies.map((body, index): SentRow => ({ decides: set.sources.get(body.source)?.decide === true, transactionId: transactionIdOf(rows[index], body.source, set) }));
    const appending = this.append(bodies, set).finally(() => publishing?.end());
    return this.answers(appending, sent, options.wait === 'accepted' ? 'accepted' : options.deadlineMs ?? policyDeadlineMs(set));
  }

  simulate(row: SubmittedRow, options: { readonly source: string | undefined }): Promise<RowAnswer> {
    const set = this.options.set();
    const body = this.bodyOf(row, options.source, set);
    return this.options.simulate(body, laneOf(partitionKeyOf(row.event, body.source, set), this.options.log.lanes));
  }

  /** @throws WeirError WEIR_INPUT_INVALID for a source that does not exist. */
  private bodyOf(row: SubmittedRow, source: string | undefined, set: DefinitionSet): EventBody {
    const name = source ?? (typeof row.event['_source'] === 'string' ? row.event['_source'] : undefined) ?? decidedSource(set)?.name;
    if (name === undefined || !set.sources.has(name)) {
      throw new WeirError('WEIR_INPUT_INVALID', `there is no source ${name ?? '(none is decided)'}`, {
        findings: [{ where: 'query', field: 'source', expected: `one of ${[...set.sources.keys()].sort().join(', ')}`, got: name ?? 'none' }],
      });
    }
    const result: EdgeResult = toRawBody(tokenisedSources(set).has(name) ? row.event : row.json, {
      sources: set.sources, defaultSource: name, mayReplay: row.receivedAtMs !== undefined, tokeniser: this.options.tokeniser, idempotency: row.idempotency, replyTo: this.options.replyTo ?? replyToLocal,
    });
    const body = result.kind === 'body' ? result.body : result.standIn;
    return row.receivedAtMs === undefined || body.receivedAtMs === row.receivedAtMs ? body : { ...body, receivedAtMs: row.receivedAtMs };
  }

  /** Appends lane by lane, in order. */
  private async append(bodies: readonly EventBody[], set: DefinitionSet): Promise<readonly AppendedRows[]> {
    const { log } = this.options;
    if (log.lanes === 1) return [{ lane: 0, firstOffset: await this.appendTo(0, bodies, set), rows: undefined }];
    const recordsByLane = new Map<number, { readonly bodies: EventBody[]; readonly rows: number[] }>();
    bodies.forEach((body, row) => {
      const lane = laneOf(partitionKeyOf(parsedEvent(body.json), body.source, set), log.lanes);
      let of = recordsByLane.get(lane);
      if (of === undefined) recordsByLane.set(lane, (of = { bodies: [], rows: [] }));
      of.bodies.push(body);
      of.rows.push(row);
    });
    return Promise.all([...recordsByLane].map(async ([lane, { bodies: ofLane, rows }]) => ({ lane, firstOffset: await this.appendTo(lane, ofLane, set), rows })));
  }

  private async appendTo(lane: number, bodies: readonly EventBody[], set: DefinitionSet): Promise<number> {
    const backlog = this.backlogOf(lane), isMuch = backlog > lagFloor(set);
    // What is replayed says nothing of today's load.
    const records = bodies.map((body): NewRecord => encodeRawBody(isMuch && body.receivedAtMs === undefined && set.sources.get(body.source)?.decide === true ? { ...body, backlog } : body));
    const { firstOffset } = await this.options.log.append('transactions.raw', lane, records);
    this.lastByLane[lane] = Math.max(this.lastByLane[lane] ?? -1, firstOffset + records.length - 1);
    return firstOffset;
  }

  /** What to say of rows that are in the log or on their way there; `wait`: until they are accepted, or so many ms for their decisions. */
  private async answers(appending: Promise<readonly AppendedRows[]>, sent: readonly SentRow[], wait: 'accepted' | number): Promise<readonly RowAnswer[]> {
    const answers = new Array<RowAnswer | undefined>(sent.length), said = new Array<RowAnswer>(sent.length), appended = await appending;
    if (wait !== 'accepted') await this.decided(appended, sent, { answers, deadlineMs: wait });
    for (const { lane, firstOffset, rows } of appended) {
      for (let index = 0, count = rows?.length ?? sent.length; index < count; index++) {
        const row = rows?.[index] ?? index;
        said[row] = answers[row] ?? this.pending({ lane, offset: firstOffset + index }, sent[row] as SentRow);
      }
    }
    return said;
  }

  private pending(origin: Origin, { decides, transactionId }: SentRow): RowAnswer {
    const id = decisionId(origin);
    if (!decides) return { kind: 'accepted', id, transactionId, duplicate: false };
    if (transactionId !== null) this.told.notePending(transactionId, id);
    return { kind: 'pending', id, transactionId };
  }

  /** Resolves when all have their answers, or at the deadline. */
  private decided(appended: readonly AppendedRows[], sent: readonly SentRow[], { answers, deadlineMs }: { readonly answers: Array<RowAnswer | undefined>; readonly deadlineMs: number }): Promise<void> {
    const { replies } = this.options;
    return new Promise((resolve, reject) => {
      let missing = sent.length;
      const finish = (): void => { clearTimeout(timer); resolve(); };
      const settle = (row: number, answer: RowAnswer): void => {
        answers[row] = answer;
        missing -= 1;
        if (missing === 0) finish();
      };
      const timer = setTimeout(() => { for (const run of runs) replies.forget(run); finish(); }, deadlineMs);
      const runs = appended.map(({ lane, firstOffset, rows }) => replies.expect({ lane, offset: firstOffset }, rows?.length ?? sent.length, (index, reply) => {
        const row = rows?.[index] ?? index, origin = { lane, offset: firstOffset + index };
        this.told.note(reply, origin);
        const answer = this.answerOf(reply, origin, sent[row]?.transactionId ?? null);
        if (answer instanceof Promise) answer.then((found) => settle(row, found), (error: unknown) => { clearTimeout(timer); reject(error instanceof Error ? error : new Error(String(error))); });
        else settle(row, answer);
      }));
      if (sent.length === 0) finish();
    });
  }

  /** What a reply is to the one who asked. */
  answerOf(reply: Reply, origin: Origin, transactionId: string | null): RowAnswer | Promise<RowAnswer> {
    switch (reply.kind) {
      case 'decided': return decidedAnswer(reply.decision);
      case 'accepted': return { kind: 'accepted', id: decisionId(origin), transactionId, duplicate: false };
      case 'refused': return this.answerOfRefusal(reply.refusal, transactionId);
    }
  }

  private async answerOfRefusal(refusal: IngestRefusal, transactionId: string | null): Promise<RowAnswer> {
    switch (refusal.kind) {
      case 'conflict': return { kind: 'conflict', idempotencyKey: refusal.idempotencyKey };
      case 'quarantined': return quarantinedAnswer(refusal);
      case 'duplicate': {
        const id = decisionId({ lane: refusal.lane, offset: refusal.firstOffset });
        const first = await this.options.decisions.byId(id);
        if (first !== undefined) return { kind: 'decided', decision: JSON.parse(first.json) as Decision, duplicate: true };
        return { kind: 'accepted', id, transactionId, duplicate: true };
      }
    }
  }
}

const decidedAnswer = (decision: Decision): RowAnswer => ({ kind: 'decided', decision, duplicate: false });

export const quarantinedAnswer = (refusal: Extract<IngestRefusal, { kind: 'quarantined' }>): RowAnswer => ({
  kind: 'quarantined', quarantineId: refusal.offset === simulatedOffset ? null : quarantineId(refusal), transactionId: refusal.id, reason: refusal.reason, field: refusal.field, expected: refusal.expected, got: refusal.got,
});

const policyDeadlineMs = (set: DefinitionSet): number => Math.max(100, ...[...set.policies.values()].map((policy) => policy.deadlineMs));

/** What a set alone decides, found once for it. */
function oncePerSet<T>(find: (set: DefinitionSet) => T): (set: DefinitionSet) => T {
  const found = new WeakMap<DefinitionSet, { readonly value: T }>();
  return (set) => {
    let known = found.get(set);
    if (known === undefined) found.set(set, (known = { value: find(set) }));
    return known.value;
  };
}

/** Up to so many records in front of it no policy makes anything of them. */
const lagFloor = oncePerSet((set) => lagOfAny(set.policies.values()));

const tokenisedSources = oncePerSet((set): ReadonlySet<string> => new Set([...set.sources.values()].filter((each) => each.fields.some((field) => field.tokenise)).map((each) => each.name)));

function transactionIdOf(row: SubmittedRow | undefined, sourceName: string, set: DefinitionSet): string | null {
  const source = set.sources.get(sourceName);
  if (row === undefined || source === undefined) return null;
  const id = row.event[source.fields[source.slotByField.get(source.id) ?? -1]?.from ?? source.id];
  return typeof id === 'string' ? id : null;
}

function parsedEvent(json: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(json);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

