import type { RawRecord } from '@weir/contracts';
import { runOffline, type Chain, type Outcome } from '@weir/pipeline';
import { sideBatchMax } from './local-side';
import type { StoredVerdict } from './stored-comparison';

/** Records through the stages that both sides share. */
export interface FrontBatch {
  readonly records: number;
  readonly outcomes: readonly Outcome[];
  /** The stored decisions that the items were made of, where they were, by offset. */
  readonly stored?: ReadonlyMap<number, StoredVerdict>;
  /** When each record arrived, ms; −Infinity for what is no event. Absent: the outcomes say it. */
  readonly arrivedMs?: Float64Array;
}

/** Records through the first stages: those that two sets have in common, or all before what decides. */
export async function* frontBatches(chain: Chain, records: Iterable<RawRecord> | AsyncIterable<RawRecord>): AsyncGenerator<FrontBatch, void, undefined> {
  for await (const { records: batch, outcomes } of runOffline(chain, records, { batchMax: sideBatchMax })) yield { records: batch.length, outcomes, arrivedMs: Float64Array.from(batch, arrivalOf) };
}

const arrivalOf = ({ body, appendedAtMs }: RawRecord): number => (body.kind === 'event' ? body.receivedAtMs ?? appendedAtMs : -Infinity);
