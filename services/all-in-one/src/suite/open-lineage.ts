import { appendFile } from 'node:fs/promises';
import { lineage, upstream, type DefinitionSet, type Lineage } from '@weir/definitions';
import { readConfig, wholeNumber, type Logger } from '@weir/platform';
import { z } from 'zod';

const schema = z.object({
  /** Where events are posted, e.g. `http://marquez:5000/api/v1/lineage`; empty: nowhere. */
  WEIR_OPENLINEAGE_URL: z.string().default(''),
  /** File that events are appended to, a line each; empty: none. */
  WEIR_OPENLINEAGE_FILE: z.string().default(''),
  WEIR_OPENLINEAGE_NAMESPACE: z.string().min(1).default('weir'),
  WEIR_OPENLINEAGE_TIMEOUT_MS: wholeNumber({ min: 100, max: 60_000 }).default(5_000),
});

export interface OpenLineageOptions { readonly url: string; readonly file: string; readonly namespace: string; readonly timeoutMs: number }

/** Where lineage is told, from the environment; nowhere by default. @throws WeirError WEIR_USAGE. */
export function readOpenLineageOptions(env: Readonly<Record<string, string | undefined>>): OpenLineageOptions {
  const config = readConfig(schema, env);
  return Object.freeze({ url: config.WEIR_OPENLINEAGE_URL, file: config.WEIR_OPENLINEAGE_FILE, namespace: config.WEIR_OPENLINEAGE_NAMESPACE, timeoutMs: config.WEIR_OPENLINEAGE_TIMEOUT_MS });
}

interface Dataset { readonly namespace: string; readonly name: string; readonly facets?: Readonly<Record<string, unknown>> }
/** A job that runs for ever, as OpenLineage 2.0.2 tells of it without a run. */
export interface JobEvent {
  readonly eventTime: string; readonly producer: string; readonly schemaURL: string;
  readonly job: { readonly namespace: string; readonly name: string; readonly facets: Readonly<Record<string, unknown>> };
  readonly inputs: readonly Dataset[]; readonly outputs: readonly Dataset[];
}

const producer = 'https://github.com/weir/weir';
const jobKinds = ['view', 'model', 'rule', 'pattern', 'policy'] as const;
/** What stands for a dataset of its own; a field belongs to its source, a feature to its view. */
const datasetKinds: ReadonlySet<string> = new Set(['source', 'view', 'model', 'table', 'list', 'pattern', 'rule']);

/** A job per view, model, pattern, rule and policy of a set, with the columns that each feature is made of. */
export function openLineageEvents(set: DefinitionSet, { namespace, atMs }: { readonly namespace: string; readonly atMs: number }): JobEvent[] {
  const graph = lineage(set);
  return graph.nodes.filter(({ kind }) => jobKinds.some((each) => each === kind)).map(({ id, kind, name }) => ({
    eventTime: new Date(atMs).toISOString(), producer, schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent',
    job: { namespace, name: id, facets: { jobType: { _producer: producer, _schemaURL: 'https://openlineage.io/spec/facets/2-0-3/JobTypeJobFacet.json', processingType: 'STREAMING', integration: 'WEIR', jobType: kind.toUpperCase() } } },
    inputs: [...new Set(madeOf(graph, id, kind).map(datasetOf).filter((dataset) => dataset !== undefined && dataset !== id))].sort().map((dataset) => ({ namespace, name: dataset ?? '' })),
    outputs: [{ namespace, name: id, facets: { version: { _producer: producer, _schemaURL: 'https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json', datasetVersion: set.id }, ...(kind === 'view' ? { columnLineage: columnsOf(set, graph, name, namespace) } : {}) } }],
  }));
}

/** What a job reads directly: of a view its features' inputs, too; of a model its service's. */
function madeOf(graph: Lineage, id: string, kind: string): string[] {
  const direct = (to: string): string[] => graph.edges.filter((edge) => edge.to === to).map(({ from }) => from);
  if (kind === 'view') return graph.nodes.filter(({ id: feature }) => feature.startsWith(`feature:${id.slice('view:'.length)}.`)).flatMap(({ id: feature }) => direct(feature)).concat(direct(id));
  return direct(id).flatMap((from) => (from.startsWith('service:') ? direct(from) : [from]));
}

function datasetOf(id: string): string | undefined {
  const [kind = '', name = ''] = [id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)];
  if (kind === 'field') return `source:${name.slice(0, name.indexOf('.'))}`;
  if (kind === 'feature') return `view:${name.slice(0, name.indexOf('.'))}`;
  return datasetKinds.has(kind) ? id : undefined;
}

function columnsOf(set: DefinitionSet, graph: Lineage, view: string, namespace: string): Readonly<Record<string, unknown>> {
  const fields = (set.views.get(view)?.features ?? []).map(({ name }) => [name, {
    inputFields: upstream(graph, `feature:${view}.${name}`).filter((id) => id.startsWith('field:')).sort().map((id) => { const [source = '', field = ''] = id.slice('field:'.length).split('.', 2); return { namespace, name: `source:${source}`, field }; }),
  }] as const);
  return { _producer: producer, _schemaURL: 'https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json', fields: Object.fromEntries(fields) };
}

/** Tells of a set that came into force. What cannot be told is logged and changes nothing. */
export class OpenLineageEmitter {
  constructor(private readonly options: OpenLineageOptions & { readonly logger: Logger; readonly clock: { nowMs(): number } }) {}

  get isOn(): boolean { return this.options.url !== '' || this.options.file !== ''; }

  async tell(set: DefinitionSet): Promise<void> {
    const { url, file, namespace, timeoutMs, logger, clock } = this.options;
    if (!this.isOn) return;
    const events = openLineageEvents(set, { namespace, atMs: clock.nowMs() });
    try {
      if (file !== '') await appendFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      for (const event of url === '' ? [] : events) {
        const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(event), signal: AbortSignal.timeout(timeoutMs) });
        if (!response.ok) throw new Error(`${url} answered ${response.status}`);
      }
    } catch (error) {
      logger.error({ err: error, set: set.id }, 'lineage could not be told');
    }
  }
}
