import { useCallback, useState, type ReactNode } from 'react';
import type { ApiClient } from '../api/client';
import type { ReviewCase } from '../api/types';
import { fullTime, plain, score } from '../format';
import { OutcomeBadge } from '../parts/outcome-badge';
import { Panel } from '../parts/panel';
import { usePages } from '../parts/use-pages';
import { hrefOfCase, hrefOfDecision } from '../route';

const queues = [
  { title: 'Open', query: { status: 'open' }, empty: 'Nothing waits for review.' },
  { title: 'Due first', query: { status: 'open', sort: 'due' }, empty: 'Nothing waits for review.' },
  { title: 'Overdue', query: { overdue: 'true', sort: 'due' }, empty: 'Nothing is overdue.' },
  { title: 'Mine', query: { status: 'claimed', claimed_by: 'me' }, empty: 'You have claimed nothing.' },
  { title: 'Claimed', query: { status: 'claimed' }, empty: 'Nobody has claimed anything.' },
  { title: 'Resolved', query: { status: 'resolved', sort: 'newest' }, empty: 'Nothing has been resolved yet.' },
] as const;
type Queue = (typeof queues)[number];
const orderWords = { newest: 'newest first', due: 'what is due first' } as const;

/** The queue: what may cost most comes first. */
export function ReviewPage({ client }: { client: ApiClient }): ReactNode {
  const [queue, setQueue] = useState<Queue>(queues[0]);
  const { found, complaint, fail, more } = usePages(useCallback(async (cursor: string | undefined) => {
    const { cases, next } = await client.cases({ ...queue.query, limit: '50', ...(cursor === undefined ? {} : { cursor }) });
    return { items: cases, next };
  }, [client, queue]));
  const claim = (id: string): void => { client.claim(id).then(() => { location.hash = hrefOfCase(id); }, fail); };

  return (
    <div>
      <h1>Review</h1>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      <Panel title={queue.title} note={'sort' in queue.query ? orderWords[queue.query.sort] : 'greatest expected loss first'} wide
        end={queues.map((one) => <button key={one.title} type="button" className="chip" aria-pressed={one === queue} onClick={() => setQueue(one)}>{one.title}</button>)}>
        {found === undefined ? <p className="empty">Loading …</p> : found.items.length === 0 ? <p className="empty">{queue.empty}</p> : <CaseTable cases={found.items} onClaim={claim} />}
        {found !== undefined && found.next !== null && <p><button type="button" onClick={more}>Show more</button></p>}
      </Panel>
    </div>
  );
}

function CaseTable({ cases, onClaim }: { cases: readonly ReviewCase[]; onClaim: (id: string) => void }): ReactNode {
  return (
    <div className="scroll">
      <table>
        <caption className="visually-hidden">Cases</caption>
        <thead><tr><th scope="col">Opened</th><th scope="col">Transaction</th><th scope="col">Outcome</th><th scope="col" className="number">Score</th><th scope="col" className="number">Amount</th><th scope="col" className="number">Expected loss</th><th scope="col">Due</th><th scope="col">Status</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
        <tbody>
          {cases.map((one) => (
            <tr key={one.id}>
              <td><time dateTime={one.created_at}>{fullTime(one.created_at)}</time></td>
              <td className="id"><a href={hrefOfCase(one.id)}>{one.transaction_id}</a></td>
              <td><OutcomeBadge outcome={one.outcome} /></td>
              <td className="number">{score(one.score)}</td>
              <td className="number">{plain(one.amount)}</td>
              <td className="number">{plain(Math.round(one.priority))}</td>
              <td><CaseDue of={one} /></td>
              <td><CaseStatus of={one} /></td>
              <td className="number">{one.status === 'open' ? <button type="button" onClick={() => onClaim(one.id)} aria-label={`Claim ${one.transaction_id}`}>Claim</button> : <a href={hrefOfDecision(one.decision_id)}>Decision</a>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** In words. */
export function CaseStatus({ of }: { of: ReviewCase }): ReactNode {
  if (of.status === 'resolved') return <>{of.resolution}, by {of.resolved_by}</>;
  if (of.status === 'claimed') return <>claimed by {of.claimed_by}{of.claimed_until !== null && <> until {fullTime(of.claimed_until)}</>}</>;
  return <>open</>;
}

/** When it is due, and whether it was done by then. */
export function CaseDue({ of }: { of: ReviewCase }): ReactNode {
  if (of.due_at === null) return <>–</>;
  const isLate = of.overdue || (of.resolved_at !== null && of.resolved_at > of.due_at);
  return <><time dateTime={of.due_at}>{fullTime(of.due_at)}</time>{isLate && <> <span className="badge block">{of.overdue ? 'overdue' : 'resolved late'}</span></>}</>;
}
