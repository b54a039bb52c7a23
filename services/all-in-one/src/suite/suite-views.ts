import { originOfDecisionId, WeirError, type Decision } from '@weir/contracts';
import type { DecisionRecord, Decisions, DefinitionsChange, Rerun, DecisionSearch, NearMisses, Page, PageRequest, Quarantine, Quarantined, RowAnswer, SubmittedRow, Edge, WhyNot } from '@weir/gateway';
import type { Clock, DecisionRow, DecisionStore, QuarantineRow, QuarantineStore } from '@weir/ports';
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

/** Decisions as the gateway asks for them. */
export class StoredDecisions implements Decisions {
  constructor(private readonly store: DecisionStore, private readonly quarantine: QuarantineStore, private readonly insight: DecisionInsight) {}

  async byId(id: string): Promise<Extract<RowAnswer, { kind: 'decided' | 'pending' }> | undefined> {
    const row = await this.store.byId(id);
    if (row !== undefined) return { kind: 'decided', decision: recordOf(row), duplicate: false };
    const origin = originOfDecisionId(id);
    const next = origin && this.insight.nextOffsets()[origin.lane];
    if (origin === undefined || next === undefined || origin.offset >= next || origin.offset <= (await this.store.position(origin.lane))) return undefined;
    return { kind: 'pending', id, transactionId: null };
  }

  async byTransactionId(transactionId: string): Promise<RowAnswer | undefined> {
    const row = await this.store.byTransaction(transactionId);
    if (row !== undefined) return { kind: 'decided', decision: recordOf(row), duplicate: false };
    const refused = await this.quarantine.byTransaction(transactionId);
    return refused && { kind: 'quarantined', quarantineId: refused.id, transactionId, reason: refused.reason, field: refused.field, expected: refused.expected, got: refused.got };
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

  verdictLines(): AsyncIterable<string> { return verdictLines(this.store, this.insight.nextOffsets().length); }
}

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
