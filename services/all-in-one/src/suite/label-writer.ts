import { labelsSourceName, type DefinitionSet } from '@weir/definitions';
import type { Labels } from '@weir/gateway';
import { encodeRawBody } from '@weir/pipeline';
import type { CaseStore, DecisionRow, DecisionStore, EventLog, NewRecord } from '@weir/ports';
import { HeldLabels, type Label } from './held-labels';

export interface LabelWriterOptions {
  readonly decisions: DecisionStore;
  readonly cases: CaseStore;
  readonly log: EventLog;
  readonly set: () => DefinitionSet;
  /** File of the labels that wait for their transactions. */
  readonly heldPath: string;
  /** Resolves once the decisions that `decided` was told of so far can be read. */
  readonly stored: () => Promise<void>;
}

/**
 * Labels into the lanes, each with the fields of its transaction, so that views over `labels` know its entities. One of a transaction that
 * has not come yet waits for it. What is sent twice counts once, for its id says what it says: transaction, time, and who.
 */
export class LabelWriter implements Labels {
  private readonly held: HeldLabels;

  constructor(private readonly options: LabelWriterOptions) { this.held = new HeldLabels(options.heldPath); }

  async append(labels: readonly Label[]): Promise<void> {
    await this.options.cases.putLabels(labels.map((label) => ({ transactionId: label.transactionId, fraud: label.fraud, by: label.by, atMs: label.atMs, source: label.source })));
    await this.forward(labels);
  }

  /** Labels that are stored already into their lanes. */
  async forward(labels: readonly Label[]): Promise<void> {
    const { decisions } = this.options;
    if (!this.options.set().sources.has(labelsSourceName)) return;
    const known: DecidedLabel[] = [];
    const unknown: Label[] = [];
    for (const label of labels) {
      const row = await decisions.byTransaction(label.transactionId);
      if (row === undefined) unknown.push(label); else known.push({ label, row });
    }
    await this.send(known);
    if (unknown.length === 0) return;
    await this.held.hold(unknown);
    // A transaction may have been decided between the look and the hold, and what is decided is told of before it can be read.
    await this.options.stored();
    await this.sendHeld(unknown.map(({ transactionId }) => transactionId));
  }

  /** After a start: sends what waits for a transaction that came before the stop. */
  resume(): Promise<void> { return this.sendHeld(this.held.transactionIds()); }

  /** Sends what waited for these. */
  async decided(rows: readonly DecisionRow[]): Promise<void> {
    if (this.held.size === 0) return;
    const due = rows.flatMap((row) => this.held.of(row.transactionId).map((label) => ({ label, row })));
    if (due.length === 0) return;
    await this.send(due);
    await this.held.release(due.map(({ label }) => label));
  }

  /** Sends what waits for those of these transactions that are decided. */
  private async sendHeld(transactionIds: readonly string[]): Promise<void> {
    for (const transactionId of transactionIds) {
      const row = await this.options.decisions.byTransaction(transactionId);
      if (row !== undefined) await this.decided([row]);
    }
  }

  private async send(labels: readonly DecidedLabel[]): Promise<void> {
    const recordsByLane = new Map<number, NewRecord[]>();
    for (const { label, row } of labels) {
      const records = recordsByLane.get(row.lane);
      if (records === undefined) recordsByLane.set(row.lane, [recordOf(label, row)]); else records.push(recordOf(label, row));
    }
    await Promise.all([...recordsByLane].map(([lane, records]) => this.options.log.append('transactions.raw', lane, records)));
  }
}

interface DecidedLabel { readonly label: Label; readonly row: DecisionRow }

function recordOf(label: Label, row: DecisionRow): NewRecord {
  const { transactionId, fraud, by, atMs, source } = label;
  const json = JSON.stringify({ ...transactionOf(row.json), label_id: `${transactionId}|${atMs}|${by}`, transaction_id: transactionId, fraud, by, at: atMs, source });
  return encodeRawBody({ kind: 'event', source: labelsSourceName, json, receivedAtMs: undefined, idempotency: undefined, replyTo: undefined });
}

function transactionOf(json: string): Readonly<Record<string, unknown>> {
  const record: unknown = JSON.parse(json);
  return typeof record === 'object' && record !== null && 'tx' in record && typeof record.tx === 'object' && record.tx !== null ? { ...record.tx } : {};
}
