import { WeirError } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import type { CaseResolving, Cases, Lists, Page, PageRequest, ReviewCase } from '@weir/gateway';
import type { CaseRow, CaseStore, Clock, DecisionStore, LabelRow } from '@weir/ports';

export interface ReviewQueueOptions {
  readonly cases: CaseStore;
  readonly decisions: DecisionStore;
  /** Resolves when the cases of decisions that callers were told of are open. */
  readonly settled: () => Promise<void>;
  /** Appends labels that are stored already to their lanes. */
  readonly forwardLabels: (labels: readonly LabelRow[]) => Promise<void>;
  readonly lists: Lists;
  readonly set: () => DefinitionSet;
  /** A raw value of a tokenised field must not stay in the database while it waits. */
  readonly tokenOfField: (field: string, value: string) => string;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** What a resolution still has to do in the lanes. */
interface Pending { readonly label: LabelRow | null; readonly list: { readonly name: string; readonly value: string; readonly untilMs: number | null; readonly by: string } | null }

const retryMs = 5_000;
const settledAtOnceMax = 500;

/**
 * The review queue. A resolution, its label, its audit entry and the end of its alerts are one transaction, and with them what the lanes still have to get; that is
 * done at once, and again until it succeeds, also after a crash: in the lane a label counts once, and a list entry replaces itself.
 */
export class ReviewQueue implements Cases {
  private retry: NodeJS.Timeout | undefined;
  constructor(private readonly options: ReviewQueueOptions) {}

  async list(filter: Parameters<Cases['list']>[0], page: PageRequest): Promise<Page<ReviewCase>> {
    await this.options.settled();
    const { nowMs } = this, { overdue, ...rest } = filter;
    const found = await this.options.cases.search({ ...rest, ...(overdue ? { overdueAtMs: nowMs } : {}), nowMs, limit: page.limit, cursor: page.cursor });
    return { items: found.items.map((row) => this.shown(row)), next: found.next };
  }

  async byId(id: string): Promise<Awaited<ReturnType<Cases['byId']>>> {
    await this.options.settled();
    const row = await this.options.cases.byId(id);
    return row && { ...this.shown(row), comments: await this.options.cases.comments(id) };
  }

  async claim(id: string, by: string, holdsMs: number): Promise<ReviewCase> {
    const { nowMs } = this;
    return this.shown(await this.options.cases.claim(id, by, { nowMs, untilMs: nowMs + holdsMs }));
  }

  async comment(id: string, by: string, text: string): Promise<void> {
    if ((await this.options.cases.byId(id)) === undefined) throw new WeirError('WEIR_NOT_FOUND', `no case ${id}`);
    await this.options.cases.comment({ caseId: id, atMs: this.nowMs, by, text });
  }

  async resolve(id: string, { by, resolution, comment, list }: CaseResolving): Promise<ReviewCase> {
    const { cases } = this.options;
    const row = await cases.byId(id);
    if (row === undefined) throw new WeirError('WEIR_NOT_FOUND', `no case ${id}`);
    const atMs = this.nowMs;
    const label: LabelRow | null = resolution === 'unclear' ? null : { transactionId: row.transactionId, fraud: resolution === 'fraud', by, atMs, source: 'review' };
    const pending: Pending = { label, list: list === undefined ? null : { ...(await this.entry(row, list, atMs)), by } };
    const somethingToDo = pending.label !== null || pending.list !== null;
    const resolved = await cases.resolve(id, by, resolution, atMs, {
      label: label ?? undefined, comment, pending: somethingToDo ? JSON.stringify(pending) : undefined,
      audit: { atMs, by, action: 'case.resolve', subject: id, detail: JSON.stringify({ resolution, transaction_id: row.transactionId, list: pending.list === null ? null : { name: pending.list.name, value: pending.list.value } }) },
    });
    if (somethingToDo) await this.settle(resolved, pending).catch((error: unknown) => this.later(error));
    return this.shown(resolved);
  }

  /** Does what an earlier process, or an earlier try, could not. */
  async resume(): Promise<void> {
    for (const { row, pending } of await this.options.cases.unsettled(settledAtOnceMax)) await this.settle(row, JSON.parse(pending) as Pending); // written by resolve alone
  }

  stop(): void { clearTimeout(this.retry); }

  private async settle(row: CaseRow, { label, list }: Pending): Promise<void> {
    if (label !== null) await this.options.forwardLabels([label]);
    if (list !== null) await this.options.lists.put(list.name, list.value, { fromMs: null, untilMs: list.untilMs, reason: `case ${row.id}`, by: list.by });
    await this.options.cases.settle(row.id);
  }

  private later(error: unknown): void {
    this.options.onError(error);
    this.retry ??= setTimeout(() => {
      this.retry = undefined;
      this.resume().catch((again: unknown) => this.later(again));
    }, retryMs);
    this.retry.unref();
  }

  /** What is to be listed. The list and the value are checked before anything is written; the value is kept as its token. */
  private async entry(row: CaseRow, asked: NonNullable<CaseResolving['list']>, atMs: number): Promise<{ readonly name: string; readonly value: string; readonly untilMs: number | null }> {
    const list = this.options.set().lists.get(asked.name);
    if (list === undefined) throw invalid('list.name', `one of ${[...this.options.set().lists.keys()].join(', ') || 'no lists'}`, asked.name);
    const given = asked.value ?? (await this.fieldOf(row, list.of));
    if (given === undefined) throw invalid('list.value', `a value: the transaction has no ${list.of}`, 'nothing');
    const ttlMs = asked.ttlMs ?? list.ttlMs;
    return { name: asked.name, value: this.options.tokenOfField(list.of, given), untilMs: ttlMs === null ? null : atMs + ttlMs };
  }

  private async fieldOf(row: CaseRow, field: string): Promise<string | undefined> {
    const stored = await this.options.decisions.byId(row.decisionId);
    const record: unknown = stored === undefined ? undefined : JSON.parse(stored.json);
    const tx = typeof record === 'object' && record !== null && 'tx' in record && typeof record.tx === 'object' && record.tx !== null ? { ...record.tx } as Record<string, unknown> : {};
    const value = tx[field];
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  }

  private get nowMs(): number { return this.options.clock.nowMs(); }

  private shown(row: CaseRow): ReviewCase {
    const { nowMs } = this, isOver = row.status === 'claimed' && row.claimedUntilMs !== null && row.claimedUntilMs <= nowMs;
    const overdue = row.status !== 'resolved' && row.dueAtMs !== null && row.dueAtMs <= nowMs;
    return isOver ? { ...row, overdue, status: 'open', claimedBy: null, claimedUntilMs: null } : { ...row, overdue };
  }
}

const invalid = (field: string, expected: string, got: string): WeirError => new WeirError('WEIR_INPUT_INVALID', `${field}: ${expected}`, { findings: [{ where: 'body', field, expected, got }] });
