import { labelsSourceName, type DefinitionSet } from '@weir/definitions';
import type { Labels } from '@weir/gateway';
import { encodeRawBody } from '@weir/pipeline';
import type { CaseStore, DecisionStore, EventLog, NewRecord } from '@weir/ports';

export interface LabelWriterOptions { readonly decisions: DecisionStore; readonly cases: CaseStore; readonly log: EventLog; readonly set: () => DefinitionSet }

/** Labels into the lanes, each with the fields of its transaction, so that views over `labels` know its entities. One of an unknown transaction is kept and goes no further yet. */
export class LabelWriter implements Labels {
  constructor(private readonly options: LabelWriterOptions) {}

  async append(labels: Parameters<Labels['append']>[0]): Promise<void> {
    const { cases, decisions, log } = this.options;
    await cases.putLabels(labels.map((label) => ({ transactionId: label.transactionId, fraud: label.fraud, by: label.by, atMs: label.atMs, source: label.source })));
    if (!this.options.set().sources.has(labelsSourceName)) return;
    const recordsByLane = new Map<number, NewRecord[]>();
    for (const label of labels) {
      const decided = await decisions.byTransaction(label.transactionId);
      if (decided === undefined) continue;
      const json = JSON.stringify({ ...transactionOf(decided.json), transaction_id: label.transactionId, fraud: label.fraud, by: label.by, at: label.atMs, source: label.source });
      const record = encodeRawBody({ kind: 'event', source: labelsSourceName, json, receivedAtMs: undefined, idempotency: undefined, replyTo: undefined });
      const records = recordsByLane.get(decided.lane);
      if (records === undefined) recordsByLane.set(decided.lane, [record]); else records.push(record);
    }
    await Promise.all([...recordsByLane].map(([lane, records]) => log.append('transactions.raw', lane, records)));
  }
}

function transactionOf(json: string): Readonly<Record<string, unknown>> {
  const record: unknown = JSON.parse(json);
  return typeof record === 'object' && record !== null && 'tx' in record && typeof record.tx === 'object' && record.tx !== null ? { ...record.tx } : {};
}
