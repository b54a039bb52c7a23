import { useEffect, useState, type ReactNode } from 'react';
import { complaintOf, type ApiClient } from '../api/client';
import type { Links, Timeline } from '../api/types';
import { count, fullTime, plain, score, words } from '../format';
import { OutcomeBadge } from '../parts/outcome-badge';
import { Panel } from '../parts/panel';
import { hrefOfDecision, hrefOfEntity, hrefOfTransaction } from '../route';

/** What an entity did, and who shares something with it. */
export function EntityPage({ client, type, id }: { client: ApiClient; type: string; id: string }): ReactNode {
  const [timeline, setTimeline] = useState<Timeline>();
  const [links, setLinks] = useState<Links>();
  const [complaint, setComplaint] = useState<string>();
  useEffect(() => {
    let here = true;
    const fail = (error: unknown): void => { if (here) setComplaint(complaintOf(error)); };
    client.timeline(type, id).then((found) => { if (here) setTimeline(found); }, fail);
    client.links(type, id).then((found) => { if (here) setLinks(found); }, fail);
    return () => { here = false; };
  }, [client, type, id]);

  async function more(): Promise<void> {
    if (timeline?.next === undefined || timeline.next === null) return;
    const page = await client.timeline(type, id, timeline.next);
    setTimeline({ ...page, timeline: [...timeline.timeline, ...page.timeline] });
  }

  return (
    <div>
      <p className="note">{words(type)}</p>
      <h1>{id}</h1>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      {links !== undefined && (
        <div className="case">
          <Panel title={`Others of its kind (${count(links.links.length)})`} note={links.complete ? 'that share something with it' : 'that share something with it; there may be more'}>
            {links.links.length === 0 ? <p className="empty">None in its latest transactions.</p> : <LinkTable rows={links.links.map((one) => ({ ...one, note: one.via.join(', ') }))} head="Shares" />}
          </Panel>
          <Panel title="What it used" note="in its latest transactions">
            {links.shared.length === 0 ? <p className="empty">Nothing.</p> : <LinkTable rows={links.shared.map((one) => ({ ...one, note: one.hot ? 'shared by many' : '' }))} head="" />}
          </Panel>
        </div>
      )}
      {timeline !== undefined && (
        <Panel title="Timeline" note="newest first" wide>
          {timeline.timeline.length === 0 ? <p className="empty">Nothing is known of it.</p> : (
            <div className="scroll"><table>
              <caption className="visually-hidden">Its decisions and labels</caption>
              <thead><tr><th scope="col">Time</th><th scope="col">Transaction</th><th scope="col">What</th><th scope="col" className="number">Score</th><th scope="col" className="number">Amount</th><th scope="col">Because of</th></tr></thead>
              <tbody>{timeline.timeline.map((entry) => <Entry key={`${entry.kind}${entry.transaction_id}${entry.at}`} entry={entry} />)}</tbody>
            </table></div>
          )}
          {timeline.next !== null && <p><button type="button" onClick={() => void more()}>Show more</button></p>}
        </Panel>
      )}
    </div>
  );
}

function Entry({ entry }: { entry: Timeline['timeline'][number] }): ReactNode {
  const time = <td><time dateTime={entry.at}>{fullTime(entry.at)}</time></td>;
  if (entry.kind === 'label') {
    return <tr>{time}<td className="id"><a href={hrefOfTransaction(entry.transaction_id)}>{entry.transaction_id}</a></td><td><span className={entry.fraud ? 'badge block' : 'badge approve'}>{entry.fraud ? 'labelled fraud' : 'labelled genuine'}</span></td><td /><td /><td className="reason note">by {entry.by}</td></tr>;
  }
  return (
    <tr>{time}<td className="id"><a href={hrefOfDecision(entry.id)}>{entry.transaction_id}</a></td><td><OutcomeBadge outcome={entry.outcome} /></td>
      <td className="number">{score(entry.score)}</td><td className="number">{plain(entry.amount)}</td><td className="reason">{entry.rules.length === 0 ? <span className="note">{words(entry.decided_by)}</span> : entry.rules.map(words).join(', ')}</td></tr>
  );
}

interface LinkRow { readonly type: string; readonly id: string; readonly transactions: number; readonly refused: number; readonly last: string; readonly note: string }

function LinkTable({ rows, head }: { rows: readonly LinkRow[]; head: string }): ReactNode {
  return (
    <div className="scroll short"><table>
      <thead><tr><th scope="col">Entity</th><th scope="col">{head}</th><th scope="col" className="number">Transactions</th><th scope="col" className="number">Not approved</th></tr></thead>
      <tbody>{rows.map((one) => (
        <tr key={`${one.type}:${one.id}`}><td className="id"><span className="note">{words(one.type)}</span> <a href={hrefOfEntity(one.type, one.id)}>{one.id}</a></td><td className="details" title={one.note}>{one.note}</td><td className="number">{count(one.transactions)}</td><td className="number">{count(one.refused)}</td></tr>
      ))}</tbody>
    </table></div>
  );
}
