import { categoryDrift, categoryReference, limitsPassed, numericDrift, numericReference, type CategoryReference, type FeatureDrift, type NumericReference } from '@weir/models';
import { keysMax, type DecisionFacts } from './decision-facts';

/** Decisions of a window that are looked at. */
const windowRowsMax = 1_000;
/** Fewer than these say nothing. */
export const windowRowsMin = 200;
/** Decisions that a reference is made of, where the model keeps no rows that do. */
export const referenceRowsMin = 1_000;
/** A model's rows that are fewer are no reference: two samples of so many alike differ by a PSI of 0.1 already. */
export const backgroundRowsMin = 200;
const windowsMax = 60;
/** A text with more values than this in the reference is an id or free text, no category. */
const categoriesPerFeatureMax = 200;

type Value = number | string | null;
interface Sampled { readonly key: number; readonly values: Readonly<Record<string, Value>> }
type Reference = { readonly from: 'background' | 'decisions' } & ({ readonly kind: 'number'; readonly numbers: NumericReference } | { readonly kind: 'category'; readonly categories: CategoryReference } | { readonly kind: 'none' });

export interface DriftOfFeature extends FeatureDrift {
  readonly feature: string;
  readonly reference: 'background' | 'decisions';
  /** Limits that it passed; none: it did not drift. */
  readonly passed: readonly string[];
}
export interface DriftWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly decisions: number;
  readonly rows: number;
  readonly features: readonly DriftOfFeature[];
}

/** How far what decisions see is from a reference, window by window of event time: each feature, each number and category of the transaction, the score, and P of each model. */
export class DriftBook {
  private references = new Map<string, Reference>();
  /** By how long the values need to settle; those that need longer begin later. */
  private readonly gathering = new Map<number, Sampled[]>();
  /** Kinds of settling whose reference is there. */
  private gathered = new Set<number>();
  private settling: Readonly<Record<string, number>> = {};
  /** Each of its times once, and none. */
  private kinds: ReadonlySet<number> = new Set([0]);
  private open: { fromMs: number; seen: number; below: number; rows: Sampled[] } | undefined;
  private readonly closed: DriftWindow[] = [];
  private backgroundId = '';
  private firstFromMs: number | undefined;

  constructor(private readonly windowMs: number) {}

  /** How long values need until they are what they will be, by name; `score` holds for P of models too, and none for the rest. */
  useSettling(settling: Readonly<Record<string, number>>): void {
    this.settling = settling;
    this.kinds = new Set([0, ...Object.values(settling)]);
  }

  /** The rows kept with the champion are its inputs' reference. Another model has another one; what was gathered from decisions stays. */
  useBackground(id: string, columns: Readonly<Record<string, ArrayLike<number>>>): void {
    if (id === this.backgroundId) return;
    this.backgroundId = id;
    for (const [feature, { from }] of this.references) if (from === 'background') this.references.delete(feature);
    for (const [feature, values] of Object.entries(columns)) if (values.length >= backgroundRowsMin) this.references.set(feature, { from: 'background', kind: 'number', numbers: numericReference(values) });
  }

  wants({ key, timeMs }: { readonly key: number; readonly timeMs: number }): boolean {
    return this.isGathering(timeMs) || this.open === undefined || timeMs >= this.open.fromMs + this.windowMs || (timeMs >= this.open.fromMs && key < this.open.below);
  }

  /** A decision that was not read. */
  pass(count = 1): void { if (this.open !== undefined) this.open.seen += count; }

  /** Gives the windows that ended with it. */
  add({ key, timeMs, values }: DecisionFacts): DriftWindow | undefined {
    let ended: DriftWindow | undefined;
    const fromMs = Math.floor(timeMs / this.windowMs) * this.windowMs;
    if (this.open === undefined || fromMs > this.open.fromMs) {
      ended = this.current();
      if (ended !== undefined) {
        this.closed.push(ended);
        if (this.closed.length > windowsMax) this.closed.shift();
      }
      this.open = { fromMs, seen: 0, below: keysMax, rows: [] };
    }
    const { open } = this;
    open.seen += 1;
    if (fromMs === open.fromMs && key < open.below) {
      open.rows.push({ key, values });
      if (open.rows.length > windowRowsMax) {
        open.below /= 2;
        open.rows = open.rows.filter((row) => row.key < open.below);
      }
    }
    // What comes in the first window has no past yet; what is usual begins after it.
    if (this.firstFromMs === undefined) this.firstFromMs = fromMs;
    if (fromMs > this.firstFromMs) this.gather({ key, values }, timeMs);
    return ended;
  }

  /** The window that is open; undefined while it, or its reference, is too small. */
  current(): DriftWindow | undefined {
    const { open } = this;
    if (open === undefined || open.rows.length < windowRowsMin || this.references.size === 0) return undefined;
    const features = [...this.references].flatMap(([feature, reference]): DriftOfFeature[] => {
      if (!this.isSettled(feature, open.fromMs)) return [];
      const drift = driftOf(reference, open.rows.map(({ values }) => values[feature]));
      return drift === undefined ? [] : [{ feature, reference: reference.from, ...drift, passed: limitsPassed(drift) }];
    });
    return { fromMs: open.fromMs, toMs: open.fromMs + this.windowMs, decisions: open.seen, rows: open.rows.length, features };
  }

  /** Newest first; the open one is the first where it is large enough. */
  windows(): DriftWindow[] {
    const current = this.current();
    return [...(current === undefined ? [] : [current]), ...this.closed.toReversed()];
  }

  /** Nothing is gathered any more. */
  get isReady(): boolean { return this.firstFromMs !== undefined && this.gathered.size > 0 && [...this.kinds].every((settlesMs) => this.gathered.has(settlesMs)); }

  toJson(): unknown {
    return { references: [...this.references], gathering: [...this.gathering], gathered: [...this.gathered], open: this.open ?? null, closed: this.closed, backgroundId: this.backgroundId, firstFromMs: this.firstFromMs ?? null };
  }
  restore(json: unknown): void {
    const read = json as { references: Array<[string, Reference]>; gathering: Array<[number, Sampled[]]>; gathered: number[]; open: DriftBook['open'] | null; closed: DriftWindow[]; backgroundId: string; firstFromMs: number | null }; // written by toJson
    this.references = new Map(read.references);
    this.gathering.clear();
    for (const [settlesMs, rows] of read.gathering) this.gathering.set(settlesMs, rows);
    this.gathered = new Set(read.gathered);
    this.open = read.open ?? undefined;
    this.closed.splice(0, Infinity, ...read.closed);
    this.backgroundId = read.backgroundId;
    this.firstFromMs = read.firstFromMs ?? undefined;
  }

  private settlesMs(feature: string): number { return this.settling[feature.startsWith('p:') ? 'score' : feature] ?? 0; }

  /** A young world looks at its own growth: what a window holds is compared once the world is as old as the window. */
  private isSettled(feature: string, fromMs: number): boolean { return this.firstFromMs !== undefined && fromMs >= this.firstFromMs + this.windowMs + this.settlesMs(feature); }

  private isGathering(timeMs: number): boolean {
    for (const settlesMs of this.kinds) if (this.isDue(settlesMs, timeMs)) return true;
    return false;
  }

  private isDue(settlesMs: number, timeMs: number): boolean { return !this.gathered.has(settlesMs) && timeMs - (this.firstFromMs ?? timeMs) - this.windowMs >= settlesMs; }

  /** The first decisions after values have settled are the reference of everything that the background rows say nothing of. */
  private gather(row: Sampled, timeMs: number): void {
    for (const settlesMs of this.kinds) {
      if (!this.isDue(settlesMs, timeMs)) continue;
      const rows = this.gathering.get(settlesMs) ?? [];
      this.gathering.set(settlesMs, rows);
      rows.push({ key: row.key, values: Object.fromEntries(Object.entries(row.values).filter(([feature]) => this.settlesMs(feature) === settlesMs && !this.references.has(feature))) });
      if (rows.length < referenceRowsMin) continue;
      this.gathering.delete(settlesMs);
      this.gathered.add(settlesMs);
      for (const feature of new Set(rows.flatMap(({ values }) => Object.keys(values)))) this.references.set(feature, referenceOf(rows.map(({ values }) => values[feature] ?? null)));
    }
  }
}

function referenceOf(values: readonly Value[]): Reference {
  const from = 'decisions';
  if (!values.some((value) => typeof value === 'string')) return { from, kind: 'number', numbers: numericReference(values.map(numberOf)) };
  const categories = categoryReference(values.map((value) => (value === null ? null : String(value))));
  return Object.keys(categories.countByValue).length > categoriesPerFeatureMax ? { from, kind: 'none' } : { from, kind: 'category', categories };
}

function driftOf(reference: Reference, values: readonly (Value | undefined)[]): FeatureDrift | undefined {
  switch (reference.kind) {
    case 'none': return undefined;
    case 'number': return numericDrift(reference.numbers, values.map(numberOf));
    case 'category': return categoryDrift(reference.categories, values.map((value) => (value === null || value === undefined ? null : String(value))));
  }
}

const numberOf = (value: Value | undefined): number => (typeof value === 'number' ? value : Number.NaN);
