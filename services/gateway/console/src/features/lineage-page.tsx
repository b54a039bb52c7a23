import { useCallback, useMemo, useState, type ReactNode } from 'react';
import type { ApiClient } from '../api/client';
import type { LineageGraph } from '../api/types';
import { count } from '../format';
import { useLoaded } from '../models/use-loaded';
import { Panel } from '../parts/panel';
import { hrefOfLineage } from '../route';
import { box, definitionsOnly, layOut, type Drawing, type PlacedNode } from './lineage-layout';

const everyMs = 30_000;
/** Characters of a name that fit into its box. */
const lettersMax = 24;

/** From source fields over features to models, rules and policies: all definitions, or what one thing is made of and what uses it. */
export function LineagePage({ client, of }: { client: ApiClient; of: string | undefined }): ReactNode {
  const load = useCallback(() => client.lineage(), [client]), loadOne = useCallback(() => (of === undefined ? Promise.resolve(undefined) : client.lineage(of)), [client, of]);
  const all = useLoaded(load, everyMs), one = useLoaded(loadOne, everyMs), complaint = all.complaint ?? one.complaint;
  const shown = of === undefined ? all.value && definitionsOnly(all.value) : one.value;
  return (
    <div>
      <h1>Lineage</h1>
      {complaint !== undefined && <p className="banner" role="alert">{complaint}</p>}
      {all.value !== undefined && <Finder graph={all.value} of={of} />}
      {shown !== undefined && (
        <Panel title={of === undefined ? 'All definitions' : of} note={of === undefined ? 'a field stands for its source, a feature for its view; choose one to see the rest' : `what it is made of, and what uses it: ${count(shown.nodes.length - 1)}`} wide end={of === undefined ? undefined : <a href={hrefOfLineage()}>All definitions</a>}>
          <Graph graph={shown} of={of} />
        </Panel>
      )}
    </div>
  );
}

function Finder({ graph, of }: { graph: LineageGraph; of: string | undefined }): ReactNode {
  const [text, setText] = useState(of ?? '');
  return (
    <form className="search" onSubmit={(event) => { event.preventDefault(); location.hash = hrefOfLineage(text.trim() === '' ? undefined : text.trim()); }}>
      <label className="grow">Source, field, view, feature, model, rule …<input list="lineage-nodes" value={text} onChange={(event) => setText(event.target.value)} placeholder="feature:card_velocity.tx_count_1h" /></label>
      <datalist id="lineage-nodes">{graph.nodes.map(({ id }) => <option key={id} value={id} />)}</datalist>
      <button type="submit">Show</button>
    </form>
  );
}

function Graph({ graph, of }: { graph: LineageGraph; of: string | undefined }): ReactNode {
  const drawing = useMemo(() => layOut(graph), [graph]);
  const [over, setOver] = useState<string>();
  if (graph.nodes.length === 0) return <p className="empty">No definitions are in force.</p>;
  return (
    <div className="scroll"><svg className="lineage" width={drawing.width + 2} height={drawing.height} role="group" aria-label={`${graph.nodes.length} nodes, ${graph.edges.length} edges`}>
      {drawing.columns.map(({ title, x }) => <text key={title} className="lineage-kind" x={x} y={14}>{title}</text>)}
      <Edges drawing={drawing} over={over} />
      {drawing.nodes.map((node) => <NodeBox key={node.id} node={node} isOf={node.id === of} onOver={setOver} />)}
    </svg></div>
  );
}

function Edges({ drawing, over }: { drawing: Drawing; over: string | undefined }): ReactNode {
  return drawing.edges.map(({ from, to }) => {
    const x1 = from.x + box.width, y1 = from.y + box.height / 2, y2 = to.y + box.height / 2, bend = Math.max(32, Math.abs(to.x - x1) / 2);
    return <path key={`${from.id} ${to.id}`} className={over === from.id || over === to.id ? 'lineage-edge over' : 'lineage-edge'} d={`M${x1},${y1} C${x1 + bend},${y1} ${to.x - bend},${y2} ${to.x},${y2}`} />;
  });
}

function NodeBox({ node, isOf, onOver }: { node: PlacedNode; isOf: boolean; onOver: (id: string | undefined) => void }): ReactNode {
  const { id, name, kind, x, y } = node;
  return (
    <a href={hrefOfLineage(id)} aria-label={`${kind} ${name}`} aria-current={isOf ? 'true' : undefined} onMouseEnter={() => onOver(id)} onMouseLeave={() => onOver(undefined)} onFocus={() => onOver(id)} onBlur={() => onOver(undefined)}>
      <rect className={isOf ? 'lineage-node of' : 'lineage-node'} x={x + 0.5} y={y + 0.5} width={box.width} height={box.height} rx={4} />
      <text className="lineage-name" x={x + 8} y={y + box.height / 2 + 4}>{name.length > lettersMax ? `${name.slice(0, lettersMax - 1)}…` : name}<title>{id}</title></text>
    </a>
  );
}
