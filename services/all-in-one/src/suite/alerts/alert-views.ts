import { originOfDecisionId, WeirError } from '@weir/contracts';
import type { Alerts, AlertFilter, Page, PageRequest, StoredAlert as ShownAlert } from '@weir/gateway';
import type { AlertStanding, CaseStore, Clock, EventLog, LogRecord } from '@weir/ports';
import { newestFirst } from '../topic-pages';
import { decodeAlert } from './alert-record';
import { liveAlert } from './alert-sink';
import { alertsOfOrigin } from './alerts-of-origin';

export interface StoredAlertsOptions {
  readonly log: EventLog;
  readonly cases: Pick<CaseStore, 'alertStandings' | 'closeAlert'>;
  readonly clock: Clock;
  /** Resolves when the alerts, and the cases, of decisions that callers were told of are written. */
  readonly settled: () => Promise<void>;
}

/** The topic read from its end. Whether an alert is open stands with the cases, so that a resolution closes its alerts in its own transaction. */
export class StoredAlerts implements Alerts {
  constructor(private readonly options: StoredAlertsOptions) {}

  async list(filter: AlertFilter, page: PageRequest): Promise<Page<ShownAlert>> {
    await this.options.settled();
    if (filter.decisionId !== undefined) return { items: (await this.ofDecision(filter.decisionId)).filter((alert) => fits(alert, filter)), next: null };
    let standings: ReadonlyMap<string, AlertStanding> = new Map();
    return newestFirst(this.options.log, 'alerts', page, (record) => {
      const alert = shown(record, standings);
      return fits(alert, filter) ? alert : undefined;
    }, async (records) => { standings = new Map([...standings, ...(await this.standingsOf(records))]); });
  }

  async byId(id: string): Promise<ShownAlert | undefined> {
    await this.options.settled();
    const [, lane, offset] = /^a-(\d+)-(\d+)-/.exec(id) ?? [];
    const records = lane === undefined ? await this.aboutModels(id) : await alertsOfOrigin(this.options.log, { lane: Number(lane), offset: Number(offset) });
    return (await this.shownAll(records)).find((alert) => alert.id === id);
  }

  async close(id: string, by: string): Promise<ShownAlert> {
    const alert = await this.byId(id);
    if (alert === undefined) throw new WeirError('WEIR_NOT_FOUND', `no alert ${id}`);
    if (alert.closed !== null) return alert;
    await this.options.cases.closeAlert({ alertId: id, atMs: this.options.clock.nowMs(), by });
    return (await this.byId(id)) ?? alert;
  }

  private async ofDecision(decisionId: string): Promise<ShownAlert[]> {
    const origin = originOfDecisionId(decisionId);
    if (origin === undefined) return [];
    return (await this.shownAll(await alertsOfOrigin(this.options.log, origin))).filter((alert) => alert.decisionId === decisionId);
  }

  /** No record raised them, so they are looked for among the latest. */
  private async aboutModels(id: string): Promise<readonly LogRecord[]> {
    return (await newestFirst(this.options.log, 'alerts', { limit: 1, cursor: undefined }, (record) => (record.headers['ce_id'] === id ? record : undefined))).items;
  }

  private async shownAll(records: readonly LogRecord[]): Promise<ShownAlert[]> {
    const standings = await this.standingsOf(records);
    return records.map((record) => shown(record, standings));
  }

  private standingsOf(records: readonly LogRecord[]): Promise<ReadonlyMap<string, AlertStanding>> {
    return this.options.cases.alertStandings(records.map((record) => { const { alert } = decodeAlert(record); return { id: alert.id, decisionId: alert.data.decision_id }; }));
  }
}

function shown(record: LogRecord, standings: ReadonlyMap<string, AlertStanding>): ShownAlert {
  const alert = liveAlert(decodeAlert(record)), { caseId = null, closed = null } = standings.get(alert.id) ?? {};
  return { ...alert, caseId, closed };
}

const fits = (alert: ShownAlert, { status, severity, raisedBy, fromMs = -Infinity, toMs = Infinity }: AlertFilter): boolean =>
  (status === undefined || (status === 'closed') === (alert.closed !== null)) && (severity === undefined || alert.severity === severity) && (raisedBy === undefined || alert.raisedBy.name === raisedBy) && alert.atMs >= fromMs && alert.atMs < toMs;
