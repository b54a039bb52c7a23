import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { complaintOf, type ApiClient } from '../api/client';
import { outcomes, type DecisionRecord } from '../api/types';
import { DecisionTable } from '../parts/decision-table';
import { Panel } from '../parts/panel';
import { hrefOfSearch, hrefOfTransaction } from '../route';

interface Found { readonly decisions: readonly DecisionRecord[]; readonly next: string | null }

export function SearchPage({ client, query }: { client: ApiClient; query: URLSearchParams }): ReactNode {
  const [found, setFound] = useState<Found>();
  const [complaint, setComplaint] = useState<string>();

  const asked = query.toString();
  useEffect(() => {
    let here = true;
    client.search(withLimit(new URLSearchParams(asked))).then(
      (page) => { if (here) setFound(page); },
      (error: unknown) => { if (here) setComplaint(complaintOf(error)); },
    );
    return () => { here = false; };
  }, [client, asked]);

  async function more(): Promise<void> {
    if (found?.next === null || found === undefined) return;
    const page = await client.search(withLimit(query, found.next));
    setFound({ decisions: [...found.decisions, ...page.decisions], next: page.next });
  }

  return (
    <div>
      <h1>Decisions</h1>
      <SearchForm query={query} />
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      {found !== undefined && (
        <Panel title={found.decisions.length === 0 ? 'Nothing found' : 'Found'} note={found.decisions.length === 0 ? undefined : 'newest first'} wide>
          {found.decisions.length > 0 && <DecisionTable decisions={found.decisions} caption="Decisions found, newest first" />}
          {found.next !== null && <p><button type="button" onClick={() => void more()}>Show more</button></p>}
        </Panel>
      )}
    </div>
  );
}

const fields = [
  { name: 'entity', label: 'Entity', placeholder: 'card:…' },
  { name: 'rule', label: 'Rule', placeholder: 'name' },
  { name: 'from', label: 'From', placeholder: '2026-03-01T12:00Z' },
  { name: 'to', label: 'To', placeholder: '' },
] as const;

function SearchForm({ query }: { query: URLSearchParams }): ReactNode {
  function search(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(event.currentTarget)].flatMap(([name, value]) => (typeof value === 'string' && value.trim() !== '' ? [[name, value.trim()]] : []))) as Record<string, string>;
    const { transaction, ...rest } = given;
    location.hash = transaction === undefined ? hrefOfSearch(rest) : hrefOfTransaction(transaction);
  }
  return (
    <form className="search" onSubmit={search} role="search">
      <label>Transaction<input name="transaction" placeholder="id" /></label>
      {fields.map(({ name, label, placeholder }) => <label key={name}>{label}<input name={name} placeholder={placeholder} defaultValue={query.get(name) ?? ''} /></label>)}
      <label>Outcome<select name="outcome" defaultValue={query.get('outcome') ?? ''}><option value="">any</option>{outcomes.map((outcome) => <option key={outcome}>{outcome}</option>)}</select></label>
      <button type="submit" className="primary">Search</button>
    </form>
  );
}

function withLimit(query: URLSearchParams, cursor?: string): URLSearchParams {
  const whole = new URLSearchParams(query);
  whole.set('limit', '100');
  if (cursor !== undefined) whole.set('cursor', cursor);
  return whole;
}
