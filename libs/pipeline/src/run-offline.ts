import type { RawBody, RawRecord } from '@weir/contracts';
import { itemsOf, mergeItems, stagesOf, type Chain } from './chain';
import type { Outcome } from './sink';
import { emptyState } from './stage-state';

export interface OfflineOptions {
  /** Records per batch; changes no answer. Default 256: all of a batch is alive until it is through, which is what collecting young objects costs. */
  readonly batchMax?: number;
}

/** A batch of a file after the last stage: `outcomes[i]` is of `records[i]`. */
export interface OfflineBatch { readonly records: readonly RawRecord[]; readonly outcomes: readonly Outcome[] }

/**
 * Runs a chain over records in memory, from an empty state: the code of the live lane over a file, a back-test or a case. Nothing is stored;
 * the same records give the same outcomes however they are cut.
 */
export async function* runOffline(chain: Chain, records: Iterable<RawRecord> | AsyncIterable<RawRecord>, options: OfflineOptions = {}): AsyncGenerator<OfflineBatch, void, undefined> {
  const batchMax = options.batchMax ?? 256;
  for (const stage of stagesOf(chain)) await stage.restore(emptyState);
  for await (const batch of Symbol.iterator in records ? cut(records, batchMax) : cutAsync(records, batchMax)) yield { records: batch, outcomes: await passAll(chain, batch) };
}

function* cut(records: Iterable<RawRecord>, batchMax: number): Generator<RawRecord[], void, undefined> {
  let batch: RawRecord[] = [];
  for (const record of records) {
    if (batch.push(record) < batchMax) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* cutAsync(records: AsyncIterable<RawRecord>, batchMax: number): AsyncGenerator<RawRecord[], void, undefined> {
  let batch: RawRecord[] = [];
  for await (const record of records) {
    if (batch.push(record) < batchMax) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Numbers bodies as one lane, in their order. Records that are no events get `controlAtMs` as their append time. */
export function* numberRecords(bodies: Iterable<RawBody>, options: { readonly lane?: number; readonly firstOffset?: number; readonly controlAtMs?: number } = {}): Generator<RawRecord, void, undefined> {
  let offset = options.firstOffset ?? 0;
  for (const body of bodies) yield { lane: options.lane ?? 0, offset: offset++, appendedAtMs: (body.kind === 'event' ? body.receivedAtMs : undefined) ?? options.controlAtMs ?? 0, body };
}

async function passAll(chain: Chain, records: readonly RawRecord[]): Promise<Outcome[]> {
  const judged = await chain.ingest.process(records);
  let items = itemsOf(judged);
  for (const stage of chain.stages) items = await stage.process(items);
  return mergeItems(judged, items);
}
