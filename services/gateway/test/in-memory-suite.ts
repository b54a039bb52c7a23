import { statusCode, traceIdOf, WeirError, type Decision, type FeatureLayout, type Outcome, type Value } from '@weir/contracts';
import { createLogger, Health, Metrics } from '@weir/platform';
import type { Clock } from '@weir/ports';
import type { GatewayDependencies } from '../src/dependencies';
import type { Alert, StoredAlert } from '../src/dependencies/alerts';
import type { BacktestState } from '../src/dependencies/backtests';
import type { Cases, ReviewCase } from '../src/dependencies/cases';
import type { DefinitionsPlan } from '../src/dependencies/definitions';
import type { RowAnswer, SubmitOptions, SubmittedRow } from '../src/dependencies/edge';
import type { FeatureRead } from '../src/dependencies/features';
import type { ListEntry, Snooze } from '../src/dependencies/lists';
import type { LiveListener } from '../src/dependencies/live';
import type { AuditEntry, Quarantined, StoredKey } from '../src/dependencies/operations';
import type { Page, PageRequest } from '../src/dependencies/page';
import { isDecision } from '../src/decisions/decision-record';
import { hashApiKey } from '../src/http/key-ring';
import type { Role } from '../src/roles';

/** A small suite in memory with the gateway's dependencies as its face: one lane, a rule by amount, the real contracts. */
export class InMemorySuite {
  nowMs = Date.UTC(2026, 2, 1, 12);
  /** What `submit` does besides deciding: to be late, to be full, to fail. */
  mood: 'well' | 'late' | 'overloaded' | 'broken' | 'store down' = 'well';
  readonly rowsByCall: number[] = [];
  readonly auditTrail: (AuditEntry & { id: string })[] = [];
  readonly health = new Health();
  readonly metrics = new Metrics();
  private readonly answerById = new Map<string, RowAnswer>();
  private readonly bodyHashByKey = new Map<string, string>();
  private readonly decisions: Decision[] = [];
  private readonly quarantined: Quarantined[] = [];
  private readonly keys: StoredKey[] = [];
  private readonly listeners = new Set<LiveListener>();
  private readonly entries = new Map<string, ListEntry>();
  private readonly snoozes = new Map<string, Snooze>();
  private alerts: StoredAlert[] = [];
  private readonly rows = new Map<string, Readonly<Record<string, Value>>>();
  private documents: Readonly<Record<string, unknown>>[] = [];
  private readonly sets: { set: string; documents: Readonly<Record<string, unknown>>[]; appliedAtMs: number; by: string; note: string | null }[] = [];
  readonly labels: unknown[] = [];
  private readonly backtests: BacktestState[] = [];
  readonly modelFiles = new Map<string, Uint8Array>();

  addKey(key: string, roles: readonly Role[]): string {
    this.keys.push({ id: `key-${this.keys.length}`, name: roles.join('+'), roles, hash: hashApiKey(key), createdAtMs: this.nowMs, revokedAtMs: null });
    return key;
  }

  /** Forgets every event; keys, definitions, lists and tables stay. */
  clear(): void {
    this.mood = 'well';
    this.rowsByCall.length = this.decisions.length = this.quarantined.length = 0;
    this.answerById.clear();
    this.bodyHashByKey.clear();
  }

  alert(alert: Alert): void {
    this.alerts.unshift({ id: 'a-0-0-score-default', raisedBy: { kind: 'score', name: 'default', key: null }, entity: null, decisionId: null, caseId: null, closed: null, ...alert });
    for (const listener of this.listeners) listener.alerts([alert]);
  }

  get dependencies(): GatewayDependencies {
    const clock: Clock = { nowMs: () => this.nowMs };
    return {
      clock, health: this.health, metrics: this.metrics, logger: createLogger({ service: 'gateway', level: 'silent' }),
      monitors: { models: () => [], quality: async () => [], drift: async () => [] },
      edge: { submit: (rows, options) => this.submit(rows, options), simulate: async (row) => this.decide(row, false) },
      decisions: {
        byId: async (id) => {
          const decision = this.decisions.find(({ verdict }) => verdict.id === id);
          return decision === undefined ? undefined : { kind: 'decided', decision, duplicate: false };
        },
        byTransactionId: async (id) => this.answerById.get(id),
        search: async ({ outcome, rule, entity, fromMs = -Infinity, toMs = Infinity }, page) => pageOf(
          this.decisions.filter(({ verdict }) => (outcome === undefined || verdict.outcome === outcome) && (rule === undefined || verdict.rules.includes(rule))
            && (entity === undefined || verdict.tx[`${entity.type}_id`] === entity.key) && verdict.event_time >= fromMs && verdict.event_time < toMs).reverse(), page),
        explain: async () => ({ base: -1, margin: 0.5, contributions: { amount: 1.5 } }),
        whyNot: async (id, { name }) => {
          const decision = this.decisions.find(({ verdict }) => verdict.id === id);
          if (decision === undefined) return undefined;
          if (name !== 'large_amount') throw new WeirError('WEIR_NOT_FOUND', `there is no rule ${name}`);
          return { fired: decision.verdict.rules.includes(name), explanation: 'tx.amount > 1000000 did not hold', parts: [{ text: 'tx.amount > 1000000', held: false, value: decision.verdict.tx['amount'] }] };
        },
        nearMisses: async (id) => (this.decisions.some(({ verdict }) => verdict.id === id) ? { whatIf: ['approve if amount were at most 10,000.00'], rules: [{ rule: 'large_amount', text: 'tx.amount > 1000000 is false' }] } : undefined),
        rerun: async (id) => (this.decisions.some(({ verdict }) => verdict.id === id) ? { json: JSON.stringify({ id }), same: true } : undefined),
        verdictLines: () => this.verdictLines(),
      },
      cases: this.cases,
      entities: {
        timeline: async (type, key, page) => ({ entity: { type, key }, page: pageOf(this.decisions.filter(({ verdict }) => verdict.tx[`${type}_id`] === key).reverse().map(({ verdict }) => ({
          kind: 'decision' as const, atMs: verdict.event_time, id: verdict.id, transactionId: verdict.transaction_id, outcome: verdict.outcome, score: verdict.score, decidedBy: verdict.decided_by, alert: verdict.alert, rules: verdict.rules, entities: [`${type}:${key}`], amount: 1,
        })), page) }),
        links: async (type, key) => {
          const seen = { transactions: 1, refused: 0, firstMs: this.nowMs, lastMs: this.nowMs };
          return { entity: { type, key }, shared: [{ type: 'device', key: 'd', ...seen, hot: false }], links: [{ type, key: 'other', ...seen, via: ['device:d'] }], complete: true };
        },
      },
      features: {
        read: async (entityType, keys, { atMs }) => {
          if (!['card', 'user', 'item'].includes(entityType)) throw new WeirError('WEIR_NOT_FOUND', `there is no entity ${entityType}`);
          return { rows: keys.map((key) => this.featuresOf(key)), asOfMs: atMs ?? this.nowMs };
        },
        join: async (rows, { atMs }) => ({ rows: rows.map((row) => this.featuresOf(String(row['card_id']))), asOfMs: atMs ?? this.nowMs }),
        statistics: async (feature) => [{ feature: 'tx_count_1h', count: 3, mean: 2, std: 1, min: 1, max: 3, p50: 2, p95: 3, p99: 3, missingRate: 0, distinct: 3, lastUpdatedMs: this.nowMs }]
          .filter((one) => feature === undefined || one.feature === feature),
      },
      definitions: {
        current: async () => ({ set: this.sets.at(-1)?.set ?? null, appliedAtMs: this.sets.at(-1)?.appliedAtMs ?? null, documents: this.documents }),
        plan: async (change) => this.planOf(change.documents),
        lineage: async () => ({ nodes: [], edges: [] }),
        apply: async (change, by) => {
          const plan = this.planOf(change.documents);
          const kept = change.prune ? [] : this.documents.filter((old) => !change.documents.some((one) => one['kind'] === old['kind'] && one['name'] === old['name']));
          this.documents = [...kept, ...change.documents.map((document) => ({ ...document, version: 1 }))];
          this.sets.push({ set: plan.set, documents: this.documents, appliedAtMs: this.nowMs, by: by.name, note: by.note });
          return { ...plan, appliedAtMs: this.nowMs };
        },
        rollback: async (to, by) => {
          const target = to === undefined ? this.sets.at(-2) : this.sets.find(({ set }) => set === to);
          if (target === undefined) throw new WeirError('WEIR_NOT_FOUND', 'there is no such set');
          this.documents = target.documents;
          this.sets.push({ ...target, appliedAtMs: this.nowMs, by: by.name, note: by.note });
          return { set: target.set, changes: [], warnings: [], appliedAtMs: this.nowMs };
        },
        versions: async (page) => pageOf([...this.sets].reverse().map(({ set, appliedAtMs, by, note }) => ({ set, appliedAtMs, by, note })), page),
        versionsOf: async (kind, name, page) => pageOf(this.sets.filter(({ documents }) => documents.some((one) => one['kind'] === kind && one['name'] === name)).map(({ set, appliedAtMs, by }) => ({ version: 1, set, appliedAtMs, by })), page),
      },
      proposals: {
        required: false, propose: () => Promise.reject(new Error('not asked for')), list: async () => ({ items: [], next: null }), byId: async () => undefined,
        approve: async (id) => { throw new WeirError('WEIR_NOT_FOUND', `there is no proposal ${id}`); }, reject: async (id) => { throw new WeirError('WEIR_NOT_FOUND', `there is no proposal ${id}`); },
      },
      snoozes: {
        of: async (rule) => { if (rule !== 'large_amount') throw new WeirError('WEIR_NOT_FOUND', `there is no rule ${rule}`); return [...this.snoozes.values()]; },
        put: async (snooze) => { this.snoozes.set(`${snooze.entity}/${snooze.key}`, snooze); return snooze; },
        remove: async ({ entity, key }) => (this.snoozes.delete(`${entity}/${key}`) ? { key } : undefined),
      },
      alerts: {
        list: async ({ severity, status }, page) => pageOf(this.alerts.filter((alert) => (severity === undefined || alert.severity === severity) && (status === undefined || (status === 'closed') === (alert.closed !== null))), page),
        byId: async (id) => this.alerts.find((alert) => alert.id === id),
        close: async (id, by) => {
          const found = this.alerts.find((alert) => alert.id === id);
          if (found === undefined) throw new WeirError('WEIR_NOT_FOUND', `no alert ${id}`);
          const closed = { ...found, closed: found.closed ?? { atMs: this.nowMs, by } };
          this.alerts = this.alerts.map((alert) => (alert === found ? closed : alert));
          return closed;
        },
      },
      matches: {
        list: async ({ kind }, page) => pageOf([
          { id: 'm-0-7-0', kind: 'match' as const, pattern: 'small_then_large', version: 1, mode: 'live' as const, entity: 'card', key: 'c1', events: { small: ['t1'], large: ['t2'] }, firstMs: 1_000, lastMs: 2_000, byEvent: true, limit: null, lateByMs: null },
          { id: 'm-0-9-0', kind: 'limit' as const, pattern: 'small_then_large', version: 1, mode: 'live' as const, entity: 'card', key: 'c1', events: {}, firstMs: 3_000, lastMs: 3_000, byEvent: true, limit: { name: 'partialMatchesMax', max: 50_000, dropped: 3 }, lateByMs: null },
        ].filter((match) => kind === undefined || match.kind === kind), page),
        standing: async (pattern, { type, key }) => {
          if (pattern !== 'small_then_large') throw new WeirError('WEIR_NOT_FOUND', `the set has no pattern ${pattern}`);
          return { pattern, version: 1, entity: type, key, open: [{ steps: { small: ['t1'] }, awaits: ['large'], sinceMs: 1_000, untilMs: null }], openCount: 1, latest: null };
        },
      },
      lists: {
        all: async () => [{ name: 'blocked_cards', of: 'card_id', effect: 'hard', match: 'exact', entries: this.entries.size }],
        entries: async (list, page) => pageOf([...this.inList(list).values()], page),
        entry: async (list, value) => this.inList(list).get(value),
        put: async (list, value, entry) => {
          const whole = { value, ...entry, untilMs: entry.untilMs ?? null };
          this.inList(list).set(value, whole);
          return whole;
        },
        remove: async (list, value) => this.inList(list).delete(value),
        putAll: async (list, entries, { replace }) => {
          if (replace) this.inList(list).clear();
          for (const entry of entries) this.inList(list).set(entry.value, { ...entry, untilMs: entry.untilMs ?? null });
          return this.inList(list).size;
        },
      },
      tables: {
        all: async () => [{ name: 'customers', key: 'customer_id', rows: this.rows.size }],
        rows: async (table, page) => pageOf([...this.inTable(table).values()], page),
        row: async (table, key) => this.inTable(table).get(key),
        put: async (table, rows) => {
          const bad = rows.find((row) => typeof row['customer_id'] !== 'string');
          if (bad !== undefined) throw new WeirError('WEIR_INPUT_INVALID', 'a row does not fit its table', { findings: [{ where: 'customers', field: 'customer_id', expected: 'string', got: typeof bad['customer_id'] }] });
          for (const row of rows) this.inTable(table).set(String(row['customer_id']), row);
        },
        remove: async (table, key) => this.inTable(table).delete(key),
        change: async (table, changes) => { for (const change of changes) { if (change.op === 'put') this.inTable(table).set(String(change.row['customer_id']), change.row); else this.inTable(table).delete(change.key); } },
      },
      labels: { append: async (labels) => { this.labels.push(...labels); } },
      models: { keep: async ({ path, bytes }) => { this.modelFiles.set(path, bytes); return hashApiKey(Buffer.from(bytes).toString('latin1')); } },
      reprocessing: noReprocessing,
      hotKeys: { now: () => ({ asOfMs: this.nowMs, windowMs: 60_000, keys: [{ entityType: 'merchant', entityId: 'm-1', share: 0.25, shareMax: 0.26, perSecond: 50 }] }) },
      verification: { now: () => Promise.resolve({ share: 0.02, passes: 0, lastPassMs: null, lastError: null, byView: {}, keys: 0, same: 0, different: 0, byReason: { late: 0, tie: 0, coarsened: 0, ttl: 0, version: 0, warming: 0, bug: 0 }, examples: [] }) },
      backtests: {
        start: async ({ verify }) => {
          const begun = { id: `b-${this.backtests.length}`, verify, startedAtMs: this.nowMs, recordsTotal: 3, error: null };
          const state: BacktestState = this.mood === 'late' ? { ...begun, status: 'running', endedAtMs: null, records: 1, report: null } : { ...begun, status: 'done', endedAtMs: this.nowMs, records: 3, report: { decisions: 3 } };
          this.backtests.push(state);
          return state;
        },
        byId: async (id) => this.backtests.find((one) => one.id === id),
        cancel: async (id) => {
          const at = this.backtests.findIndex((one) => one.id === id), state = this.backtests[at];
          if (state === undefined) throw new WeirError('WEIR_NOT_FOUND', `there is no back-test ${id}`);
          if (state.status !== 'running') throw new WeirError('WEIR_CONFLICT', `${id} is ${state.status}`);
          return this.backtests[at] = { ...state, status: 'cancelled', endedAtMs: this.nowMs };
        },
        all: async () => [...this.backtests].reverse(),
      },
      history: { path: '/history', lanes: async () => [{ lane: 0, first: 0, last: 9, lag: 1, files: 2, bytes: 4_096, days: 1 }], flush: async () => undefined, compact: async () => 1 },
      status: { now: async () => ({ startedAtMs: this.nowMs, set: this.sets.at(-1)?.set ?? null, appliedAtMs: null, lanes: [{ lane: 0, records: this.decisions.length, position: this.decisions.length - 1, lag: 0, statePosition: -1 }] }) },
      quarantine: {
        list: async ({ reason }, page) => pageOf(this.quarantined.filter((one) => reason === undefined || one.reason === reason), page),
        byId: async (id) => this.quarantined.find((one) => one.id === id),
        resend: async (id, corrected) => {
          const found = this.quarantined.find((one) => one.id === id);
          if (found === undefined) return undefined;
          return this.decide(corrected ?? { json: '{}', event: found.event ?? {}, receivedAtMs: undefined, idempotency: undefined }, true);
        },
      },
      keys: {
        findByHash: async (hash) => this.keys.find((key) => key.hash === hash),
        all: async () => this.keys,
        add: async (key) => { this.keys.push(key); },
        revoke: async (id, atMs) => {
          const index = this.keys.findIndex((key) => key.id === id);
          const key = this.keys[index];
          if (key !== undefined) this.keys[index] = { ...key, revokedAtMs: atMs };
          return key !== undefined;
        },
      },
      audit: {
        record: async (entry) => { this.auditTrail.unshift({ ...entry, id: `a-${this.auditTrail.length}` }); },
        list: async ({ action }, page) => pageOf(this.auditTrail.filter((entry) => action === undefined || entry.action === action), page),
      },
      live: { subscribe: (listener) => { this.listeners.add(listener); return () => this.listeners.delete(listener); } },
    };
  }

  readonly casesById = new Map<string, ReviewCase & { comments: { atMs: number; by: string; text: string }[] }>();
  private readonly cases: Cases = {
    list: async ({ status, claimedBy, overdue }, page) => pageOf([...this.casesById.values()].filter((one) => (!overdue || one.overdue) && (status === undefined || one.status === status) && (claimedBy === undefined || one.claimedBy === claimedBy)), page),
    byId: async (id) => this.casesById.get(id),
    claim: async (id, by, holdsMs) => this.changeCase(id, by, { status: 'claimed', claimedBy: by, claimedUntilMs: this.nowMs + holdsMs }),
    comment: async (id, by, text) => { this.changeCase(id, null, {}).comments.push({ atMs: this.nowMs, by, text }); },
    resolve: async (id, { by, resolution }) => this.changeCase(id, by, { status: 'resolved', resolution, resolvedBy: by, resolvedAtMs: this.nowMs }),
  };
  private changeCase(id: string, by: string | null, change: Partial<ReviewCase>): ReviewCase & { comments: { atMs: number; by: string; text: string }[] } {
    const found = this.casesById.get(id);
    if (found === undefined) throw new WeirError('WEIR_NOT_FOUND', `no case ${id}`);
    if (by !== null && found.claimedBy !== null && found.claimedBy !== by) throw new WeirError('WEIR_CONFLICT', `case ${id} is claimed by ${found.claimedBy}`);
    const changed = { ...found, ...change };
    this.casesById.set(id, changed);
    return changed;
  }

  private async *verdictLines(): AsyncGenerator<string> {
    for (const { verdict } of this.decisions) yield `${JSON.stringify({ id: verdict.id })}\n`;
  }

  private async submit(rows: readonly SubmittedRow[], options: SubmitOptions): Promise<readonly RowAnswer[]> {
    this.rowsByCall.push(rows.length);
    if (options.source === 'nowhere') throw new WeirError('WEIR_INPUT_INVALID', 'unknown source', { findings: [{ where: 'query', field: 'source', expected: 'one of transactions, logins', got: 'nowhere' }] });
    if (this.mood === 'broken') throw new Error('a bug with a secret in it');
    if (this.mood === 'store down') throw new WeirError('WEIR_LOG_FAILED', 'the log is away', { retriable: true });
    if (this.mood === 'overloaded') return rows.map(() => ({ kind: 'overloaded', retryAfterMs: 2_500 }));
    const before = this.decisions.length;
    const answers = rows.map((row) => this.decide(row, true, options.traceparent));
    const batch = this.decisions.slice(before);
    if (batch.length > 0) for (const listener of this.listeners) listener.decisions(batch);
    if (this.mood === 'well' && options.wait === 'decided') return answers;
    return answers.map((answer) => (answer.kind === 'decided' ? { kind: 'pending', id: isDecision(answer.decision) ? answer.decision.verdict.id : answer.decision.id, transactionId: null } : answer));
  }

  private decide(row: SubmittedRow, keep: boolean, traceparent?: string): RowAnswer {
    const { event, idempotency } = row;
    if (idempotency !== undefined) {
      const known = this.bodyHashByKey.get(idempotency.key);
      if (known !== undefined && known !== idempotency.bodyHash) return { kind: 'conflict', idempotencyKey: idempotency.key };
      this.bodyHashByKey.set(idempotency.key, idempotency.bodyHash);
    }
    const transactionId = typeof event['transaction_id'] === 'string' ? event['transaction_id'] : null;
    const known = transactionId === null ? undefined : this.answerById.get(transactionId);
    if (known?.kind === 'decided') return { ...known, duplicate: true };
    const answer = transactionId === null || typeof event['amount'] !== 'number' ? this.quarantine(row, transactionId) : this.decided(row, transactionId, event['amount'], traceparent);
    if (keep && transactionId !== null) this.answerById.set(transactionId, answer);
    if (keep && answer.kind === 'decided' && isDecision(answer.decision)) this.decisions.push(answer.decision);
    return answer;
  }

  private quarantine(row: SubmittedRow, transactionId: string | null): RowAnswer {
    const field = transactionId === null ? 'transaction_id' : 'amount';
    const id = `q-${this.quarantined.length}`;
    const why = { reason: 'invalid', field, expected: field === 'amount' ? 'money' : 'string', got: 'nothing' } as const;
    this.quarantined.push({ id, source: 'transactions', transactionId, ...why, receivedAtMs: this.nowMs, event: row.event, resentAtMs: null });
    return { kind: 'quarantined', quarantineId: id, transactionId, ...why };
  }

  private decided(row: SubmittedRow, transactionId: string, amount: number, traceparent: string | undefined): RowAnswer {
    return { kind: 'decided', duplicate: false, decision: makeDecision({ traceparent, offset: this.decisions.length, transactionId, amount, eventTimeMs: this.nowMs, tx: row.event }) };
  }

  private featuresOf(key: string): FeatureRead {
    const count = this.decisions.filter(({ verdict }) => verdict.tx['card_id'] === key).length;
    return count === 0
      ? { features: { tx_count_1h: null }, statuses: { tx_count_1h: 'NOT_FOUND' }, eventTimesMs: { tx_count_1h: null } }
      : { features: { tx_count_1h: count }, statuses: { tx_count_1h: 'PRESENT' }, eventTimesMs: { tx_count_1h: this.nowMs } };
  }

  private planOf(documents: readonly Readonly<Record<string, unknown>>[]): DefinitionsPlan {
    const bad = documents.find((document) => document['kind'] === 'Rule' && typeof document['when'] !== 'string');
    if (bad !== undefined) throw new WeirError('WEIR_DEFINITION_INVALID', 'the set is not valid', { findings: [{ where: 'rules.yaml:3', field: 'when', expected: 'a condition', got: 'nothing', name: String(bad['name']) }] });
    return {
      set: hashApiKey(JSON.stringify(documents)), warnings: [],
      changes: documents.map((document) => ({ kind: String(document['kind']), name: String(document['name']), change: 'added', fromVersion: null, toVersion: 1 })),
    };
  }

  private inList(list: string): Map<string, ListEntry> {
    if (list !== 'blocked_cards') throw new WeirError('WEIR_NOT_FOUND', `there is no list ${list}`);
    return this.entries;
  }
  private inTable(table: string): Map<string, Readonly<Record<string, Value>>> {
    if (table !== 'customers') throw new WeirError('WEIR_NOT_FOUND', `there is no table ${table}`);
    return this.rows;
  }
}

function pageOf<T>(items: readonly T[], { limit, cursor }: PageRequest): Page<T> {
  const from = cursor === undefined ? 0 : Number(cursor);
  return { items: items.slice(from, from + limit), next: from + limit < items.length ? String(from + limit) : null };
}

export const layout: FeatureLayout = {
  qualifiedNames: ['card_velocity.tx_count_1h', 'card_velocity.amount_avg_30d', 'card_velocity.last_country', 'card_velocity.seen', 'card_velocity.top "3"'],
  names: ['tx_count_1h', 'amount_avg_30d', 'last_country', 'seen', 'top "3"'],
  types: ['int', 'number', 'string', 'bool', 'list'],
  slotByName: new Map([['tx_count_1h', 0], ['amount_avg_30d', 1], ['last_country', 2], ['seen', 3], ['top "3"', 4]]),
};

export function makeDecision(of: { traceparent?: string | undefined; offset: number; transactionId: string; amount: number; eventTimeMs: number; tx: Readonly<Record<string, unknown>> }): Decision {
  const outcome: Outcome = of.amount > 2_000_000 ? 'block' : of.amount > 1_000_000 ? 'review' : 'approve';
  const score = outcome === 'approve' ? 0.05 : outcome === 'review' ? 0.35 : 0.9;
  return {
    verdict: {
      id: `d-0-${of.offset}`, transaction_id: of.transactionId, event_time: of.eventTimeMs, outcome, score, risk_score: 100 * score, decided_by: 'score', overruled: [],
      reasons: outcome === 'approve' ? [] : [{ kind: 'rule', name: 'large_amount', text: `Single amount above 10,000.00: ${of.amount}`, contribution: 0.3 }],
      rules: outcome === 'approve' ? [] : ['large_amount'], patterns: [], matches: [], unknown: [], shadow: [], lists: [], list_changes: [], tags: [], alert: outcome === 'block', policy: 'default',
      model: { name: 'fraud_xgb', version: 1, p: 0.05 }, other_models: {},
      vector: { layout, numbers: Float64Array.of(3, NaN, NaN, 1, NaN), others: [undefined, undefined, 'D"E', undefined, ['a', null]], statuses: Uint8Array.of(statusCode.PRESENT, statusCode.NULL_VALUE, statusCode.PRESENT, statusCode.APPROXIMATE, statusCode.WARMING) },
      tx: of.tx, profiles: {}, set: 'f'.repeat(64), positions: null, degraded: false, degraded_why: [],
    },
    meta: { decided_at: of.eventTimeMs + 2, latency_ms: { ingest: 0.2, scoring: 0.4, total: 2 }, trace_id: traceIdOf(of.traceparent) },
  };
}

const noJob = (id: string): Promise<never> => Promise.reject(new WeirError('WEIR_NOT_FOUND', `there is no reprocess ${id}`));
const noReprocessing: GatewayDependencies['reprocessing'] = {
  start: ({ views }) => Promise.reject(new WeirError('WEIR_NOT_FOUND', `there is no view ${views.join()}`)), all: () => Promise.resolve([]), byId: () => Promise.resolve(undefined),
  pause: noJob, resume: noJob, switch: noJob, rollback: noJob,
};
