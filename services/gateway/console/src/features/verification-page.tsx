import { useCallback, type ReactNode } from 'react';
import type { ApiClient } from '../api/client';
import type { VerificationNow } from '../api/types';
import { count, fullTime, percent } from '../format';
import { useLoaded } from '../models/use-loaded';
import { Panel } from '../parts/panel';
import { hrefOfLineage } from '../route';

const everyMs = 5_000;
const meanings: Readonly<Record<string, string>> = {
  late: 'some of its events came behind the watermark', tie: 'two of its events have one time', coarsened: 'a value is approximate, and says so', ttl: 'one of the two is past its time to live', version: 'the view began anew in between',
  warming: 'the view has not yet seen as much as its window asks for', bug: 'nothing else explains it',
};

/** Feature values as they are served, against the same computed again from the log. */
export function VerificationPage({ client }: { client: ApiClient }): ReactNode {
  const load = useCallback(() => client.verification(), [client]);
  const { value, complaint } = useLoaded(load, everyMs);
  return (
    <div>
      <h1>Verification</h1>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      {value === undefined && complaint === undefined && <p className="empty">Loading …</p>}
      {value !== undefined && <Figures value={value} />}
    </div>
  );
}

function Figures({ value }: { value: VerificationNow }): ReactNode {
  const reasons = Object.entries(value.by_reason).filter(([, times]) => times > 0), views = Object.entries(value.by_view).toSorted(([a], [b]) => a.localeCompare(b));
  return (
    <>
      {value.last_error !== null && <p className="banner" role="alert">The last pass failed: {value.last_error}</p>}
      <p className="note">{value.share === 0 ? 'The check is switched off (WEIR_VERIFY_SHARE).' : `A thread of low priority takes some keys of each view, computes their state again from the first record of the log on, and compares. It may take ${percent(value.share)} of a core.`}</p>
      <dl className="tiles">
        <div className="tile"><dt>states compared</dt><dd>{count(value.keys)}</dd></div>
        <div className="tile approve"><dt>the same</dt><dd>{count(value.same)}</dd></div>
        <div className={value.different > 0 ? 'tile block' : 'tile'}><dt>different</dt><dd>{count(value.different)}</dd></div>
        <div className="tile"><dt>passes</dt><dd>{count(value.passes)}</dd></div>
        <div className="tile"><dt>last pass</dt><dd className="small">{value.last_pass === null ? 'none yet' : fullTime(value.last_pass)}</dd></div>
      </dl>
      <div className="charts">
        <Panel title="Views" note={views.length === 0 ? 'none compared yet' : undefined}>
          {views.length > 0 && <table>
            <thead><tr><th scope="col">View</th><th scope="col" className="number">The same</th><th scope="col" className="number">Different</th></tr></thead>
            <tbody>{views.map(([view, { same, different }]) => <tr key={view}><td><a href={hrefOfLineage(`view:${view}`)}>{view}</a></td><td className="number">{count(same)}</td><td className="number">{different === 0 ? '0' : <span className="word">{count(different)}</span>}</td></tr>)}</tbody>
          </table>}
        </Panel>
        <Panel title="Why states differed" note={reasons.length === 0 ? 'none did' : undefined}>
          {reasons.length > 0 && <table>
            <thead><tr><th scope="col">Reason</th><th scope="col" className="number">States</th><th scope="col">Means</th></tr></thead>
            <tbody>{reasons.map(([reason, times]) => <tr key={reason}><td>{reason}</td><td className="number">{count(times)}</td><td className="reason">{meanings[reason] ?? ''}</td></tr>)}</tbody>
          </table>}
        </Panel>
      </div>
      {value.examples.length > 0 && <Panel title="Examples" note="newest first" wide><Examples value={value} /></Panel>}
    </>
  );
}

interface Difference { readonly feature: string; readonly old: unknown; readonly old_status: string; readonly new: unknown; readonly new_status: string }
interface Example { readonly view: string; readonly key: string; readonly reason: string; readonly differences: readonly Difference[] }

function Examples({ value }: { value: VerificationNow }): ReactNode {
  const examples = value.examples as unknown as readonly Example[]; // as OnlineCheck makes them
  return (
    <div className="scroll"><table>
      <thead><tr><th scope="col">View</th><th scope="col">Key</th><th scope="col">Reason</th><th scope="col">Feature</th><th scope="col">Served</th><th scope="col">Computed again</th></tr></thead>
      <tbody>{examples.flatMap(({ view, key, reason, differences }, index) => differences.map((each, row) => (
        <tr key={`${index} ${row}`}><td>{row === 0 ? view : ''}</td><td className="id">{row === 0 ? key : ''}</td><td>{row === 0 ? reason : ''}</td><td className="id">{each.feature}</td><td>{shown(each.old)} <span className="note">{each.old_status}</span></td><td>{shown(each.new)} <span className="note">{each.new_status}</span></td></tr>
      )))}</tbody>
    </table></div>
  );
}

const shown = (value: unknown): string => (value === null ? '–' : JSON.stringify(value));
