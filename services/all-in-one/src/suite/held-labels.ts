import { existsSync, readFileSync } from 'node:fs';
import { WeirError, type Finding } from '@weir/contracts';
import type { Labels } from '@weir/gateway';
import { replaceFile } from '../replace-file';

export type Label = Parameters<Labels['append']>[0][number];

/** Labels that may wait for their transactions. */
const heldMax = 10_000;

/** Labels of transactions that nobody has seen yet, in a file, until the transaction comes. */
export class HeldLabels {
  private readonly labelsByTransaction: Map<string, readonly Label[]>;
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly path: string) {
    const kept = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) as Label[] : []; // written by save alone
    this.labelsByTransaction = new Map();
    for (const label of kept) this.add(label);
  }

  /** Transactions that labels wait for. */
  get size(): number { return this.labelsByTransaction.size; }

  /** @throws WeirError WEIR_LIMIT_REACHED when as many wait as may. */
  async hold(labels: readonly Label[]): Promise<void> {
    if (labels.length === 0) return;
    if (this.labelsByTransaction.size + labels.length > heldMax) throw new WeirError('WEIR_LIMIT_REACHED', `${this.labelsByTransaction.size} labels wait for transactions that have not come, at most ${heldMax} may`, { findings: [limitFinding], retriable: true });
    for (const label of labels) this.add(label);
    await this.save();
  }

  transactionIds(): readonly string[] { return [...this.labelsByTransaction.keys()]; }

  of(transactionId: string): readonly Label[] { return this.labelsByTransaction.get(transactionId) ?? []; }

  /** These and no others: another label of the same transaction may have come meanwhile. */
  async release(labels: readonly Label[]): Promise<void> {
    for (const label of labels) {
      const left = this.of(label.transactionId).filter((each) => each !== label);
      if (left.length === 0) this.labelsByTransaction.delete(label.transactionId);
      else this.labelsByTransaction.set(label.transactionId, left);
    }
    await this.save();
  }

  private add(label: Label): void {
    this.labelsByTransaction.set(label.transactionId, [...this.of(label.transactionId), label]);
  }

  private save(): Promise<void> {
    this.saving = this.saving.catch(() => undefined).then(() => replaceFile(this.path, JSON.stringify([...this.labelsByTransaction.values()].flat())));
    return this.saving;
  }
}

const limitFinding: Finding = { where: 'labels', field: 'transaction_id', expected: 'ids of transactions that were sent', got: 'unknown ones' };
