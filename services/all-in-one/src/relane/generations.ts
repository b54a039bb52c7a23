import { join } from 'node:path';
import { LmdbDecisionStore } from '@weir/adapters/lmdb';
import { originOfDecisionId } from '@weir/contracts';
import { DecisionStore, type DecisionQuery, type DecisionRow, type Page, type TakenDecisions } from '@weir/ports';
import { unpackDecision } from '../suite/decision-rows';
import type { Changed } from './lane-record';

/**
 * Decisions over a change of the number of lanes. What was answered stays what it was, under its id: of a transaction that stood in the lanes before, the new lanes hold what they
 * make of it for themselves (to go on from, and to be verified), and callers get the decision they got.
 */
class Generations extends DecisionStore {
  constructor(private readonly now: DecisionStore, private readonly before: DecisionStore, private readonly changed: Changed) { super(); }

  override take(rows: readonly DecisionRow[]): TakenDecisions { return this.now.take(rows); }
  override write(lane: number, taken: readonly TakenDecisions[]): Promise<void> { return this.now.write(lane, taken); }
  override position(lane: number): Promise<number> { return this.now.position(lane); }
  override range(lane: number, fromOffset: number, rowsMax: number): Promise<readonly DecisionRow[]> { return this.now.range(lane, fromOffset, rowsMax); }

  override async byId(id: string): Promise<DecisionRow | undefined> {
    const origin = originOfDecisionId(id);
    if (origin !== undefined && origin.offset < this.changed.firstOffset) return this.before.byId(id);
    const row = await this.now.byId(id);
    return row === undefined || !this.isCopied(row) ? row : this.firstAnswer(row);
  }

  override async byTransaction(transactionId: string, source?: string): Promise<DecisionRow | undefined> {
    const row = await this.now.byTransaction(transactionId, source);
    return row === undefined || !this.isCopied(row) ? row : this.firstAnswer(row);
  }

  /** Newest first, lane by lane; then those of the lanes before. */
  override async search(query: DecisionQuery): Promise<Page<DecisionRow>> {
    const { cursor } = query;
    if (cursor?.startsWith(beforeMark) === true) return this.searchBefore({ ...query, cursor: cursor.slice(beforeMark.length) || undefined });
    const page = await this.now.search(query), items = page.items.filter((row) => !this.isCopied(row));
    if (page.next !== null) return { items, next: page.next };
    if (items.length > 0) return { items, next: beforeMark };
    return this.searchBefore({ ...query, cursor: undefined });
  }

  override async close(): Promise<void> {
    await this.now.close();
    await this.before.close();
  }

  private async searchBefore(query: DecisionQuery): Promise<Page<DecisionRow>> {
    const { items, next } = await this.before.search(query);
    return { items, next: next === null ? null : `${beforeMark}${next}` };
  }

  /** What the caller got, in the lane where the transaction stands now. */
  private async firstAnswer(row: DecisionRow): Promise<DecisionRow> {
    const first = await this.before.byTransaction(row.transactionId, row.source);
    return first === undefined ? row : (Object.create(first, { lane: { value: row.lane, enumerable: true } }) as DecisionRow); // the first one, but for its lane
  }

  private isCopied({ lane, offset }: DecisionRow): boolean { return offset < (this.changed.copiedUntil[lane] ?? 0); }
}

/** Of cursors that go on in the lanes before. */
const beforeMark = 'before:';

/** A store that goes on behind what the lanes of a folder were before; the same where they never changed. */
export function withLanesBefore(dataDir: string, decisions: DecisionStore, changes: readonly Changed[]): DecisionStore {
  let before: DecisionStore | undefined;
  for (const [index, changed] of changes.entries()) {
    const own = new LmdbDecisionStore({ path: join(dataDir, changed.before, 'decisions'), lanes: changed.lanesBefore, unpack: unpackDecision });
    const earlier = changes[index - 1];
    before = before === undefined || earlier === undefined ? own : new Generations(own, before, earlier);
  }
  const last = changes.at(-1);
  return before === undefined || last === undefined ? decisions : new Generations(decisions, before, last);
}
