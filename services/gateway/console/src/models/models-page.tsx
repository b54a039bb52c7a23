import { useCallback, type ReactNode } from 'react';
import type { ApiClient } from '../api/client';
import type { ModelNow, ModelWeek } from '../api/types';
import { count, milliseconds, percent, shortDay } from '../format';
import { Panel } from '../parts/panel';
import { CalibrationChart, nameOfVersion, WeekChart } from './quality-charts';
import { useLoaded } from './use-loaded';

const everyMs = 10_000;

/** The models in force, and how good each was, week by week. */
export function ModelsPage({ client }: { client: ApiClient }): ReactNode {
  const load = useCallback(async () => ({ ...(await client.models()), ...(await client.modelQuality()) }), [client]);
  const { value, complaint } = useLoaded(load, everyMs);
  const weeks = value?.weeks ?? [], rated = weeks.find(({ auc, answers }) => auc !== null && answers);
  return (
    <div>
      <h1>Models</h1>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      <Panel title="In force" note="the last minute" wide>{value === undefined ? <p className="empty">Loading …</p> : value.models.length === 0 ? <p className="empty">The set has no model.</p> : <Models models={value.models} />}</Panel>
      {weeks.length === 0 ? value !== undefined && <p className="empty">No decision of a model has been looked at yet.</p> : (
        <>
          <div className="charts spaced">
            <Panel title="Area under the ROC curve" note="of decisions old enough for their labels"><WeekChart weeks={weeks} of={({ auc }) => auc} label="Area under the ROC curve" /></Panel>
            <Panel title="Average precision"><WeekChart weeks={weeks} of={({ average_precision }) => average_precision} label="Average precision" /></Panel>
            <Panel title={`Precision at ${weeks[0]?.card_precision.k ?? 100} cards a day`}><WeekChart weeks={weeks} of={({ card_precision }) => card_precision.value} label="Card precision" /></Panel>
            <Panel title="Alert rate"><WeekChart weeks={weeks} of={({ alert_rate }) => alert_rate} label="Alert rate" asPercent /></Panel>
            {rated !== undefined && <Panel title="Calibration" note={`${nameOfVersion(rated)}, week of ${shortDay(rated.week)}`}><CalibrationChart week={rated} /></Panel>}
          </div>
          <Panel title="Weeks" note="what nobody called a fraud by then counts as genuine" wide><Weeks weeks={weeks} /></Panel>
        </>
      )}
    </div>
  );
}

function Models({ models }: { models: readonly ModelNow[] }): ReactNode {
  return (
    <div className="scroll"><table>
      <caption className="visually-hidden">Models in force</caption>
      <thead><tr><th scope="col">Model</th><th scope="col">Role</th><th scope="col">Features</th><th scope="col" className="number">Rows</th><th scope="col" className="number">No answer</th><th scope="col" className="number">p50</th><th scope="col" className="number">p99</th></tr></thead>
      <tbody>{models.map(({ name, version, role, share, features, last_minute: did }) => (
        <tr key={name}>
          <td>{name} v{version}</td><td>{role}{role === 'challenger' && <> of {percent(share)}</>}</td><td>{features}</td>
          <td className="number">{did === null ? '–' : count(did.rows)}</td><td className="number">{did === null ? '–' : percent(did.error_rate)}</td>
          <td className="number">{milliseconds(did?.p50_ms)}</td><td className="number">{milliseconds(did?.p99_ms)}</td>
        </tr>
      ))}</tbody>
    </table></div>
  );
}

const figure = (value: number | null): string => (value === null ? '–' : value.toFixed(3));

function Weeks({ weeks }: { weeks: readonly ModelWeek[] }): ReactNode {
  return (
    <div className="scroll"><table>
      <caption className="visually-hidden">Quality by week and model</caption>
      <thead><tr><th scope="col">Week of</th><th scope="col">Model</th><th scope="col" className="number">Decisions</th><th scope="col" className="number">Labels due</th><th scope="col" className="number">Frauds</th><th scope="col" className="number">Fraud, mean p</th>
        <th scope="col" className="number">AUC</th><th scope="col" className="number">Av. precision</th><th scope="col" className="number">At {weeks[0]?.card_precision.k} cards</th><th scope="col" className="number">Calibration error</th><th scope="col" className="number">Alerts</th></tr></thead>
      <tbody>{weeks.map((week) => (
        <tr key={`${week.week} ${nameOfVersion(week)}`}>
          <td>{shortDay(week.week)}</td><td>{nameOfVersion(week)}</td><td className="number">{count(week.decisions)}{week.rows < week.decisions && <span className="note"> by {count(week.rows)}</span>}</td>
          <td className="number">{percent(week.mature)}</td><td className="number">{count(week.frauds)}</td>
          <td className="number">{week.fraud_share === null ? '–' : `${percent(week.fraud_share)}, ${percent(week.mean_p ?? 0)}`}</td>
          <td className="number">{figure(week.auc)}</td><td className="number">{figure(week.average_precision)}</td><td className="number">{figure(week.card_precision.value)}</td><td className="number">{figure(week.calibration_error)}</td>
          <td className="number">{week.alert_rate === null ? '–' : percent(week.alert_rate)}</td>
        </tr>
      ))}</tbody>
    </table></div>
  );
}
