import { readRowBatches } from '@weir/adapters/files';
import { WeirError } from '@weir/contracts';
import { readTimestamp } from '@weir/pipeline';
import { labelCode } from './side-batch';

/** Labels held at once; more than this is refused, not cut off. */
const labelsMax = 20_000_000;

/** What turned out to be fraud, by transaction: the newest label counts, of two of the same time the later one. */
export class LabelBook {
  private readonly labelById = new Map<string, { readonly fraud: boolean; readonly atMs: number }>();

  get size(): number { return this.labelById.size; }

  /** @throws WeirError WEIR_LIMIT_REACHED. */
  add(transactionId: string, fraud: boolean, atMs: number): void {
    const known = this.labelById.get(transactionId);
    if (known !== undefined && known.atMs > atMs) return;
    if (known === undefined && this.labelById.size >= labelsMax) throw new WeirError('WEIR_LIMIT_REACHED', `more than ${labelsMax} labels`);
    this.labelById.set(transactionId, { fraud, atMs });
  }

  codeOf(transactionId: string): number {
    const label = this.labelById.get(transactionId);
    return label === undefined ? labelCode.unknown : label.fraud ? labelCode.fraud : labelCode.genuine;
  }

  /** For another thread: times are settled, so they stay behind. */
  pack(): PackedLabels {
    const ids = [...this.labelById.keys()];
    return { ids, fraud: Uint8Array.from(this.labelById.values(), ({ fraud }) => Number(fraud)) };
  }

  static unpack({ ids, fraud }: PackedLabels): LabelBook {
    const book = new LabelBook();
    ids.forEach((id, index) => book.add(id, fraud[index] === 1, 0));
    return book;
  }
}

export interface PackedLabels { readonly ids: readonly string[]; readonly fraud: Uint8Array }

/** Rows of `transaction_id`, `fraud` (0, 1, true, false) and optionally `at`. @throws WeirError WEIR_INPUT_INVALID naming the line. */
export async function readLabelFile(path: string, into: LabelBook): Promise<void> {
  for await (const batch of readRowBatches(path)) {
    for (const { row, line } of batch) {
      const id = row['transaction_id'];
      const fraud = fraudOf(row['fraud']);
      if (typeof id !== 'string' && typeof id !== 'number') throw invalid(path, line, 'transaction_id', 'an id', typeof id);
      if (fraud === undefined) throw invalid(path, line, 'fraud', '0, 1, true or false', JSON.stringify(row['fraud'] ?? null));
      into.add(String(id), fraud, timeOf(row['at']));
    }
  }
}

const truths: ReadonlySet<unknown> = new Set([true, 1, '1', 'true']);
const untruths: ReadonlySet<unknown> = new Set([false, 0, '0', 'false']);
export const fraudOf = (value: unknown): boolean | undefined => (truths.has(value) ? true : untruths.has(value) ? false : undefined);

const timeOf = (value: unknown): number => (value === undefined || value === null ? -Infinity : (readTimestamp(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value) ?? -Infinity));

const invalid = (path: string, line: number, field: string, expected: string, got: string): WeirError =>
  new WeirError('WEIR_INPUT_INVALID', `${path}:${line}: ${field}: expected ${expected}, got ${got}`, { findings: [{ where: `${path}:${line}`, field, expected, got }] });
