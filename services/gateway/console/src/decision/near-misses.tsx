import { useEffect, useState, type ReactNode } from 'react';
import { complaintOf } from '../api/client';
import type { NearMisses } from '../api/types';
import { Panel } from '../parts/panel';

/** What little else would have changed a decision, in words; nothing where nothing would. */
export function NearMissesPanel({ id, load }: { id: string; load: (id: string) => Promise<NearMisses> }): ReactNode {
  const [near, setNear] = useState<NearMisses>();
  const [complaint, setComplaint] = useState<string>();
  useEffect(() => {
    let here = true;
    load(id).then((found) => { if (here) setNear(found); }, (error: unknown) => { if (here) setComplaint(complaintOf(error)); });
    return () => { here = false; };
  }, [id, load]);
  if (complaint !== undefined) return <Panel title="What else would have changed it"><p className="empty">{complaint}</p></Panel>;
  if (near === undefined || (near.what_if.length === 0 && near.rules.length === 0)) return null;
  return (
    <Panel title="What else would have changed it">
      {near.what_if.length > 0 && <ul className="plain-list">{near.what_if.map((text) => <li key={text}>{text}</li>)}</ul>}
      {near.rules.length > 0 && (
        <>
          <h3>Rules that nearly fired</h3>
          <dl className="facts">{near.rules.map(({ rule, text }) => <div key={rule}><dt>{rule}</dt><dd>{text}</dd></div>)}</dl>
        </>
      )}
    </Panel>
  );
}
