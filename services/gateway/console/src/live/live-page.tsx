import { useState, useSyncExternalStore, type ReactNode } from 'react';
import { outcomes, type DecisionRecord, type LiveSecond, type Outcome } from '../api/types';
import { count, milliseconds, percent } from '../format';
import { DecisionTable } from '../parts/decision-table';
import { Panel } from '../parts/panel';
import { filterDecisions } from './decision-filter';
import { LatencyChart, OutcomeChart, ShareChart } from './charts';
import type { LiveStore } from './live-store';

const rowsShownMax = 60;
/** What the tiles speak of. */
const tileSeconds = 60;

export function LivePage({ live }: { live: LiveStore }): ReactNode {
  const { seconds, decisions } = useSyncExternalStore(live.subscribe, live.read);
  return (
    <div className="live">
      <h1 className="visually-hidden">Live decisions</h1>
      <Tiles seconds={seconds.slice(-tileSeconds)} />
      <div className="charts">
        <Panel title="Decisions per second" note="last five minutes"><OutcomeChart seconds={seconds} /></Panel>
        <Panel title="Reviewed and blocked" note="share of decisions"><ShareChart seconds={seconds} /></Panel>
        <Panel title="Latency" note="from append to verdict"><LatencyChart seconds={seconds} /></Panel>
      </div>
      <RecentDecisions decisions={decisions} />
    </div>
  );
}

function Tiles({ seconds }: { seconds: readonly LiveSecond[] }): ReactNode {
  const totals = { approve: sum(seconds, 'approve'), review: sum(seconds, 'review'), block: sum(seconds, 'block') };
  const all = totals.approve + totals.review + totals.block;
  const last = seconds.slice(-5);
  const busy = [...seconds].reverse().find(({ p50_ms }) => p50_ms !== null);
  const rate = last.length === 0 ? 0 : outcomes.reduce((rateSoFar, outcome) => rateSoFar + sum(last, outcome), 0) / last.length;
  return (
    <dl className="tiles" aria-label={`Last ${tileSeconds} seconds`}>
      <Tile name="per second" value={count(rate)} />
      {outcomes.map((outcome) => <Tile key={outcome} name={`${outcome}, ${count(totals[outcome])}`} value={all === 0 ? '–' : percent(totals[outcome] / all)} of={outcome} />)}
      <Tile name="latency p50" value={milliseconds(busy?.p50_ms)} />
      <Tile name="latency p99" value={milliseconds(busy?.p99_ms)} />
      <Tile name="alerts, last minute" value={count(sum(seconds, 'alerts'))} />
    </dl>
  );
}

const sum = (seconds: readonly LiveSecond[], of: Outcome | 'alerts'): number => seconds.reduce((total, second) => total + second[of], 0);

const Tile = ({ name, value, of }: { name: string; value: string; of?: Outcome }): ReactNode => <div className={of === undefined ? 'tile' : `tile ${of}`}><dt>{name}</dt><dd>{value}</dd></div>;

function RecentDecisions({ decisions }: { decisions: readonly DecisionRecord[] }): ReactNode {
  const [shown, setShown] = useState<ReadonlySet<Outcome>>(new Set(outcomes));
  const [text, setText] = useState('');
  const [held, setHeld] = useState<readonly DecisionRecord[]>();
  const found = filterDecisions(held ?? decisions, { outcomes: shown, text });
  const toggle = (outcome: Outcome) => setShown((before) => new Set(outcomes.filter((one) => (one === outcome ? !before.has(one) : before.has(one)))));
  const controls = (
    <>
      {outcomes.map((outcome) => <button key={outcome} type="button" className={`chip ${outcome}`} aria-pressed={shown.has(outcome)} onClick={() => toggle(outcome)}>{outcome}</button>)}
      <input type="search" placeholder="Id, rule, merchant, …" aria-label="Filter the decisions shown" value={text} onChange={(event) => setText(event.target.value)} />
      <button type="button" aria-pressed={held !== undefined} onClick={() => setHeld(held === undefined ? decisions : undefined)}>{held === undefined ? 'Pause' : 'Go on'}</button>
    </>
  );
  return (
    <Panel title="Recent decisions" wide end={controls}>
      {found.length === 0
        ? <p className="empty">{decisions.length === 0 ? 'No decision yet. They appear here as they are taken.' : 'Nothing fits the filter.'}</p>
        : <DecisionTable decisions={found.slice(0, rowsShownMax)} caption="Recent decisions, newest first" />}
    </Panel>
  );
}
