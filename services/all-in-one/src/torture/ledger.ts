/** What a caller was told of a transaction. */
export interface Told { readonly decision: string; readonly outcome: string; readonly score: number }

/**
 * What was asked for and what was promised: every transaction that was sent, when it was due, when it was acknowledged and what the caller was told. Kept apart from
 * everything that Weir writes, so that it can be held against it.
 */
export class Ledger {
  private readonly dueMsById = new Map<string, number>();
  private readonly acknowledgedMsById = new Map<string, number>();
  private readonly toldById = new Map<string, Told[]>();
  /** Requests that were answered with something else than 200, or not at all. */
  refusals = 0;

  get sent(): number { return this.dueMsById.size; }
  get acknowledged(): number { return this.acknowledgedMsById.size; }
  get ids(): IterableIterator<string> { return this.dueMsById.keys(); }

  due(id: string, atMs: number): void { if (!this.dueMsById.has(id)) this.dueMsById.set(id, atMs); }
  acknowledge(id: string, atMs: number): void { if (!this.acknowledgedMsById.has(id)) this.acknowledgedMsById.set(id, atMs); }

  /** Tellings that are alike are kept once. */
  tell(id: string, told: Told): void {
    const before = this.toldById.get(id);
    if (before === undefined) this.toldById.set(id, [told]);
    else if (!before.some((each) => each.decision === told.decision && each.outcome === told.outcome && each.score === told.score)) before.push(told);
  }

  dueMs(id: string): number | undefined { return this.dueMsById.get(id); }
  isAcknowledged(id: string): boolean { return this.acknowledgedMsById.has(id); }
  told(id: string): readonly Told[] { return this.toldById.get(id) ?? []; }
}
