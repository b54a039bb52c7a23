import { originOfDecisionId, WeirError, type Decision, type Origin } from '@weir/contracts';
import type { DecisionRecord, Decisions, DefinitionsChange, Rerun, DecisionSearch, NearMisses, Page, PageRequest, Quarantine, Quarantined, RowAnswer, SubmittedRow, Edge, WhyNot } from '@weir/gateway';
import { quarantineId, type Clock, type DecisionRow, type DecisionStore, type QuarantineRow, type QuarantineStore } from '@weir/ports';
import type { Told } from './answered-reads';
import { verdictLines } from './verdict-lines';

type Stored = DecisionRecord;
export const recordOf = (row: DecisionRow): Stored => JSON.parse(row.json) as Stored; // written by decisionRow alone

/** What asks a decision's own set, model or rules; made by the suite from its stages. */
export interface DecisionInsight {
  readonly explain: Decisions['explain'];
  readonly whyNot: (decision: DecisionRecord, of: { readonly kind: 'rule' | 'pattern'; readonly name: string }) => Promise<WhyNot>;
  readonly nearMisses: (decision: DecisionRecord) => Promise<NearMisses>;
  readonly rerun: (decision: DecisionRecord, change?: DefinitionsChange) => Promise<Rerun>;
  /** One past the last record of each lane. */
  readonly nextOffsets: () => readonly number[];
  readonly tokenOfEntity: (type: string, key: string) => string;
}

/** How far the lanes are. */
export interface LaneProgress {
  /** One past the last record appended to a lane. */
  readonly next: (lane: number) => Promise<number>;
  /** What became of a record is stored: its decision or its refusal, where it has one. */
  readonly isStored: (origin: Origin) => Promise<boolean>;
}
interface StoredDecisionsParts {
  readonly store: DecisionStore; readonly quarantine: QuarantineStore; readonly insight: DecisionInsight; readonly progress: LaneProgress; readonly told: Told;
  /** Resolves when all decisions are stored, where they come from somebody else: all of them means all that are taken. */
  readonly caughtUp?: (() => Promise<void>) | undefined;
}

/** Decisions as the gateway asks for them. */
export class StoredDecisions implements Decisions {
  private readonly store: DecisionStore;
  private readonly insight: DecisionInsight;

  constructor(private readonly parts: StoredDecisionsParts) {
    this.store = parts.store;
    this.insight = parts.insight;
  }

  async byId(id: string): Promise<RowAnswer | undefined> {
    const { progress, told } = this.parts, origin = originOfDecisionId(id);
    if (origin === undefined) return undefined;
    const found = await this.at(id, origin);
    if (found !== undefined) return found;
    const transactionId = told.transactionOf(id) ?? null;
    if (!(await progress.isStored(origin))) return origin.offset < (await progress.next(origin.lane)) ? { kind: 'pending', id, transactionId } : undefined;
    // It may have come since it was looked for.
    const since = await this.at(id, origin);
    if (since !== undefined) return since;
    // Nothing came of a record that was a transaction: it was there already.
    const first = transactionId === null ? undefined : await this.store.byTransaction(transactionId);
    return first && { kind: 'decided', decision: recordOf(first), duplicate: true };
  }

  async byTransactionId(transactionId: string): Promise<RowAnswer | undefined> {
    const found = await this.ofTransaction(transactionId);
    if (found !== undefined) return found;
    const pendingId = this.parts.told.pendingId(transactionId);
    return pendingId === undefined ? undefined : this.byId(pendingId);
  }

  private async at(id: string, origin: Origin): Promise<RowAnswer | undefined> {
    const row = await this.store.byId(id);
    if (row !== undefined) return { kind: 'decided', decision: recordOf(row), duplicate: false };
    const refused = await this.parts.quarantine.byId(quarantineId(origin));
    return refused && refusedAnswer(refused);
  }

  private async ofTransaction(transactionId: string): Promise<RowAnswer | undefined> {
    const row = await this.store.byTransaction(transactionId);
    if (row !== undefined) return { kind: 'decided', decision: recordOf(row), duplicate: false };
    const refused = await this.parts.quarantine.byTransaction(transactionId);
    return refused && refusedAnswer(refused);
  }

  async search(search: DecisionSearch, page: PageRequest): Promise<Page<Decision | DecisionRecord>> {
    const { entity, outcome } = search;
    const found = await this.store.search({
      entity: entity && `${entity.type}:${this.insight.tokenOfEntity(entity.type, entity.key)}`, outcome: outcome === 'approve' || outcome === 'review' || outcome === 'block' ? outcome : undefined,
      rule: search.rule ?? search.pattern, alert: search.alert, fromMs: search.fromMs, toMs: search.toMs, limit: page.limit, cursor: page.cursor,
    });
    return { items: found.items.map(recordOf), next: found.next };
  }

  explain(decision: Decision | DecisionRecord): ReturnType<Decisions['explain']> { return this.insight.explain(decision); }

  async whyNot(id: string, of: { readonly kind: 'rule' | 'pattern'; readonly name: string }): Promise<WhyNot | undefined> {
    const row = await this.store.byId(id);
    return row && this.insight.whyNot(recordOf(row), of);
  }

  async nearMisses(id: string): Promise<NearMisses | undefined> {
    const row = await this.store.byId(id);
    return row && this.insight.nearMisses(recordOf(row));
  }

  async rerun(id: string, change?: DefinitionsChange): Promise<Rerun | undefined> {
    const row = await this.store.byId(id);
    return row && this.insight.rerun(recordOf(row), change);
  }

  async *verdictLines(): AsyncIterable<string> {
    await this.parts.caughtUp?.();
    yield* verdictLines(this.store, this.insight.nextOffsets().length);
  }
}

const refusedAnswer = ({ id, transactionId, reason, field, expected, got }: QuarantineRow): RowAnswer => ({ kind: 'quarantined', quarantineId: id, transactionId, reason, field, expected, got });

/** Refused events as the gateway asks for them. */
export class StoredQuarantine implements Quarantine {
  constructor(private readonly store: QuarantineStore, private readonly edge: Edge, private readonly clock: Clock, private readonly deadlineMs: number) {}

  async list(filter: { readonly reason: string | undefined; readonly fromMs: number | undefined; readonly toMs: number | undefined }, page: PageRequest): Promise<Page<Quarantined>> {
    const found = await this.store.search({ ...filter, limit: page.limit, cursor: page.cursor });
    return { items: found.items.map(shown), next: found.next };
  }

  async byId(id: string): Promise<Quarantined | undefined> {
    const row = await this.store.byId(id);
    return row && shown(row);
  }

  async resend(id: string, corrected: SubmittedRow | undefined): Promise<RowAnswer | undefined> {
    const row = await this.store.byId(id);
    if (row === undefined) return undefined;
    const event = shown(row).event;
    if (corrected === undefined && event === null) {
      throw new WeirError('WEIR_INPUT_INVALID', `${id} could not be read when it came: send it corrected`, { findings: [{ where: 'body', field: '', expected: 'the corrected event', got: 'nothing' }] });
    }
    const again = corrected ?? { json: row.json, event: event ?? {}, receivedAtMs: undefined, idempotency: undefined };
    const [answer] = await this.edge.submit([again], { source: row.source, wait: 'decided', deadlineMs: this.deadlineMs });
    if (answer !== undefined && answer.kind !== 'overloaded' && answer.kind !== 'quarantined') await this.store.markResent(id, this.clock.nowMs());
    return answer;
  }
}

const shown = (row: QuarantineRow): Quarantined => ({
  id: row.id, source: row.source, transactionId: row.transactionId, reason: row.reason, field: row.field, expected: row.expected, got: row.got, receivedAtMs: row.receivedAtMs,
  event: eventOf(row.json), resentAtMs: row.resentAtMs,
});

/** null where the bytes were no JSON object: of those only length and hash are kept. */
function eventOf(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !('unreadable' in value) ? { ...value } : null;
  } catch { return null; }
}
