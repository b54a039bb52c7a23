import { setImmediate as nextTurn } from 'node:timers/promises';
import { labelsSourceName } from '@weir/definitions';
import { rawHeaders, readTimestamp } from '@weir/pipeline';
import type { EventLog } from '@weir/ports';
import { fraudOf, type LabelBook } from './label-book';

/** Records looked at before whatever else the thread does has its turn. */
const recordsPerTurnMax = 4_096;

/** Adds the labels that stand in a lane: what became known later counts for what came before. */
export async function readLogLabels(log: EventLog, { lane, endOffset }: { readonly lane: number; readonly endOffset: number }, into: LabelBook): Promise<void> {
  for (let from = 0; from < endOffset; ) {
    const records = await log.read('transactions.raw', lane, from, Math.min(recordsPerTurnMax, endOffset - from));
    const last = records.at(-1);
    if (last === undefined) return;
    for (const { headers, value } of records) if (headers[rawHeaders.source] === labelsSourceName) addLabel(value, into);
    from = last.offset + 1;
    await nextTurn();
  }
}

function addLabel(value: Uint8Array, into: LabelBook): void {
  let label: unknown;
  try { label = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')); } catch { return; } // ingest quarantines it
  if (typeof label !== 'object' || label === null || !('transaction_id' in label) || !('fraud' in label)) return;
  const fraud = fraudOf(label.fraud);
  if (typeof label.transaction_id === 'string' && fraud !== undefined) into.add(label.transaction_id, fraud, 'at' in label ? (readTimestamp(label.at) ?? 0) : 0);
}
