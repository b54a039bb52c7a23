import { useEffect, useState, type ReactNode } from 'react';
import { complaintOf } from '../api/client';
import type { DecisionRecord, NearMisses } from '../api/types';
import { hrefOfEntity } from '../route';
import { fullTime, plain, score, words } from '../format';
import { OutcomeBadge } from '../parts/outcome-badge';
import { Panel } from '../parts/panel';
import { Bars } from './bars';
import { FeatureTable } from './feature-table';
import { Matches } from './matches';
import { NearMissesPanel } from './near-misses';
import { StageLatency } from './stage-latency';

/** `load` asks for it, by its id or by its transaction's; `entityTypes` for the types by their key fields; `nearMisses` for what little else would have changed it. */
export function DecisionPage({ load, entityTypes, nearMisses }: { load: () => Promise<DecisionRecord>; entityTypes?: () => Promise<ReadonlyMap<string, string>>; nearMisses: (id: string) => Promise<NearMisses> }): ReactNode {
  const [types, setTypes] = useState<ReadonlyMap<string, string>>(noTypes);
  const [decision, setDecision] = useState<DecisionRecord>();
  const [complaint, setComplaint] = useState<string>();
  useEffect(() => {
    let here = true;
    load().then(
      (found) => { if (here) setDecision(found); },
      (error: unknown) => { if (here) setComplaint(complaintOf(error)); },
    );
    entityTypes?.().then((found) => { if (here) setTypes(found); }, () => undefined); // without them the fields are no links
    return () => { here = false; };
  }, [load, entityTypes]);
  if (complaint !== undefined) return <p className="banner" role="alert">{complaint}</p>;
  return decision === undefined ? <p className="empty">Loading …</p> : <DecisionDetails decision={decision} types={types} nearMisses={nearMisses} />;
}
const noTypes: ReadonlyMap<string, string> = new Map();

export function DecisionDetails({ decision, types, nearMisses }: { decision: DecisionRecord; types: ReadonlyMap<string, string>; nearMisses: (id: string) => Promise<NearMisses> }): ReactNode {
  const { model } = decision;
  const contributions = Object.entries(model?.contributions ?? {}).map(([name, value]) => ({ name, value, text: inputValue(decision, name) })).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  return (
    <article className="decision">
      <Head decision={decision} />
      <div className="columns">
        <Panel title="Reasons" note="how much of the score each one brought">
          {decision.reasons.length === 0
            ? <p className="empty">Nothing spoke against it.</p>
            : <Bars rows={decision.reasons.map(({ kind, name, text, contribution }) => ({ name: text === '' ? name : text, text: `${kind} ${name}`, value: contribution }))} />}
        </Panel>
        <Panel title="Score"><ScoreMeter decision={decision} /><Facts decision={decision} /></Panel>
        <NearMissesPanel id={decision.id} load={nearMisses} />
        {decision.matches.length > 0 && <Panel title="Matched patterns" note="with the transactions they took"><Matches decision={decision} /></Panel>}
        {contributions.length > 0 && (
          <Panel title={`Model ${model?.name ?? ''}`} note={`margin ${plain(model?.margin)} from ${plain(model?.base)}`}><Bars rows={contributions} max={20} compact /></Panel>
        )}
        <Panel title="Latency" note="per stage"><StageLatency latencyMs={decision.meta.latency_ms} /></Panel>
        <Panel title="Transaction"><FieldList fields={decision.tx} types={types} /></Panel>
        {Object.entries(decision.profiles).map(([table, row]) => <Panel key={table} title={`Profile: ${table}`}><FieldList fields={row} /></Panel>)}
      </div>
      <FeatureTable decision={decision} />
    </article>
  );
}

function Head({ decision }: { decision: DecisionRecord }): ReactNode {
  return (
    <header className="decision-head">
      <p className="note"><a href="#/decisions">Decisions</a> / {decision.id}</p>
      <h1>{decision.transaction_id}</h1>
      <p className="verdict">
        <OutcomeBadge outcome={decision.outcome} /> by {words(decision.decided_by)}, under the policy {decision.policy}
        {decision.overruled.length > 0 && <>; overruled: {decision.overruled.map(words).join(', ')}</>}
        {decision.alert && <span className="badge plain">alert</span>}
        {decision.degraded && <span className="badge plain">degraded: {decision.degraded_why.join(', ')}</span>}
      </p>
      <p className="note">Happened <time dateTime={decision.event_time}>{fullTime(decision.event_time)}</time>, decided <time dateTime={decision.meta.decided_at}>{fullTime(decision.meta.decided_at)}</time></p>
    </header>
  );
}

function ScoreMeter({ decision }: { decision: DecisionRecord }): ReactNode {
  return (
    <div className="score">
      <strong>{score(decision.score)}</strong>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={`Score ${score(decision.score)} of 1`}>
        <rect width="100" height="6" className="track" /><rect width={Math.max(0.5, 100 * decision.score)} height="6" className={decision.outcome} />
      </svg>
    </div>
  );
}

function Facts({ decision }: { decision: DecisionRecord }): ReactNode {
  const { model } = decision;
  const rows: readonly (readonly [string, ReactNode])[] = [
    ['Rules', names(decision.rules)], ['Patterns', names(decision.patterns)], ['Lists', names(decision.lists)], ['Tags', names(decision.tags)], ['In shadow', names(decision.shadow)], ['Unknown', names(decision.unknown)],
    ['Added to lists', decision.list_changes.length === 0 ? null : decision.list_changes.map(({ list, value }) => `${list}: ${value}`).join(', ')],
    ['Model', model === null ? null : `${model.name} version ${model.version}, p = ${model.p === null ? 'no answer' : score(model.p)}`],
    ['Other models', Object.keys(decision.other_models).length === 0 ? null : Object.entries(decision.other_models).map(([name, p]) => `${name} p = ${p === null ? 'no answer' : score(p)}`).join(', ')],
    ['Definitions', <code key="set" title={decision.set}>{decision.set.slice(0, 12)}</code>],
    ['Trace', decision.meta.trace_id === null ? null : <code key="trace">{decision.meta.trace_id}</code>],
  ];
  return <dl className="facts">{rows.map(([name, value]) => value !== null && <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

const names = (list: readonly string[]): string | null => (list.length === 0 ? null : list.join(', '));

const FieldList = ({ fields, types = noTypes }: { fields: Readonly<Record<string, unknown>>; types?: ReadonlyMap<string, string> }): ReactNode => (
  <dl className="facts">{Object.entries(fields).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{linked(types.get(name), value) ?? field(name, value)}</dd></div>)}</dl>
);

/** A key leads to what its entity did. */
const linked = (type: string | undefined, value: unknown): ReactNode =>
  (type === undefined || (typeof value !== 'string' && typeof value !== 'number') ? undefined : <a href={hrefOfEntity(type, String(value))}>{plain(value)}</a>);

/** Times arrive as milliseconds. */
const field = (name: string, value: unknown): string => (typeof value === 'number' && value > 1e12 && value < 4e12 && /(time|_at)$/.test(name) ? fullTime(new Date(value).toISOString()) : plain(value));

/** What the model was given for an input: a feature, or a field of the transaction. */
function inputValue(decision: DecisionRecord, input: string): string {
  const name = input.split(':').at(-1) ?? input;
  return plain(decision.features[input] ?? decision.features[name] ?? decision.tx[name]);
}
