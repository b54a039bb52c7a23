import type { Clock, EventLog } from '@weir/ports';
import type { Alert, AlertData } from '@weir/scoring';
import { encodeAlert, type StoredAlert } from '../alerts/alert-record';

type What = Extract<AlertData['what'], `model_${string}`>;

export interface ModelEvent {
  readonly what: What;
  readonly model: string;
  readonly severity: 'critical' | 'high' | 'info';
  /** The same kind of event of the same model is told once in `quietMs`; those between are counted and told with the next. */
  readonly kind: string;
  readonly why: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface ModelEventsOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly quietMs: number;
  /** In the topic now. */
  readonly written: (alerts: readonly StoredAlert[]) => void;
}

/** Kinds whose last time is remembered; few, for they are by model. */
const kindsMax = 1_000;

/** What is to be told about models: CloudEvents in the topic `alerts`, and so on the way to the webhooks; not more often than is of use. */
export class ModelEvents {
  private readonly lastByKind = new Map<string, { readonly atMs: number; held: number }>();
  private sequence = 0;

  constructor(private readonly options: ModelEventsOptions) {}

  /** False when it was held back. Such a one is counted in `repeats` of the next. */
  async raise(event: ModelEvent): Promise<boolean> {
    const { log, clock, quietMs } = this.options;
    const nowMs = clock.nowMs(), key = `${event.what} ${event.model} ${event.kind}`, last = this.lastByKind.get(key);
    if (last !== undefined && nowMs - last.atMs < quietMs) {
      last.held += 1;
      return false;
    }
    this.lastByKind.delete(key);
    this.lastByKind.set(key, { atMs: nowMs, held: 0 });
    for (const oldest of this.lastByKind.keys()) if (this.lastByKind.size > kindsMax) this.lastByKind.delete(oldest);
    const stored: StoredAlert = { alert: alertOf(event, { nowMs, sequence: this.sequence++, repeats: last?.held ?? 0 }), entity: null, origin: null };
    await log.append('alerts', 0, [encodeAlert(stored)]);
    this.options.written([stored]);
    return true;
  }
}

function alertOf({ what, model, severity, kind, why, details }: ModelEvent, at: { readonly nowMs: number; readonly sequence: number; readonly repeats: number }): Alert {
  return {
    specversion: '1.0', id: `m-${at.nowMs}-${at.sequence}-${what}-${model}`, source: '/weir/models', type: 'weir.model.v1', subject: model, time: new Date(at.nowMs).toISOString(), datacontenttype: 'application/json',
    data: { severity, what, raised_by: { kind: 'model', name: model, key: null }, decision_id: null, transaction: null, outcome: null, score: null, reasons: [], events: null, details: { reason: kind, why, repeats: at.repeats, ...details } },
    webhooks: [],
  };
}
