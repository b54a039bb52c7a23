import { setTimeout as sleep } from 'node:timers/promises';
import type { Decision, Origin } from '@weir/contracts';
import { DecisionStore, quarantineId, QuarantineStore, type DecisionQuery, type DecisionRow, type Page, type QuarantineQuery, type QuarantineRow, type TakenDecisions } from '@weir/ports';
import type { Reply } from './replies';

/** How long a read waits for what was told; longer only where nothing can be written, and then it reads what is there. */
const withinMs = 5_000, lookAgainMs = 5;

/** The newest offset of each lane that callers were told of. An answer goes out before its row is durable. */
export class Told {
  readonly decided: number[];
  readonly quarantined: number[];
  /** Of decisions that leave more than themselves: an alert, a case, a match. */
  readonly raised: number[];
  private readonly pendingByTransaction = new Map<string, string>();
  private readonly transactionByPending = new Map<string, string>();

  constructor(lanes: number) {
    this.decided = new Array<number>(lanes).fill(-1);
    this.quarantined = new Array<number>(lanes).fill(-1);
    this.raised = new Array<number>(lanes).fill(-1);
  }

  /** A caller was told that the transaction is accepted, and what its decision's id will be. The first of a transaction stays. */
  notePending(transactionId: string, id: string): void {
    if (this.transactionByPending.size >= pendingMax) {
      const [oldest] = this.transactionByPending;
      if (oldest !== undefined) { this.transactionByPending.delete(oldest[0]); this.pendingByTransaction.delete(oldest[1]); }
    }
    this.transactionByPending.set(id, transactionId);
    if (!this.pendingByTransaction.has(transactionId)) this.pendingByTransaction.set(transactionId, id);
  }
  pendingId(transactionId: string): string | undefined { return this.pendingByTransaction.get(transactionId); }
  transactionOf(pendingId: string): string | undefined { return this.transactionByPending.get(pendingId); }

  note(reply: Reply, { lane, offset }: Origin): void {
    if (reply.kind === 'accepted') return;
    if (reply.kind === 'decided') {
      this.decided[lane] = Math.max(this.decided[lane] ?? -1, offset);
      if (raisesMore(reply.decision)) this.raised[lane] = Math.max(this.raised[lane] ?? -1, offset);
    } else if (reply.refusal.kind === 'quarantined') this.quarantined[lane] = Math.max(this.quarantined[lane] ?? -1, offset);
  }
}

/** Transactions told to be pending that are remembered; the oldest go first. */
export const pendingMax = 100_000;

const raisesMore = ({ verdict }: Decision): boolean => verdict.alert || verdict.outcome === 'review' || verdict.matches.length > 0;

/** Resolves when all that was told until now is stored, or after a while. */
export async function stored(told: readonly number[], isStored: (lane: number, offset: number) => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + withinMs;
  await Promise.all([...told].map(async (offset, lane) => {
    while (offset >= 0 && !(await isStored(lane, offset)) && performance.now() < untilMs) await sleep(lookAgainMs);
  }));
}

/** Decisions for those who were told of them: what was answered before a read began is in what it reads. */
export class ToldDecisions extends DecisionStore {
  constructor(private readonly store: DecisionStore, private readonly told: Told) { super(); }

  private readonly isStored = async (lane: number, offset: number): Promise<boolean> => (await this.store.position(lane)) >= offset;
  private settled(): Promise<void> { return stored(this.told.decided, this.isStored); }

  override take(rows: readonly DecisionRow[]): TakenDecisions { return this.store.take(rows); }
  override write(lane: number, taken: readonly TakenDecisions[]): Promise<void> { return this.store.write(lane, taken); }
  override close(): Promise<void> { return this.store.close(); }

  override async position(lane: number): Promise<number> { await this.settled(); return this.store.position(lane); }
  override async search(query: DecisionQuery): Promise<Page<DecisionRow>> { await this.settled(); return this.store.search(query); }
  override async range(lane: number, fromOffset: number, rowsMax: number): Promise<readonly DecisionRow[]> { return (await this.found(async () => { const rows = await this.store.range(lane, fromOffset, rowsMax); return rows.length === 0 ? undefined : rows; })) ?? []; }
  override byId(id: string): Promise<DecisionRow | undefined> { return this.found(() => this.store.byId(id)); }
  override byTransaction(transactionId: string, source?: string): Promise<DecisionRow | undefined> { return this.found(() => this.store.byTransaction(transactionId, source)); }

  /** What is there is read at once. */
  private async found<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
    const known = await read();
    if (known !== undefined) return known;
    await this.settled();
    return read();
  }
}

/** Refused events for those who were told of them. */
export class ToldQuarantine extends QuarantineStore {
  constructor(private readonly store: QuarantineStore, private readonly told: Told) { super(); }

  private readonly isStored = async (lane: number, offset: number): Promise<boolean> => (await this.store.byId(quarantineId({ lane, offset }))) !== undefined;
  private settled(): Promise<void> { return stored(this.told.quarantined, this.isStored); }

  override write(rows: readonly QuarantineRow[]): Promise<void> { return this.store.write(rows); }
  override markResent(id: string, atMs: number): Promise<void> { return this.store.markResent(id, atMs); }

  override async byId(id: string): Promise<QuarantineRow | undefined> { await this.settled(); return this.store.byId(id); }
  override async byTransaction(transactionId: string, source?: string): Promise<QuarantineRow | undefined> { await this.settled(); return this.store.byTransaction(transactionId, source); }
  override async search(query: QuarantineQuery): Promise<Page<QuarantineRow>> { await this.settled(); return this.store.search(query); }
}
