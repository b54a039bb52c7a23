import type { EventItem, FeatureVector, LaneItem, ListChange, PatternMatch, Value } from '@weir/contracts';
import { documentsFromJson, resolveSet, type DefinitionSet } from '@weir/definitions';
import { ModelRuntime, type LoadedModel } from '@weir/ports';
import { ScoringStage, type ScoringOptions } from '../src/index';

type Document = Readonly<Record<string, unknown>>;
const base: readonly Document[] = [
  {
    kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', decide: true,
    fields: { transaction_id: 'string!', card_id: 'string!', amount: 'money', v: 'number', ok: 'bool', ip: 'string' },
  },
  { kind: 'Source', name: 'logins', id: 'login_id', time: 'at', fields: { login_id: 'string!', card_id: 'string!' } },
  { kind: 'Entity', name: 'card', key: 'card_id' },
  { kind: 'FeatureView', name: 'by_card', entity: 'card', source: 'transactions', features: [{ name: 'tx_count', agg: 'count', windows: ['1h'] }] },
];

export const setOf = (...documents: readonly Document[]): DefinitionSet => resolveSet(documentsFromJson([...base, ...documents]));
export const rule = (name: string, when: string, more: Document = {}): Document => ({ kind: 'Rule', name, when, ...more });
export const model = (name: string, role: string, more: Document = {}): Document => ({ kind: 'Model', name, file: `${name}.onnx`, features: 'inputs', output: 'p', role, ...more });
export const inputs = (...features: readonly string[]): Document => ({ kind: 'FeatureService', name: 'inputs', features });
export const startMs = Date.UTC(2026, 0, 5, 12);

/** Builds the items of a lane, as ingest and the stages before scoring make them. */
export class Lane {
  private offset = 0;
  private watermarkMs = -Infinity;
  private source = '';
  readonly items: LaneItem[] = [];

  constructor(private set: DefinitionSet) { this.definitions(set); }

  definitions(set: DefinitionSet): this {
    this.set = set;
    return this.push({ ...this.base(), kind: 'definitions', setId: set.id, json: set.canonicalJson });
  }

  lists(...changes: readonly ListChange[]): this { return this.push({ ...this.base(), kind: 'list', listChanges: changes }); }
  tick(matches: readonly PatternMatch[] = []): this { return this.push({ ...this.base(), kind: 'tick', matches }); }

  event(fields: Readonly<Record<string, Value>>, more: { readonly atMs?: number; readonly matches?: readonly PatternMatch[]; readonly count?: number | null; readonly source?: string; readonly backlog?: number } = {}): this {
    const { atMs: timeMs = startMs + this.offset * 1_000, matches = [], count = 1, source: sourceName = 'transactions', backlog } = more;
    const source = this.set.sources.get(sourceName);
    if (!source) throw new RangeError(sourceName);
    this.source = sourceName;
    this.watermarkMs = Math.max(this.watermarkMs, timeMs - source.outOfOrdernessMs);
    const id = String(fields['transaction_id'] ?? `t${this.offset}`);
    const item: EventItem = {
      ...this.base(), kind: 'event', decide: source.decide, late: false, replyTo: undefined, backlog, profiles: undefined, positions: undefined, matches, patternsKeyed: [], verdict: undefined, vector: this.vector(sourceName, count),
      event: {
        source: sourceName, id, timeMs, reportedTimeMs: timeMs, receivedAtMs: timeMs, marks: [], extra: undefined,
        values: source.fields.map(({ name }) => (name === source.time ? timeMs : name === 'transaction_id' || name === 'login_id' ? id : fields[name] ?? (name === 'card_id' ? 'c1' : null))),
      },
    };
    return this.push(item);
  }

  private base() {
    const watermarkMsBySource = new Map(this.source === '' ? [] : [[this.source, this.watermarkMs]]);
    return { lane: 0, offset: this.offset++, receivedAtMs: startMs, time: { clockMs: startMs, watermarkMsBySource }, matches: [] as readonly PatternMatch[] };
  }

  private push(item: LaneItem): this {
    this.items.push(item);
    return this;
  }

  private vector(source: string, count: number | null): FeatureVector {
    const layout = this.set.layoutBySource.get(source);
    if (!layout) throw new RangeError(`no layout for ${source}`);
    return { layout, numbers: new Float64Array(layout.names.length).fill(count ?? Number.NaN), others: layout.names.map(() => undefined), statuses: new Uint8Array(layout.names.length).fill(count === null ? 1 : 6) };
  }
}

/** Items without what a stage filled in, so that another stage can process them. */
export const fresh = (items: readonly LaneItem[]): LaneItem[] => items.map((item) => (item.kind === 'event' ? { ...item, verdict: undefined } : { ...item }));

type Score = (row: readonly number[]) => number | Promise<number>;

/** A runtime whose models are functions of a row, by file; it remembers what it was asked. */
export class FunctionRuntime extends ModelRuntime {
  readonly loads: string[] = [];
  readonly closed: string[] = [];
  readonly batches: number[][][] = [];

  constructor(private readonly scores: Readonly<Record<string, Score>>, private readonly width = 1) { super(); }

  override load({ bytes }: { readonly bytes: Uint8Array }): Promise<LoadedModel> {
    const file = Buffer.from(bytes).toString(), score = this.scores[file];
    if (!score) return Promise.reject(new Error(`no ${file}`));
    this.loads.push(file);
    return Promise.resolve({
      inputs: this.width,
      score: async (matrix, rows) => {
        const batch = Array.from({ length: rows }, (_, row) => [...matrix.subarray(row * this.width, (row + 1) * this.width)]);
        this.batches.push(batch);
        return Float64Array.from(await Promise.all(batch.map((each) => score(each))));
      },
      close: () => { this.closed.push(file); return Promise.resolve(); },
    });
  }
}

export const stageOf = (options: Partial<ScoringOptions> = {}): ScoringStage =>
  new ScoringStage({ lane: 0, runtime: new FunctionRuntime({}), loadFile: (path) => Buffer.from(path), ...options });
