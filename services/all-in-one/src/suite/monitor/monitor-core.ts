import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbDecisionTail } from '@weir/adapters/lmdb';
import type { DecisionRow } from '@weir/ports';
import { replaceFileSync } from '../../replace-file';
import { factsOf, isHigh, keyOf } from './decision-facts';
import { slimRecords } from './slim-record';
import { DriftBook, type DriftWindow } from './drift-book';
import { QualityBook, type WeekQuality } from './quality-book';

export interface MonitorJob {
  /** Folder of the decision store. */
  readonly decisionsPath: string;
  /** Folder for what is found. */
  readonly path: string;
  readonly lanes: number;
  readonly labelDelayMs: number;
  readonly driftWindowMs: number;
  /** |label − p| above it is an error that asks for retraining. */
  readonly errorMax: number;
}

/** The models in force, as far as the monitors have to know them. */
export interface ModelsNow {
  readonly versions: Readonly<Record<string, number>>;
  /** Values of decisions that always move, as times do. */
  readonly moving: readonly string[];
  /** See `settlingOf`. */
  readonly settling: Readonly<Record<string, number>>;
  /** Rows kept with the champion, by the names that features have in decisions; an id for each such content. */
  readonly background: { readonly id: string; readonly columns: Readonly<Record<string, Float64Array>> } | null;
}

/** A label with the stored decision it is of. */
export interface LabelledRow { readonly row: Pick<DecisionRow, 'transactionId' | 'json' | 'eventTimeMs' | 'score' | 'outcome' | 'alert' | 'entities'>; readonly fraud: boolean; readonly atMs: number }

/** An answer of a model that a label showed to be far off. */
export interface HighError { readonly model: string; readonly version: number | null; readonly transactionId: string; readonly label: 0 | 1; readonly prediction: number; readonly error: number; readonly atMs: number }

export interface StepReport {
  /** Decisions that were stored and not looked at yet. */
  readonly behind: number;
  readonly driftWindows: readonly DriftWindow[];
}

/** Decisions that may wait to be looked at; above it some blocks are passed over, and the figures are of a sample. */
const behindMax = 100_000;
const saveEveryMs = 60_000;
const formatVersion = 2;

/**
 * Follows the stored decisions, a bounded time at a step, and keeps what quality and drift are computed of. Reads what is durable and nothing else, so it goes
 * on after a stop where it was.
 */
export class MonitorCore {
  private readonly tail: LmdbDecisionTail;
  private readonly quality: QualityBook;
  private readonly drift: DriftBook;
  private positions: number[];
  private newestMs = -Infinity;
  private models: ModelsNow = { versions: {}, moving: [], settling: {}, background: null };
  private labelCursor = 0;
  private savedAtMs = 0;
  private isChanged = false;

  constructor(private readonly job: MonitorJob) {
    mkdirSync(job.path, { recursive: true });
    this.tail = new LmdbDecisionTail({ path: job.decisionsPath, lanes: job.lanes, unpack: slimRecords() });
    this.quality = new QualityBook(job.labelDelayMs);
    this.drift = new DriftBook(job.driftWindowMs);
    this.positions = new Array<number>(job.lanes).fill(0);
    this.restore();
  }

  use(models: ModelsNow): void {
    this.models = models;
    this.drift.useSettling(models.settling);
    if (models.background !== null) this.drift.useBackground(models.background.id, models.background.columns);
  }

  /** Looks at what is new for at most `forMs`. */
  step(forMs: number): StepReport {
    const untilMs = performance.now() + forMs, driftWindows: DriftWindow[] = [];
    let behind = 0;
    for (let lane = 0; lane < this.job.lanes; lane += 1) {
      const end = this.tail.end(lane);
      behind += Math.max(0, end - this.read(lane, { end, untilMs, driftWindows }));
    }
    if (this.isChanged && performance.now() - this.savedAtMs > saveEveryMs) this.save();
    return { behind, driftWindows };
  }

  label(labelled: readonly LabelledRow[], cursor: number): readonly HighError[] {
    const errors: HighError[] = [];
    for (const { row, fraud, atMs } of labelled) {
      const facts = factsOf(row as DecisionRow, (model) => this.models.versions[model] ?? null);
      this.quality.label(facts, { fraud, knownMs: atMs });
      for (const { name, version, p, answers } of facts.models) {
        const error = Math.abs(Number(fraud) - p);
        if (answers && error > this.job.errorMax) errors.push({ model: name, version, transactionId: row.transactionId, label: fraud ? 1 : 0, prediction: p, error, atMs });
      }
    }
    this.labelCursor = cursor;
    this.isChanged = true;
    return errors;
  }

  get labelsThrough(): number { return this.labelCursor; }
  weeks(model: string | undefined): readonly WeekQuality[] { return this.quality.weeks(this.newestMs, model); }
  windows(): readonly DriftWindow[] { return this.drift.windows(); }

  async close(): Promise<void> {
    this.save();
    await this.tail.close();
  }

  private read(lane: number, of: { readonly end: number; readonly untilMs: number; readonly driftWindows: DriftWindow[] }): number {
    const stride = Math.max(1, Math.ceil((of.end - (this.positions[lane] ?? 0)) / behindMax));
    let index = 0;
    for (const block of this.tail.from(lane, this.positions[lane] ?? 0)) {
      const isRead = index++ % stride === 0;
      let first: DecisionRow | undefined;
      for (const row of block.rows()) {
        if (isRead) this.take(row, of.driftWindows);
        else { first = row; break; }
      }
      if (first !== undefined) {
        this.quality.pass({ timeMs: first.eventTimeMs, high: isHigh(first) }, block.count);
        this.drift.pass(block.count);
      }
      this.positions[lane] = block.next;
      this.isChanged = true;
      if (performance.now() > of.untilMs) break;
    }
    return this.positions[lane] ?? 0;
  }

  private take(row: DecisionRow, driftWindows: DriftWindow[]): void {
    this.newestMs = Math.max(this.newestMs, row.eventTimeMs);
    const of = { key: keyOf(row.transactionId), timeMs: row.eventTimeMs, high: isHigh(row) };
    const forQuality = this.quality.wants(of), forDrift = this.drift.wants(of);
    if (!forQuality) this.quality.pass(of);
    if (!forDrift) this.drift.pass();
    if (!forQuality && !forDrift) return;
    const facts = factsOf(row, (model) => this.models.versions[model] ?? null);
    if (forQuality) this.quality.add(facts);
    if (!forDrift) return;
    const ended = this.drift.add(this.models.moving.length === 0 ? facts : { ...facts, values: without(facts.values, this.models.moving) });
    if (ended !== undefined) driftWindows.push(ended);
  }

  private get file(): string { return join(this.job.path, 'monitor.json'); }

  /** Whole or not at all; what came after it is read again. */
  private save(): void {
    this.savedAtMs = performance.now();
    this.isChanged = false;
    const newestMs = Number.isFinite(this.newestMs) ? this.newestMs : null;
    replaceFileSync(this.file, JSON.stringify({ format: formatVersion, positions: this.positions, newestMs, labelCursor: this.labelCursor, quality: this.quality.toJson(), drift: this.drift.toJson() }));
  }

  private restore(): void {
    if (!existsSync(this.file)) return;
    const read = JSON.parse(readFileSync(this.file, 'utf8')) as { format: number; positions: number[]; newestMs: number | null; labelCursor: number; quality: unknown; drift: unknown }; // written by save
    if (read.format !== formatVersion || read.positions.length !== this.job.lanes) return; // of another make: begun anew
    this.positions = read.positions;
    this.newestMs = read.newestMs ?? -Infinity;
    this.labelCursor = read.labelCursor;
    this.quality.restore(read.quality);
    this.drift.restore(read.drift);
  }
}

function without<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Readonly<Record<string, T>> {
  const left = { ...values };
  for (const name of names) delete left[name];
  return left;
}
