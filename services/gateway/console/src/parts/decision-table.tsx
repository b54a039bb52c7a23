import type { ReactNode } from 'react';
import type { DecisionRecord } from '../api/types';
import { clockTime, fullTime, milliseconds, plain, score, words } from '../format';
import { hrefOfDecision } from '../route';
import { OutcomeBadge } from './outcome-badge';

/** Fields of a transaction that say most at a glance, where it has them. */
const shownFields = ['amount', 'currency', 'merchant_id', 'country'] as const;

export function DecisionTable({ decisions, caption }: { decisions: readonly DecisionRecord[]; caption: string }): ReactNode {
  return (
    <div className="scroll">
      <table className="decisions">
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr><th scope="col">Time</th><th scope="col">Transaction</th><th scope="col">Outcome</th><th scope="col" className="number">Score</th><th scope="col">Because of</th><th scope="col">Details</th><th scope="col" className="number">Latency</th></tr>
        </thead>
        <tbody>{decisions.map((decision) => <Row key={decision.id} decision={decision} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ decision }: { decision: DecisionRecord }): ReactNode {
  const [reason] = decision.reasons;
  return (
    <tr>
      <td><time dateTime={decision.meta.decided_at} title={fullTime(decision.meta.decided_at)}>{clockTime(decision.meta.decided_at)}</time></td>
      <td className="id"><a href={hrefOfDecision(decision.id)}>{decision.transaction_id}</a></td>
      <td><OutcomeBadge outcome={decision.outcome} />{decision.degraded && <span className="badge plain" title={decision.degraded_why.join(', ')}>degraded</span>}</td>
      <td className="number">{score(decision.score)}</td>
      <td className="reason" title={reason?.text}>{reason?.text ?? <span className="note">{words(decision.decided_by)}</span>}</td>
      <td className="details">{shownFields.flatMap((field) => (decision.tx[field] === undefined || decision.tx[field] === null ? [] : [plain(decision.tx[field])])).join(' · ')}</td>
      <td className="number">{milliseconds(decision.meta.latency_ms['total'])}</td>
    </tr>
  );
}
