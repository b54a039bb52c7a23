import type { LaneItem } from '@weir/contracts';
import type { Alert as LiveAlert } from '@weir/gateway';
import { isItem, type Sink, type TakenBatch } from '@weir/pipeline';
import type { EventLog } from '@weir/ports';
import type { Alert } from '@weir/scoring';
import { traceparentIn } from '../batch-traces';
import { readBetween } from '../topic-pages';
import { encodeAlert, originOf, type StoredAlert } from './alert-record';

/** Offsets looked at together for the last alert: a broker's own marks take some too. */
const tailMax = 64;

export interface AlertSinkOptions {
  readonly log: EventLog;
  /** Alerts of an item that went through all stages. */
  readonly alertsOf: (item: LaneItem) => readonly Alert[];
  /** `type:key` of the entity that an item's alerts are told apart by; null for none. */
  readonly entityOf: (item: LaneItem, batch: TakenBatch) => string | null;
  /** Alerts that are in the topic now and were not before. */
  readonly written: (alerts: readonly StoredAlert[]) => void;
}

/**
 * Writes every alert to the topic `alerts`, once: all alerts of a record in one append, and the last record of the topic says which were written, so that
 * what is replayed after a crash is not written again.
 */
export class AlertSink implements Sink<readonly StoredAlert[]> {
  readonly name = 'alerts';
  constructor(private readonly lane: number, private readonly options: AlertSinkOptions) {}

  /** The newest alert that a record raised; those about models stand between them. */
  async position(lane: number): Promise<number> {
    const { first, next } = await this.options.log.bounds('alerts', lane);
    for (let end = next; end > first; ) {
      const from = Math.max(first, end - tailMax);
      for (const record of (await readBetween(this.options.log, { topic: 'alerts', lane, from, below: end })).toReversed()) {
        const origin = originOf(record);
        if (origin !== null) return origin.offset;
      }
      end = from;
    }
    return -1;
  }

  async write(taken: ReadonlyArray<readonly StoredAlert[]>): Promise<void> {
    const raised = taken.flat();
    await this.options.log.append('alerts', this.lane, raised.map(encodeAlert));
    this.options.written(raised);
  }

  take(batch: TakenBatch): readonly StoredAlert[] | undefined {
    const raised: StoredAlert[] = [];
    for (const [index, outcome] of batch.outcomes.entries()) {
      if (!isItem(outcome)) continue;
      const alerts = this.options.alertsOf(outcome);
      if (alerts.length === 0) continue;
      const entity = this.options.entityOf(outcome, batch), traceparent = traceparentIn(batch.records[index]);
      for (const alert of alerts) raised.push({ alert, entity, origin: { lane: outcome.lane, offset: outcome.offset }, traceparent });
    }
    return raised.length === 0 ? undefined : raised;
  }
}

/** As those who watch see it: in one line. */
export function liveAlert({ alert, entity }: StoredAlert): Required<LiveAlert> {
  const { severity, raised_by: by, reasons, decision_id: decisionId, transaction } = alert.data;
  const text = by.kind === 'model' ? modelText(alert.data) : by.kind === 'score' ? reasons[0]?.text ?? 'the score is above the limit for alerts' : reasons.find(({ name }) => name === by.name)?.text ?? `${by.name} ${alert.data.limit === undefined ? whatText[alert.data.what] : limitText(alert.data.limit)}`;
  return { id: alert.id, atMs: Date.parse(alert.time), severity, raisedBy: by, entity, decisionId, transactionId: transaction === null ? null : alert.subject, text };
}

const limitText = ({ name, max, dropped }: NonNullable<Alert['data']['limit']>): string => `reached ${name} (${max}) for this key and gave up ${dropped}`;
const whatText = {
  decided: 'fired', matched: 'was matched', timed_out: 'ran out of time', limit: 'gave up partial matches at its bound',
  model_returned: 'went back to its former version', model_retrain: 'should be trained again', model_drift: 'sees other values than before', model_trouble: 'is in trouble',
} as const;
function modelText({ raised_by: by, what, details }: Alert['data']): string {
  const why = details?.['why'];
  return `model ${by.name} ${whatText[what]}${typeof why === 'string' ? `: ${why}` : ''}`;
}
