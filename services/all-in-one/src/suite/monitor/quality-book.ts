import { averagePrecision, brierScore, calibrationCurve, cardPrecisionAt, expectedCalibrationError, rocAuc, type CalibrationBin, type ScoredCard } from '@weir/models';
import { keysMax, type DecisionFacts } from './decision-facts';

export const dayMs = 86_400_000;
export const weekMs = 7 * dayMs;
/** Rows kept of a model and week, of the decisions that were held or alerted and of the others each; fraud that became known is kept besides. */
export const rowsPerStratumMax = 2_000;
const weeksMax = 13;
/** Cards a day that people can look at. */
const cardsPerDay = 100;

/** `known`: time at which its label became known; null: nothing is known. */
interface Row { readonly key: number; readonly timeMs: number; readonly card: string; readonly p: number; readonly alert: boolean; fraud: boolean | null; knownMs: number | null }
interface Stratum { /** Decisions that were read. */ seen: number; /** Keys below it are kept. */ below: number; readonly rows: Map<number, Row> }
interface PackedBook extends Omit<Book, 'high' | 'rest' | 'found'> { readonly high: Omit<Stratum, 'rows'> & { readonly rows: readonly Row[] }; readonly rest: PackedBook['high']; readonly found: readonly Row[] }
interface Book { readonly model: string; readonly version: number | null; readonly answers: boolean; readonly weekStartMs: number; readonly high: Stratum; readonly rest: Stratum; readonly found: Map<number, Row> }
/** Decisions of a week that were not read. */
interface Passed { high: number; rest: number }

export interface WeekQuality {
  readonly model: string;
  readonly version: number | null;
  /** False: it ran beside, as a shadow or as a model that another one answered for. */
  readonly answers: boolean;
  readonly weekStartMs: number;
  readonly decisions: number;
  /** Rows that the figures are of; fewer than the decisions where they are a sample. */
  readonly rows: number;
  /** Share of the decisions that are old enough for their labels. */
  readonly mature: number;
  readonly frauds: number;
  readonly fraudShare: number | null;
  readonly meanP: number | null;
  readonly auc: number | null;
  readonly averagePrecision: number | null;
  readonly cardPrecision: { readonly k: number; readonly value: number | null };
  readonly brier: number | null;
  readonly calibrationError: number | null;
  readonly calibration: readonly CalibrationBin[];
  readonly alertRate: number | null;
}

/**
 * How good each version of each model was, week by week (from Monday, UTC). Decisions older than the label delay count: as fraud when that became known, else as
 * genuine, for nobody reports a genuine payment. Younger ones wait, known frauds among them too, for only frauds become known early.
 */
export class QualityBook {
  private readonly books = new Map<string, Book>();
  private readonly passedByWeek = new Map<number, Passed>();

  constructor(private readonly labelDelayMs: number) {}

  /** True when a decision of this key would be kept for some model of its week; so that others need not be read. `weight`: decisions that it stands for, itself included. */
  wants(of: { readonly key: number; readonly timeMs: number; readonly high: boolean }): boolean {
    const weekStartMs = weekOf(of.timeMs);
    let known = false;
    for (const book of this.books.values()) {
      if (book.weekStartMs !== weekStartMs) continue;
      known = true;
      if (of.key < (of.high ? book.high : book.rest).below) return true;
    }
    return !known;
  }

  /** Decisions that were not read: they count for the models of their week as those do that were. */
  pass(of: { readonly timeMs: number; readonly high: boolean }, count = 1): void {
    const weekStartMs = weekOf(of.timeMs), passed = this.passedByWeek.get(weekStartMs) ?? { high: 0, rest: 0 };
    this.passedByWeek.set(weekStartMs, passed);
    passed[of.high ? 'high' : 'rest'] += count;
  }

  add(facts: DecisionFacts): void {
    for (const { name, version, p, answers } of facts.models) {
      const book = this.book({ model: name, version, answers, weekStartMs: weekOf(facts.timeMs) }), stratum = facts.high ? book.high : book.rest;
      if (book.found.has(facts.key) || stratum.rows.has(facts.key)) continue;
      stratum.seen += 1;
      if (facts.key >= stratum.below) continue;
      stratum.rows.set(facts.key, { key: facts.key, timeMs: facts.timeMs, card: facts.card, p, alert: facts.alert, fraud: null, knownMs: null });
      if (stratum.rows.size > rowsPerStratumMax) thin(stratum);
    }
  }

  /** What became known of a decision, whether it was kept or not. */
  label(facts: DecisionFacts, { fraud, knownMs }: { readonly fraud: boolean; readonly knownMs: number }): void {
    for (const { name, version, p, answers } of facts.models) {
      const book = this.book({ model: name, version, answers, weekStartMs: weekOf(facts.timeMs) });
      const kept = book.high.rows.get(facts.key) ?? book.rest.rows.get(facts.key) ?? book.found.get(facts.key);
      if (kept !== undefined) {
        if (kept.knownMs !== null && kept.knownMs > knownMs) continue;
        kept.fraud = fraud;
        kept.knownMs = knownMs;
      } else if (fraud) book.found.set(facts.key, { key: facts.key, timeMs: facts.timeMs, card: facts.card, p, alert: facts.alert, fraud, knownMs });
    }
  }

  /** Newest week first. `nowMs`: time of the newest decision. */
  weeks(nowMs: number, model?: string): WeekQuality[] {
    return [...this.books.values()].filter((book) => model === undefined || book.model === model)
      .sort((a, b) => b.weekStartMs - a.weekStartMs || (a.model < b.model ? -1 : a.model > b.model ? 1 : 0) || (b.version ?? 0) - (a.version ?? 0) || Number(b.answers) - Number(a.answers))
      .map((book) => figures(book, { matureBeforeMs: nowMs - this.labelDelayMs, passed: this.passedBy(book) }));
  }

  toJson(): unknown {
    const packed = (stratum: Stratum): unknown => ({ ...stratum, rows: [...stratum.rows.values()] });
    return { books: [...this.books.values()].map((book) => ({ ...book, high: packed(book.high), rest: packed(book.rest), found: [...book.found.values()] })), passed: [...this.passedByWeek] };
  }

  restore(json: unknown): void {
    const { books, passed } = json as { readonly books: readonly PackedBook[]; readonly passed: ReadonlyArray<[number, Passed]> }; // written by toJson
    const byKey = (rows: readonly Row[]): Map<number, Row> => new Map(rows.map((row) => [row.key, row]));
    for (const book of books) this.books.set(keyOfBook(book), { ...book, high: { ...book.high, rows: byKey(book.high.rows) }, rest: { ...book.rest, rows: byKey(book.rest.rows) }, found: byKey(book.found) });
    for (const [week, count] of passed) this.passedByWeek.set(week, count);
  }

  /** Of the decisions that were not read, those that were of this model, as far as those say that were. */
  private passedBy(book: Book): Passed {
    const passed = this.passedByWeek.get(book.weekStartMs);
    if (passed === undefined) return { high: 0, rest: 0 };
    const share = (of: 'high' | 'rest'): number => {
      let seen = 0;
      for (const other of this.books.values()) if (other.answers && other.weekStartMs === book.weekStartMs) seen += other[of].seen;
      return seen === 0 ? 0 : Math.min(1, book[of].seen / seen);
    };
    return { high: passed.high * share('high'), rest: passed.rest * share('rest') };
  }

  private book(of: Pick<Book, 'model' | 'version' | 'answers' | 'weekStartMs'>): Book {
    const key = keyOfBook(of), known = this.books.get(key);
    if (known !== undefined) return known;
    const made: Book = { ...of, high: { seen: 0, below: keysMax, rows: new Map() }, rest: { seen: 0, below: keysMax, rows: new Map() }, found: new Map() };
    this.books.set(key, made);
    const weeks = [...new Set([...this.books.values()].map(({ weekStartMs }) => weekStartMs))].sort((a, b) => b - a);
    const oldest = weeks[weeksMax - 1] ?? -Infinity;
    for (const [name, { weekStartMs }] of this.books) if (weekStartMs < oldest) this.books.delete(name);
    for (const week of this.passedByWeek.keys()) if (week < oldest) this.passedByWeek.delete(week);
    return made;
  }
}

const keyOfBook = ({ model, version, answers, weekStartMs }: Pick<Book, 'model' | 'version' | 'answers' | 'weekStartMs'>): string => `${weekStartMs} ${model} ${version} ${answers}`;
/** Monday, 00:00 UTC: 1970-01-05 was one. */
export const weekOf = (timeMs: number): number => Math.floor((timeMs - 4 * dayMs) / weekMs) * weekMs + 4 * dayMs;

/** Half of the keys go; those that are left stand for twice as many. */
function thin(stratum: Stratum): void {
  stratum.below /= 2;
  for (const [key, { fraud }] of stratum.rows) if (key >= stratum.below && fraud !== true) stratum.rows.delete(key);
}

function figures(book: Book, { matureBeforeMs, passed }: { readonly matureBeforeMs: number; readonly passed: Passed }): WeekQuality {
  const { model, version, answers, weekStartMs } = book;
  const all: Array<Row & { readonly weight: number }> = [...book.found.values()].map((row) => ({ ...row, weight: 1 }));
  for (const stratum of ['high', 'rest'] as const) {
    // Known frauds are all here, each for itself; the others stand for the rest of what there was.
    const rows = [...book[stratum].rows.values()], frauds = rows.filter(({ fraud }) => fraud === true).length, others = rows.length - frauds;
    const there = book[stratum].seen + passed[stratum] - frauds - (stratum === 'rest' ? book.found.size : 0);
    const weight = others === 0 ? 1 : Math.max(1, there / others);
    for (const row of rows) all.push({ ...row, weight: row.fraud === true ? 1 : weight });
  }
  const ripe = all.filter(({ timeMs }) => timeMs < matureBeforeMs);
  const scored: ScoredCard[] = ripe.map(({ p, fraud, weight, timeMs, card }) => ({ score: p, fraud: fraud === true, weight, day: Math.floor(timeMs / dayMs), card }));
  const weightOf = (rows: ReadonlyArray<{ readonly weight?: number }>): number => rows.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const total = weightOf(all), ripeTotal = weightOf(ripe), frauds = scored.filter(({ fraud }) => fraud).length;
  return {
    model, version, answers, weekStartMs, decisions: Math.round(total), rows: all.length, mature: total === 0 ? 0 : ripeTotal / total, frauds,
    fraudShare: share(frauds, ripeTotal), meanP: share(scored.reduce((sum, { score, weight = 1 }) => sum + score * weight, 0), ripeTotal),
    auc: known(rocAuc(scored)), averagePrecision: known(averagePrecision(scored)), cardPrecision: { k: cardsPerDay, value: frauds === 0 ? null : known(cardPrecisionAt(scored, cardsPerDay).mean) },
    brier: known(brierScore(scored)), calibrationError: known(expectedCalibrationError(scored)), calibration: calibrationCurve(scored),
    alertRate: share(weightOf(all.filter(({ alert }) => alert)), total),
  };
}

const known = (value: number): number | null => (Number.isFinite(value) ? value : null);
const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
