import type { RawRecord } from '@weir/contracts';
import { runOffline, type Outcome } from '@weir/pipeline';
import type { Stages } from '../chain';
import { sideBatchMax } from './local-side';
import type { StoredVerdict } from './stored-comparison';

/** Records through the stages that both sides share. */
export interface FrontBatch {
  readonly records: number;
  readonly outcomes: readonly Outcome[];
  /** The stored decisions that the items were made of, where they were, by offset. */
  readonly stored?: ReadonlyMap<number, StoredVerdict>;
}

/** Ingest and features once, for two sets that have them in common. */
export async function* frontBatches(stages: Pick<Stages, 'ingest' | 'features'>, records: Iterable<RawRecord> | AsyncIterable<RawRecord>): AsyncGenerator<FrontBatch, void, undefined> {
  for await (const { records: batch, outcomes } of runOffline({ ingest: stages.ingest, stages: [stages.features] }, records, { batchMax: sideBatchMax })) yield { records: batch.length, outcomes };
}
