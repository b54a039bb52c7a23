import { useEffect, useState, type ReactNode } from 'react';
import { complaintOf, type ApiClient } from '../api/client';
import type { PatternDocument } from '../api/types';
import { words } from '../format';
import { Panel } from '../parts/panel';
import { hrefOfPattern } from '../route';

/** The patterns in force. */
export function PatternsPage({ client }: { client: ApiClient }): ReactNode {
  const [patterns, setPatterns] = useState<readonly PatternDocument[]>();
  const [complaint, setComplaint] = useState<string>();
  useEffect(() => {
    let here = true;
    client.patterns().then(({ definitions }) => { if (here) setPatterns(definitions); }, (error: unknown) => { if (here) setComplaint(complaintOf(error)); });
    return () => { here = false; };
  }, [client]);
  return (
    <div>
      <h1>Patterns</h1>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      {patterns !== undefined && (
        <Panel title={patterns.length === 0 ? 'None in force' : 'In force'} wide>
          {patterns.length > 0 && (
            <div className="scroll"><table>
              <thead><tr><th scope="col">Pattern</th><th scope="col">By</th><th scope="col">Within</th><th scope="col">Mode</th><th scope="col">Matching</th><th scope="col" className="number">Version</th><th scope="col">Means</th></tr></thead>
              <tbody>{patterns.map(({ name, key, within, mode, matching, version, reason }) => (
                <tr key={name}><td><a href={hrefOfPattern(name)}>{name}</a></td><td>{words(key)}</td><td>{within ?? '–'}</td><td>{mode ?? 'live'}</td><td>{matching ?? 'eager'}</td><td className="number">{version}</td><td className="reason">{reason ?? ''}</td></tr>
              ))}</tbody>
            </table></div>
          )}
        </Panel>
      )}
    </div>
  );
}
