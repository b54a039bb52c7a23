import { useCallback, useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { complaintOf, type ApiClient } from '../api/client';
import { AlertTable } from '../alerts/alert-table';
import type { CaseWithComments, DecisionRecord, Resolution, StoredAlert } from '../api/types';
import { DecisionDetails } from '../decision/decision-page';
import { fullTime, plain } from '../format';
import { Panel } from '../parts/panel';
import { CaseDue, CaseStatus } from './review-page';

const resolutions: ReadonlyArray<{ readonly value: Resolution; readonly text: string }> = [{ value: 'fraud', text: 'Fraud' }, { value: 'genuine', text: 'Genuine' }, { value: 'unclear', text: 'Unclear' }];

/** One case: what can be done about it, what was said of it, and the decision it is about. */
export function CasePage({ client, id }: { client: ApiClient; id: string }): ReactNode {
  const [found, setFound] = useState<CaseWithComments>();
  const [decision, setDecision] = useState<DecisionRecord>();
  const [types, setTypes] = useState<ReadonlyMap<string, string>>(new Map());
  const [lists, setLists] = useState<readonly { readonly name: string; readonly of: string }[]>([]);
  const [alerts, setAlerts] = useState<readonly StoredAlert[]>([]);
  const [complaint, setComplaint] = useState<string>();

  const load = useCallback(async () => {
    const one = await client.case(id);
    setFound(one);
    setAlerts((await client.alerts({ decision_id: one.decision_id })).alerts);
    setDecision(await client.decision(one.decision_id));
    setTypes(await client.entityTypes());
    setLists((await client.lists()).lists);
  }, [client, id]);
  const nearMisses = useCallback((of: string) => client.nearMisses(of), [client]);
  const after = useCallback((work: Promise<unknown>) => {
    work.then(async () => {
      setComplaint(undefined);
      const one = await client.case(id);
      setFound(one);
      setAlerts((await client.alerts({ decision_id: one.decision_id })).alerts);
    })
      .catch((error: unknown) => setComplaint(complaintOf(error)));
  }, [client, id]);
  useEffect(() => { load().catch((error: unknown) => setComplaint(complaintOf(error))); }, [load]);

  function resolve(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const resolution = resolutions.find(({ value }) => value === given.get('resolution'))?.value;
    const list = given.get('list');
    if (resolution !== undefined) after(client.resolve(id, resolution, typeof list === 'string' && list !== '' ? list : undefined));
  }
  function comment(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = event.currentTarget;
    const text = new FormData(form).get('text');
    if (typeof text === 'string' && text.trim() !== '') { after(client.comment(id, text.trim())); form.reset(); }
  }

  return (
    <div>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      {found === undefined ? complaint === undefined && <p className="empty">Loading …</p> : (
        <>
          <p className="note"><a href="#/review">Review</a> / {found.id}</p>
          <div className="case">
            <Panel title="Case" note={`expected loss ${plain(Math.round(found.priority))}`}>
              <p><CaseStatus of={found} />{found.due_at !== null && <>; due <CaseDue of={found} /></>}</p>
              {found.status !== 'resolved' && (
                <form className="search" onSubmit={resolve}>
                  {found.status === 'open' && <button type="button" onClick={() => after(client.claim(id))}>Claim</button>}
                  <label>It is<select name="resolution" required defaultValue=""><option value="" disabled>…</option>{resolutions.map(({ value, text }) => <option key={value} value={value}>{text}</option>)}</select></label>
                  <label>Add to a list<select name="list" defaultValue=""><option value="">none</option>{lists.map(({ name, of }) => <option key={name} value={name}>{name} ({of})</option>)}</select></label>
                  <button type="submit" className="primary">Resolve</button>
                </form>
              )}
            </Panel>
            <Panel title="Comments">
              {found.comments.length === 0 && <p className="empty">None yet.</p>}
              <ul className="comments">{found.comments.map(({ at, by, text }) => <li key={`${at}${by}${text}`}><span className="note">{by}, <time dateTime={at}>{fullTime(at)}</time></span><br />{text}</li>)}</ul>
              <form className="search" onSubmit={comment}><label className="grow">Comment<input name="text" required maxLength={4_000} /></label><button type="submit">Add</button></form>
            </Panel>
          </div>
          {alerts.length > 0 && <Panel title="Alerts" note="closed with the case" wide><AlertTable alerts={alerts} onClose={(alertId) => after(client.closeAlert(alertId))} /></Panel>}
        </>
      )}
      {decision !== undefined && <DecisionDetails decision={decision} types={types} nearMisses={nearMisses} />}
    </div>
  );
}
