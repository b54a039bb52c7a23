import { useCallback, useState, type ReactNode } from 'react';
import type { ApiClient } from '../api/client';
import type { DriftWindow } from '../api/types';
import { count, fullTime, percent, words } from '../format';
import { Panel } from '../parts/panel';
import { useLoaded } from './use-loaded';

const everyMs = 10_000;
/** Windows drawn beside a feature. */
const drawnMax = 30;
/** A population stability index that counts as drift; the height of a whole bar. */
const psiLimit = 0.2, psiTop = 0.6;

type Feature = DriftWindow['features'][number];

/** How far each feature and score is from its reference, in the chosen window and over time. */
export function DriftPage({ client }: { client: ApiClient }): ReactNode {
  const load = useCallback(() => client.modelDrift(), [client]);
  const { value, complaint } = useLoaded(load, everyMs);
  const [fromTime, setFromTime] = useState<string>();
  const windows = value?.windows ?? [], shown = windows.find(({ from }) => from === fromTime) ?? windows[0];
  const drifted = shown?.features.filter(({ passed }) => passed.length > 0).length ?? 0;
  return (
    <div>
      <h1>Drift</h1>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      {value === undefined && complaint === undefined && <p className="empty">Loading …</p>}
      {value !== undefined && shown === undefined && <p className="empty">There are not enough decisions yet to compare.</p>}
      {shown !== undefined && (
        <Panel title={`${drifted} of ${shown.features.length} features drifted`} note={`${fullTime(shown.from)} to ${fullTime(shown.to)}, ${count(shown.rows)} of ${count(shown.decisions)} decisions looked at`} wide
          end={<label>Window <select value={shown.from} onChange={(event) => setFromTime(event.target.value)}>{windows.map(({ from }) => <option key={from} value={from}>{fullTime(from)}</option>)}</select></label>}>
          <FeatureTable shown={shown} windows={windows.slice(0, drawnMax).toReversed()} />
        </Panel>
      )}
    </div>
  );
}

function FeatureTable({ shown, windows }: { shown: DriftWindow; windows: readonly DriftWindow[] }): ReactNode {
  const features = shown.features.toSorted((a, b) => b.passed.length - a.passed.length || b.psi - a.psi);
  return (
    <div className="scroll"><table>
      <caption className="visually-hidden">Features, those that drifted most first</caption>
      <thead><tr><th scope="col">Feature</th><th scope="col">Over time</th><th scope="col" className="number">PSI</th><th scope="col" className="number">Jensen–Shannon</th><th scope="col" className="number">Kolmogorov–Smirnov</th>
        <th scope="col" className="number">Missing</th><th scope="col">New values</th><th scope="col">Against</th><th scope="col">Drifted by</th></tr></thead>
      <tbody>{features.map((feature) => (
        <tr key={feature.feature}>
          <td className="id">{feature.feature}</td><td><Steps feature={feature.feature} windows={windows} /></td>
          <td className="number">{feature.psi.toFixed(3)}</td><td className="number">{feature.jensen_shannon.toFixed(3)}</td><td className="number">{feature.kolmogorov_smirnov === null ? '–' : feature.kolmogorov_smirnov.distance.toFixed(3)}</td>
          <td className="number">{percent(feature.missing_rate.current)}<span className="note"> was {percent(feature.missing_rate.reference)}</span></td>
          <td className="details">{feature.new_categories.length === 0 ? '–' : `${feature.new_categories.slice(0, 5).join(', ')} (${percent(feature.new_categories_share)})`}</td>
          <td>{feature.reference === 'background' ? "the model's rows" : 'first decisions'}</td><td>{feature.passed.length === 0 ? '–' : <span className="word">{feature.passed.map(limitWords).join(', ')}</span>}</td>
        </tr>
      ))}</tbody>
    </table></div>
  );
}

const limitWords = (limit: string): string => ({ psi: 'PSI', kolmogorovSmirnov: 'KS', jensenShannon: 'JS', missingRateChange: 'missing', newCategoriesShare: 'new values' })[limit] ?? words(limit);

function Steps({ feature, windows }: { feature: string; windows: readonly DriftWindow[] }): ReactNode {
  const values = windows.map((window) => ({ from: window.from, of: window.features.find((each: Feature) => each.feature === feature) }));
  return (
    <span className="steps" role="img" aria-label={`PSI by window: ${values.map(({ of }) => of?.psi.toFixed(2) ?? 'none').join(', ')}`}>
      {values.map(({ from, of }) => <span key={from} className={(of?.psi ?? 0) > psiLimit ? 'passed' : ''} style={{ height: `${Math.min(1, (of?.psi ?? 0) / psiTop) * 100}%` }} title={of === undefined ? from : `${fullTime(from)}: ${of.psi.toFixed(3)}`} />)}
    </span>
  );
}
