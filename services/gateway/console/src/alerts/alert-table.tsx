import type { ReactNode } from 'react';
import type { StoredAlert } from '../api/types';
import { fullTime } from '../format';
import { hrefOfCase, hrefOfDecision } from '../route';

export function AlertTable({ alerts, onClose }: { alerts: readonly StoredAlert[]; onClose: (id: string) => void }): ReactNode {
  return (
    <div className="scroll">
      <table>
        <caption className="visually-hidden">Alerts</caption>
        <thead><tr><th scope="col">Time</th><th scope="col">Severity</th><th scope="col">Raised by</th><th scope="col">Why</th><th scope="col">About</th><th scope="col">Status</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
        <tbody>
          {alerts.map((one) => (
            <tr key={one.id}>
              <td><time dateTime={one.at}>{fullTime(one.at)}</time></td>
              <td>{one.severity}</td>
              <td>{one.raised_by.kind} {one.raised_by.name}</td>
              <td className="why">{one.text}</td>
              <td className="id"><About of={one} /></td>
              <td className="why">{one.closed_at === null ? 'open' : <>closed by {one.closed_by}, <time dateTime={one.closed_at}>{fullTime(one.closed_at)}</time></>}</td>
              <td className="number">{one.status === 'open' && <button type="button" onClick={() => onClose(one.id)} aria-label={`Close the alert of ${one.transaction_id ?? one.raised_by.name}`}>Close</button>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function About({ of }: { of: StoredAlert }): ReactNode {
  const name = of.transaction_id ?? of.entity ?? of.raised_by.key ?? '–';
  if (of.case_id !== null) return <a href={hrefOfCase(of.case_id)}>{name}</a>;
  return of.decision_id === null ? name : <a href={hrefOfDecision(of.decision_id)}>{name}</a>;
}
