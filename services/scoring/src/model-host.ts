import { WeirError, type EventItem } from '@weir/contracts';
import type { DefinitionSet, Model, Source } from '@weir/definitions';
import type { LoadedModel, ModelRuntime } from '@weir/ports';
import { inputReaders, type InputReader } from './model-inputs';

/** How a model answered a batch: P(fraud) per row (NaN: none), or why there is no answer at all. */
export type BatchAnswer = { readonly kind: 'scored'; readonly p: Float64Array } | { readonly kind: 'failed'; readonly why: string };

export interface ModelHostOptions {
  readonly runtime: ModelRuntime;
  /** The model's bytes; checks the SHA-256 where one is given. */
  readonly loadFile: (path: string, sha256: string | null) => Promise<Uint8Array> | Uint8Array;
  /** Longest wait for one model's answer to one batch, ms; null waits for ever, as files, cases and replays do. */
  readonly budgetMs: number | null;
  /** Told of every answer to a batch, after it; nothing that decides reads it. */
  readonly observe?: ((answered: ModelAnswered) => void) | undefined;
}

/** How a model did on one batch. */
export interface ModelAnswered {
  readonly model: Model;
  readonly rows: number;
  /** Rows of a batch that failed or was too late. */
  readonly failed: number;
  /** Rows answered with NaN. */
  readonly unanswered: number;
  readonly tookMs: number;
}

interface Hosted {
  readonly key: string;
  readonly loaded: LoadedModel | undefined;
  readonly why: string;
  /** A run that was given up is still under way: the model is not asked again before it ends, so that one that hangs takes one thread and no more. */
  busy: boolean;
}

/** Keeps the models of the set in force loaded, and asks them a batch at a time. A model that stays the same from set to set stays loaded. */
export class ModelHost {
  private hosted = new Map<string, Hosted>();
  private readersByKey = new Map<string, readonly InputReader[]>();
  private matrices = new Map<string, Float32Array>();

  constructor(private readonly options: ModelHostOptions) {}

  /** Loads what is new and closes what is gone. A model that cannot be loaded is remembered with the reason; its answers are failures. */
  async use(set: DefinitionSet): Promise<void> {
    const next = new Map<string, Hosted>();
    for (const model of set.models.values()) {
      const key = identityOf(model), before = this.hosted.get(model.name);
      next.set(model.name, before?.key === key && before.loaded ? before : await this.load(model, key, set));
    }
    const kept = new Set([...next.values()].map(({ loaded }) => loaded));
    for (const { loaded } of this.hosted.values()) if (loaded && !kept.has(loaded)) loaded.close().catch(() => undefined); // one in a run that never ends holds nobody up
    this.hosted = next;
    this.readersByKey = new Map();
    this.matrices = new Map();
  }

  /** Models of the set in force that could not be loaded, with the reason. */
  faults(): ReadonlyMap<string, string> {
    return new Map([...this.hosted].flatMap(([name, { loaded, why }]) => (loaded ? [] : [[name, why] as const])));
  }

  async score(model: Model, items: readonly EventItem[], scope: { readonly set: DefinitionSet; readonly source: Source }): Promise<BatchAnswer> {
    const startedAtMs = performance.now();
    const answer = await this.answer(model, items, scope);
    const { observe } = this.options;
    if (observe !== undefined) observe({ model, rows: items.length, failed: answer.kind === 'failed' ? items.length : 0, unanswered: answer.kind === 'scored' ? missing(answer.p, items.length) : 0, tookMs: performance.now() - startedAtMs });
    return answer;
  }

  private async answer(model: Model, items: readonly EventItem[], scope: { readonly set: DefinitionSet; readonly source: Source }): Promise<BatchAnswer> {
    const hosted = this.hosted.get(model.name);
    if (!hosted?.loaded) return { kind: 'failed', why: `model ${model.name} could not be loaded` };
    if (hosted.busy) return { kind: 'failed', why: `model ${model.name} is busy with an earlier batch` };
    try {
      const answer = hosted.loaded.score(this.matrixOf(model, items, scope), items.length);
      const p = this.options.budgetMs === null ? await answer : await within(answer, this.options.budgetMs);
      return p === undefined ? this.late(model, hosted, answer) : { kind: 'scored', p };
    } catch {
      return { kind: 'failed', why: `model ${model.name} failed` };
    }
  }

  async close(): Promise<void> {
    for (const { loaded } of this.hosted.values()) await loaded?.close();
    this.hosted.clear();
  }

  /** The late run still reads its matrix, so the next batch gets a new one. */
  private late(model: Model, hosted: Hosted, run: Promise<unknown>): BatchAnswer {
    hosted.busy = true;
    const ended = (): void => { hosted.busy = false; };
    run.then(ended, ended);
    for (const key of [...this.matrices.keys()]) if (key.startsWith(`${model.name} `)) this.matrices.delete(key);
    return { kind: 'failed', why: `model ${model.name} gave no answer within ${this.options.budgetMs} ms` };
  }

  private async load(model: Model, key: string, set: DefinitionSet): Promise<Hosted> {
    try {
      const bytes = await this.options.loadFile(model.file, model.sha256);
      const loaded = await this.options.runtime.load({ bytes, output: model.output });
      const expected = set.services.get(model.features)?.features.length ?? 0;
      if (loaded.inputs === expected) return { key, loaded, why: '', busy: false };
      await loaded.close();
      return { key, loaded: undefined, why: `it has ${loaded.inputs} inputs, ${model.features} has ${expected} features`, busy: false };
    } catch (error) {
      return { key, loaded: undefined, why: error instanceof WeirError ? error.message : String(error), busy: false };
    }
  }

  private matrixOf(model: Model, items: readonly EventItem[], { set, source }: { readonly set: DefinitionSet; readonly source: Source }): Float32Array {
    const key = `${model.name} ${source.name}`;
    let readers = this.readersByKey.get(key);
    if (!readers) this.readersByKey.set(key, (readers = inputReaders(model, set, source)));
    const width = readers.length;
    let matrix = this.matrices.get(key);
    if (!matrix || matrix.length < items.length * width) this.matrices.set(key, (matrix = new Float32Array(Math.max(64, 2 ** Math.ceil(Math.log2(items.length))) * width)));
    let at = 0;
    for (const { event, vector } of items) {
      for (let i = 0; i < width; i++) matrix[at++] = vector === undefined ? Number.NaN : (readers[i] as InputReader)(event, vector);
    }
    return matrix.subarray(0, at);
  }
}

const identityOf = (model: Model): string => [model.version, model.file, model.sha256 ?? '', model.output, model.features].join(' ');

function missing(p: Float64Array, rows: number): number {
  let count = 0;
  for (let row = 0; row < rows; row++) if (Number.isNaN(p[row])) count++;
  return count;
}

/** undefined when it took longer. A process that was held up itself looks once more before it calls the answer late. */
async function within<T>(answer: Promise<T>, budgetMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => { timer = setTimeout(() => setImmediate(() => setImmediate(() => resolve(undefined))), budgetMs); });
  answer.catch(() => undefined); // when it comes too late nobody looks at it
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
