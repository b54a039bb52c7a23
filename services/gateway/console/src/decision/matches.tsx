import type { ReactNode } from 'react';
import type { DecisionRecord } from '../api/types';

export const Matches = ({ decision }: { decision: DecisionRecord }): ReactNode => (
  <>
    {decision.matches.map(({ pattern, version, events }, index) => (
      <div key={`${pattern} ${index}`} className="match">
        <h3>{pattern} <small>version {version}</small></h3>
        <ol>
          {Object.entries(events).map(([step, ids]) => (
            <li key={step}><span className="step">{step}</span> {ids.map((id) => <span key={id} className={id === decision.transaction_id ? 'event here' : 'event'}>{id}</span>)}</li>
          ))}
        </ol>
      </div>
    ))}
  </>
);
