import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { complaintOf, type ApiClient } from '../api/client';
import type { Match, PatternDocument, Standing } from '../api/types';
import { fullTime, words } from '../format';
import { Panel } from '../parts/panel';
import { hrefOfDecision, hrefOfEntity, hrefOfPattern, hrefOfTransaction } from '../route';

/** A pattern: its steps, what it gave, and where it stands with one entity. */
export function PatternPage({ client, name, entity }: { client: ApiClient; name: string; entity: string | undefined }): ReactNode {
  const [pattern, setPattern] = useState<PatternDocument | null>();
  const [found, setFound] = useState<{ readonly matches: readonly Match[]; readonly next: string | null }>();
  const [standing, setStanding] = useState<Standing>();
  const [complaint, setComplaint] = useState<string>();
  useEffect(() => {
    let here = true;
    const fail = (error: unknown): void => { if (here) setComplaint(complaintOf(error)); };
    client.patterns().then(({ definitions }) => { if (here) setPattern(definitions.find((each) => each.name === name) ?? null); }, fail);
    client.matches({ pattern: name, limit: '50' }).then((page) => { if (here) setFound(page); }, fail);
    const colon = entity?.indexOf(':') ?? -1;
    if (entity !== undefined && colon > 0) client.standing(entity.slice(0, colon), entity.slice(colon + 1), name).then((answer) => { if (here) setStanding(answer); }, fail);
    return () => { here = false; };
  }, [client, name, entity]);

  async function more(): Promise<void> {
    if (found?.next === undefined || found.next === null) return;
    const page = await client.matches({ pattern: name, limit: '50', cursor: found.next });
    setFound({ matches: [...found.matches, ...page.matches], next: page.next });
  }

  return (
    <div>
      <p className="note"><a href="#/patterns">Patterns</a></p>
      <h1>{name}</h1>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      {pattern === null && <p className="empty">No pattern of this name is in force; what it gave before is below.</p>}
      {pattern !== undefined && pattern !== null && <Steps pattern={pattern} />}
      {pattern !== undefined && pattern !== null && (
        <Panel title={`Where it stands with one ${words(pattern.key)}`} wide>
          <AskForm key={entity} pattern={name} type={pattern.key} given={entity} />
          {standing !== undefined && <StandingParts standing={standing} />}
        </Panel>
      )}
      {found !== undefined && (
        <Panel title={found.matches.length === 0 ? 'It gave nothing yet' : 'What it gave'} note={found.matches.length === 0 ? undefined : 'newest first'} wide>
          {found.matches.length > 0 && <MatchTable matches={found.matches} />}
          {found.next !== null && <p><button type="button" onClick={() => void more()}>Show more</button></p>}
        </Panel>
      )}
    </div>
  );
}

function Steps({ pattern }: { pattern: PatternDocument }): ReactNode {
  const facts = [`version ${pattern.version}`, `by ${words(pattern.key)}`, pattern.within === undefined ? undefined : `within ${pattern.within}`, pattern.matching === 'ordered' ? 'in the order of time' : undefined, pattern.mode === 'shadow' ? 'shadow' : undefined];
  return (
    <Panel title={pattern.reason ?? 'Steps'} note={facts.filter((fact) => fact !== undefined).join(', ')} wide>
      <ol className="steps">{pattern.pattern.map((step, place) => <li key={place}><StepText step={step} /></li>)}</ol>
    </Panel>
  );
}

function StepText({ step }: { step: unknown }): ReactNode {
  if (typeof step !== 'object' || step === null) return String(step);
  const { name, where, ...rest } = step as Readonly<Record<string, unknown>>;
  const said = Object.entries(rest).filter(([, value]) => value !== false && value !== undefined && value !== null).map(([key, value]) => (value === true ? words(key) : `${words(key)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`));
  return <><span className="step">{String(name ?? 'group')}</span> {where !== undefined && <code>{typeof where === 'string' ? where : JSON.stringify(where)}</code>} <span className="note">{said.join(', ')}</span></>;
}

function AskForm({ pattern, type, given }: { pattern: string; type: string; given: string | undefined }): ReactNode {
  function ask(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const key = new FormData(event.currentTarget).get('key');
    if (typeof key === 'string' && key.trim() !== '') location.hash = hrefOfPattern(pattern, `${type}:${key.trim()}`);
  }
  return (
    <form className="search" onSubmit={ask}>
      <label>{words(type)}<input name="key" defaultValue={given?.slice(given.indexOf(':') + 1) ?? ''} required /></label>
      <button type="submit" className="primary">Why not?</button>
    </form>
  );
}

function StandingParts({ standing: { open, open_count: openCount, latest } }: { standing: Standing }): ReactNode {
  return (
    <>
      <h3>{openCount === 0 ? 'No partial match is open' : `Open partial matches (${openCount})`}</h3>
      {open.length > 0 && (
        <div className="scroll"><table>
          <thead><tr><th scope="col">Events so far</th><th scope="col">Waits for</th><th scope="col">Since</th><th scope="col">Until</th></tr></thead>
          <tbody>{open.map(({ steps, awaits, since, until }, place) => (
            <tr key={place}><td><Events steps={steps} /></td><td>{awaits.length === 0 ? 'silence' : awaits.join(' or ')}</td><td><time dateTime={since}>{fullTime(since)}</time></td><td>{until === null ? '–' : <time dateTime={until}>{fullTime(until)}</time>}</td></tr>
          ))}</tbody>
        </table></div>
      )}
      {latest === null ? <p className="empty">There is no decision of it.</p> : (
        <>
          <h3>Its latest transaction, <a href={hrefOfDecision(latest.decision_id)}>{latest.transaction_id}</a></h3>
          <p>{latest.explanation}</p>
          <ul className="parts">{latest.parts.map(({ text, held, value }, place) => (
            <li key={place}><span className={held === true ? 'badge approve' : 'badge block'}>{held === true ? 'held' : held === null ? 'unknown' : 'not'}</span> <code>{text}</code> {value === null || (Array.isArray(value) && value.length === 0) ? null : <span className="note">{Array.isArray(value) ? value.join(', ') : String(value)}</span>}</li>
          ))}</ul>
        </>
      )}
    </>
  );
}

const kindWords = { match: 'match', timeout: 'ran out of time', limit: 'bound reached', late: 'event too late' } as const;

function MatchTable({ matches }: { matches: readonly Match[] }): ReactNode {
  return (
    <div className="scroll"><table>
      <thead><tr><th scope="col">Last event</th><th scope="col">What</th><th scope="col">Entity</th><th scope="col">Events</th><th scope="col" className="number">Version</th></tr></thead>
      <tbody>{matches.map(({ id, kind, last, entity, key, events, version, mode, limit, by_event: byEvent, late_by_ms: lateByMs }) => (
        <tr key={id}><td><time dateTime={last}>{fullTime(last)}</time></td><td>{kindWords[kind]}{mode === 'shadow' ? ' (shadow)' : ''}{kind === 'match' && !byEvent ? ' by time' : ''}</td>
          <td className="id">{entity === null ? key : <a href={hrefOfEntity(entity, key)}>{key}</a>}</td>
          <td>{limit === null ? <Events steps={events} /> : `${limit.name} of ${limit.max}: ${limit.dropped} given up`}{lateByMs === null ? '' : ` ${Math.round(lateByMs / 1_000)} s behind the watermark`}</td><td className="number">{version}</td></tr>
      ))}</tbody>
    </table></div>
  );
}

const Events = ({ steps }: { steps: Readonly<Record<string, readonly string[]>> }): ReactNode => (
  <>{Object.entries(steps).map(([step, ids]) => <span key={step}><span className="step">{step}</span> {ids.map((id) => <a key={id} className="event" href={hrefOfTransaction(id)}>{id}</a>)} </span>)}</>
);
