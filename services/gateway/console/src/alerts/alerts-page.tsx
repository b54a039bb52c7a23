import { useCallback, useEffect, useState, type ReactNode } from 'react';
import { ApiError, type ApiClient } from '../api/client';
import type { StoredAlert } from '../api/types';
import { Panel } from '../parts/panel';
import { AlertTable } from './alert-table';

const views = [
  { title: 'Open', query: { status: 'open' }, empty: 'No alert is open.' },
  { title: 'Closed', query: { status: 'closed' }, empty: 'No alert has been closed yet.' },
  { title: 'All', query: {}, empty: 'There has been no alert yet.' },
] as const;
type View = (typeof views)[number];

/** Alerts, newest first, until somebody closes them: by themselves here, or with their case. */
export function AlertsPage({ client }: { client: ApiClient }): ReactNode {
  const [view, setView] = useState<View>(views[0]);
  const [found, setFound] = useState<{ readonly alerts: readonly StoredAlert[]; readonly next: string | null }>();
  const [complaint, setComplaint] = useState<string>();

  const fail = useCallback((error: unknown) => setComplaint(error instanceof ApiError ? error.message : 'The gateway cannot be reached.'), []);
  useEffect(() => {
    let here = true;
    setFound(undefined);
    client.alerts({ ...view.query, limit: '50' }).then((page) => { if (here) setFound(page); }, (error: unknown) => { if (here) fail(error); });
    return () => { here = false; };
  }, [client, view, fail]);

  function close(id: string): void {
    client.closeAlert(id).then((closed) => setFound((before) => before && { ...before, alerts: before.alerts.map((one) => (one.id === id ? closed : one)) }), fail);
  }
  function more(): void {
    if (found?.next === undefined || found.next === null) return;
    client.alerts({ ...view.query, limit: '50', cursor: found.next }).then((page) => setFound({ alerts: [...found.alerts, ...page.alerts], next: page.next }), fail);
  }

  return (
    <div>
      <h1>Alerts</h1>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      <Panel title={view.title} note="newest first" wide
        end={views.map((one) => <button key={one.title} type="button" className="chip" aria-pressed={one === view} onClick={() => { setComplaint(undefined); setView(one); }}>{one.title}</button>)}>
        {found === undefined ? <p className="empty">Loading …</p> : found.alerts.length === 0 ? <p className="empty">{found.next === null ? view.empty : 'None among the latest.'}</p> : <AlertTable alerts={found.alerts} onClose={close} />}
        {found !== undefined && found.next !== null && <p><button type="button" onClick={more}>Show more</button></p>}
      </Panel>
    </div>
  );
}
