import { parityOf, type ParityFigures } from './report';
import type { Side, SideTotals } from './side-batch';

export interface VerifyOptions {
  /** The log's own side of each lane, comparing with what was stored; made when its turn has come. */
  readonly lanes: Iterable<() => Side>;
  readonly progress?: (records: number) => void;
}

/** Figures of a verification; JSON as it is. */
export interface VerifyReport extends ParityFigures { readonly records: number; readonly took_ms: number }

/** Replays every lane from an empty state and compares with the decisions that were stored when it was live. */
export async function runVerify({ lanes, progress }: VerifyOptions): Promise<VerifyReport> {
  const startedAtMs = performance.now();
  const totals: SideTotals[] = [];
  let records = 0;
  for (const open of lanes) {
    const side = open();
    try {
      for (let batch = await side.next(); batch !== undefined; batch = await side.next()) progress?.(records += batch.records);
      totals.push(await side.totals());
    } finally {
      await side.close();
    }
  }
  const parity = parityOf(totals);
  if (parity === null) throw new Error('no lane was compared with stored decisions');
  return { ...parity, records, took_ms: Math.round(performance.now() - startedAtMs) };
}
