import { useCallback, useState, type ReactNode } from 'react';
import type { ApiClient } from '../api/client';
import { Panel } from '../parts/panel';
import { usePages } from '../parts/use-pages';
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
  const { found, complaint, fail, more, replace } = usePages(useCallback(async (cursor: string | undefined) => {
    const { alerts, next } = await client.alerts({ ...view.query, limit: '50', ...(cursor === undefined ? {} : { cursor }) });
    return { items: alerts, next };
  }, [client, view]));
  const close = (id: string): void => { client.closeAlert(id).then((closed) => { replace((one) => one.id === id, closed); }, fail); };

  return (
    <div>
      <h1>Alerts</h1>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      <Panel title={view.title} note="newest first" wide
        end={views.map((one) => <button key={one.title} type="button" className="chip" aria-pressed={one === view} onClick={() => setView(one)}>{one.title}</button>)}>
        {found === undefined ? <p className="empty">Loading …</p> : found.items.length === 0 ? <p className="empty">{found.next === null ? view.empty : 'None among the latest.'}</p> : <AlertTable alerts={found.items} onClose={close} />}
        {found !== undefined && found.next !== null && <p><button type="button" onClick={more}>Show more</button></p>}
      </Panel>
    </div>
  );
}
