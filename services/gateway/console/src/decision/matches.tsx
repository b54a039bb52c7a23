import type { ReactNode } from 'react';
import type { DecisionRecord } from '../api/types';
import { hrefOfTransaction } from '../route';

export const Matches = ({ decision }: { decision: DecisionRecord }): ReactNode => (
  <>
    {decision.matches.map(({ pattern, version, events }, index) => (
      <div key={`${pattern} ${index}`} className="match">
        <h3>{pattern} <small>version {version}</small></h3>
        <ol>
          {Object.entries(events).map(([step, ids]) => (
            <li key={step}><span className="step">{step}</span> {ids.map((id) => id === decision.transaction_id ? <span key={id} className="event here">{id}</span> : <a key={id} className="event" href={hrefOfTransaction(id)}>{id}</a>)}</li>
          ))}
        </ol>
      </div>
    ))}
  </>
);
