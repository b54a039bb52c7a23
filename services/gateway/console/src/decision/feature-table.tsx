import { useState, type ReactNode } from 'react';
import type { DecisionRecord } from '../api/types';
import { plain, words } from '../format';
import { Panel } from '../parts/panel';

export function FeatureTable({ decision }: { decision: DecisionRecord }): ReactNode {
  const [text, setText] = useState('');
  const all = Object.entries(decision.features);
  const found = all.filter(([name]) => name.toLowerCase().includes(text.trim().toLowerCase()));
  const filter = <input type="search" placeholder="Name" aria-label="Filter features by name" value={text} onChange={(event) => setText(event.target.value)} />;
  return (
    <Panel title="Features" note={`${all.length}, as the decision saw them`} wide end={all.length > 8 ? filter : undefined}>
      {all.length === 0 ? <p className="empty">The set in force defines none.</p> : (
        <div className="scroll features">
          <table>
            <caption className="visually-hidden">Features with their values and statuses</caption>
            <thead><tr><th scope="col">Feature</th><th scope="col" className="number">Value</th><th scope="col">Status</th></tr></thead>
            <tbody>
              {found.map(([name, value]) => {
                const status = decision.statuses[name] ?? 'ERROR';
                return <tr key={name}><td className="id">{name}</td><td className="number">{plain(value)}</td><td><span className={status === 'PRESENT' ? 'status' : 'status notable'}>{words(status).toLowerCase()}</span></td></tr>;
              })}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
