import type { Alert, Alerts, Page, PageRequest } from '@weir/gateway';
import type { EventLog } from '@weir/ports';
import { newestFirst } from '../topic-pages';
import { decodeAlert } from './alert-record';
import { liveAlert } from './alert-sink';

/** The topic read from its end. */
export class StoredAlerts implements Alerts {
  constructor(private readonly log: EventLog) {}

  list(filter: Parameters<Alerts['list']>[0], page: PageRequest): Promise<Page<Required<Alert>>> {
    return newestFirst(this.log, 'alerts', page, (record) => {
      const alert = liveAlert(decodeAlert(record));
      return fits(alert, filter) ? alert : undefined;
    });
  }
}

const fits = (alert: Required<Alert>, { severity, raisedBy, fromMs = -Infinity, toMs = Infinity }: Parameters<Alerts['list']>[0]): boolean =>
  (severity === undefined || alert.severity === severity) && (raisedBy === undefined || alert.raisedBy.name === raisedBy) && alert.atMs >= fromMs && alert.atMs < toMs;
