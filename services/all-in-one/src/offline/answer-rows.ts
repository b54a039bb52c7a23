import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WeirError } from '@weir/contracts';
import { parseMomentMs } from '@weir/definitions';
import { AnswerText, compileFeatures, Disorder, keysOf, PointInTimeSweep, type PointInTimeRow, type SweptEvent } from '@weir/features';
import { acceptedEvents, decodeSwept, encodeSwept } from './accepted-events';
import { ExternalSort } from './external-sort';
import type { LaneSource } from './lane-source';
import { Spool } from './spool';

export interface RowsQuestion {
  readonly source: LaneSource;
  /** Key fields, `time`, and a source's id where a row belongs to an event. */
  readonly rows: AsyncIterable<Readonly<Record<string, unknown>>>;
  readonly asKnown: boolean;
  readonly asDecided: boolean;
  /** Qualified names of the features that are answered; undefined: all. */
  readonly wanted?: ReadonlySet<string> | undefined;
  readonly progress?: (records: number) => void;
  /** Events in memory at once. */
  readonly eventsMax?: number;
}

/** Rows, each with its own event where it has one. In memory are some tens of bytes of each; the rest is in files. */
class RowSet {
  readonly timeMs: number[] = [];
  /** Place in the log of the row's own event; -1 for none. */
  readonly own: number[] = [];
  private readonly ownTimeMs: number[] = [];
  /** Number of the own event in its file. */
  private readonly ownAt: number[] = [];
  /** Where the states of each row's keys are. */
  private readonly places: number[] = [];
  private readonly byId = new Map<string, number[]>();
  private readonly texts: Spool;
  private readonly events: Spool;
  private readonly tokenised: ReadonlySet<string>;

  constructor(private readonly source: LaneSource, private readonly sweep: PointInTimeSweep, folder: string) {
    this.texts = new Spool(join(folder, 'rows'));
    this.events = new Spool(join(folder, 'events'));
    this.tokenised = new Set([...source.set.sources.values()].flatMap(({ fields }) => fields.flatMap((field) => (field.tokenise ? [field.name] : []))));
  }

  get count(): number { return this.texts.count; }

  async read(rows: RowsQuestion['rows']): Promise<void> {
    const sources = [...this.source.set.sources.values()].filter((each) => !each.builtin);
    for await (const row of rows) {
      const index = this.texts.add(JSON.stringify(row)), time = row['time'];
      this.sweep.ask(this.keysOf(row), this.places);
      this.timeMs[index] = (typeof time === 'string' || typeof time === 'number' ? parseMomentMs(time) : undefined) ?? Number.NaN;
      this.own[index] = -1;
      for (const { name, id } of sources) {
        const value = row[id];
        if (typeof value !== 'string' && typeof value !== 'number') continue;
        const place = `${name}/${String(value)}`, known = this.byId.get(place);
        if (known === undefined) this.byId.set(place, [index]);
        else known.push(index);
      }
    }
  }

  /** Finds the rows that an event is the own one of: events of the source that is decided before others; where an id occurred again the one of the row's time, else the newest. */
  resolve(swept: SweptEvent): void {
    const { event, order } = swept, rows = this.byId.get(`${event.source}/${event.id}`);
    if (rows === undefined) return;
    const number = this.events.add(encodeSwept(swept)), decides = this.source.set.sources.get(event.source)?.decide === true;
    for (const row of rows) {
      if ((this.own[row] as number) >= 0) {
        const known = this.ownOf(row)?.event, isOther = known !== undefined && known.source !== event.source;
        if (isOther ? !decides : known?.timeMs === this.timeMs[row] && event.timeMs !== this.timeMs[row]) continue;
      }
      this.own[row] = order;
      this.ownTimeMs[row] = event.timeMs;
      this.ownAt[row] = number;
    }
  }

  /** @throws WeirError WEIR_INPUT_INVALID naming the first row that has neither a time nor an event. */
  check(): void {
    const row = this.own.findIndex((own, index) => own < 0 && Number.isNaN(this.timeMs[index]));
    if (row < 0) return;
    const got = JSON.stringify((JSON.parse(this.text(row)) as Record<string, unknown>)['time'] ?? null);
    throw new WeirError('WEIR_INPUT_INVALID', `row ${row + 1}: time: a time (ISO 8601, or ms since the epoch) or the id of an event is expected, got ${got}`, { findings: [{ where: `row ${row + 1}`, field: 'time', expected: 'a time, or the id of an event', got }] });
  }

  text(row: number): string { return this.texts.get(row); }
  /** A row whose turn has come; `unseen`: see SweptRow. */
  answer(row: number, unseen: (own: SweptEvent) => boolean): void {
    const own = this.ownOf(row);
    this.sweep.answer({ rowIndex: row, places: this.places, placesFrom: row * this.sweep.placesPerRow, timeMs: this.timeMs[row] as number, own, unseen: own !== undefined && unseen(own) });
  }
  ownOf(row: number): SweptEvent | undefined { return (this.own[row] as number) < 0 ? undefined : decodeSwept(this.events.get(this.ownAt[row] as number)); }
  readMs(row: number): number { return (this.own[row] as number) < 0 ? (this.timeMs[row] as number) : (this.ownTimeMs[row] as number); }

  close(): void {
    this.texts.close();
    this.events.close();
  }

  private keysOf(row: Readonly<Record<string, unknown>>): PointInTimeRow['keys'] {
    const keys = keysOf(row);
    for (const field of this.tokenised) {
      const value = keys[field];
      if (value !== null && value !== undefined) keys[field] = this.source.tokeniser.token(String(value));
    }
    return keys;
  }
}

/**
 * Answers millions of rows over a log of any length in bounded memory: rows, answers and the rows' own events wait in files, events are sorted on disk, and
 * only the states of the keys that rows ask for are kept. The same values as `pointInTime`, in the order of the rows, a line of JSON each.
 * @throws WeirError WEIR_INPUT_INVALID for a row without a time; WEIR_USAGE for what cannot be answered.
 */
export async function* answerRows(question: RowsQuestion): AsyncGenerator<string, void, undefined> {
  const { source, asDecided, wanted, progress } = question, folder = mkdtempSync(join(tmpdir(), 'weir-rows-'));
  if (asDecided && source.lanes.length > 1) throw new WeirError('WEIR_USAGE', `as decided: over ${source.lanes.length} lanes what was served cannot be computed again from one log; take what was served (train-set --served), or read by event time`);
  try {
    const answers = new Spool(join(folder, 'answers')), answerOf: number[] = [], answerText = new AnswerText(wanted);
    const sweep = new PointInTimeSweep(compileFeatures(source.set), (answer) => { answerOf[answer.rowIndex] = answers.add(answerText.of(answer).slice(1)); });
    const rows = new RowSet(source, sweep, folder), asKnown = asDecided || question.asKnown;
    await rows.read(question.rows);
    const events = new ExternalSort<SweptEvent>({ folder, compare: seenOrder(asKnown), encode: encodeSwept, decode: decodeSwept, ...(question.eventsMax === undefined ? {} : { itemsMax: question.eventsMax }) });
    const disorder = new Disorder();
    let lagMs = 0; // how long events take to be seen
    for await (const swept of acceptedEvents(source, progress)) {
      rows.resolve(swept);
      disorder.see(swept.event.timeMs);
      lagMs = Math.max(lagMs, seenAtMs(swept, asKnown) - swept.event.timeMs);
      if (!asDecided) events.add(swept);
    }
    rows.check();
    const decided = rows.own.flatMap((own, row) => (asDecided && own >= 0 ? [row] : [])), others = rows.own.flatMap((own, row) => (asDecided && own >= 0 ? [] : [row]));
    // Rows of decisions go by the log; what else is asked beside them is read as known, by time.
    if (asDecided && others.length > 0) for await (const swept of acceptedEvents(source)) events.add(swept);
    if (others.length > 0) sweepByTime(sweep, events.sorted(), rows, { of: others, asKnown, lagMs });
    sweep.forget();
    if (decided.length > 0) await sweepByLog(sweep, acceptedEvents(source), rows, { of: decided, disorderMs: disorder.mostMs });
    for (let row = 0; row < rows.count; row++) {
      const text = rows.text(row);
      yield `${text.slice(0, -1)}${text === '{}' ? '' : ','}${answers.get(answerOf[row] as number)}`;
    }
    for (const each of [rows, answers, events]) each.close();
  } finally { rmSync(folder, { recursive: true, force: true }); }
}

const seenAtMs = ({ event }: SweptEvent, asKnown: boolean): number => (asKnown ? Math.max(event.timeMs, event.receivedAtMs) : event.timeMs);
const rank = (swept: SweptEvent, asKnown: boolean): number => (swept.event.timeMs === seenAtMs(swept, asKnown) ? 1 : 0);
const seenOrder = (asKnown: boolean) => (left: SweptEvent, right: SweptEvent): number => seenAtMs(left, asKnown) - seenAtMs(right, asKnown) || rank(left, asKnown) - rank(right, asKnown) || left.order - right.order;

const rowRank = (rows: RowSet, row: number): number => ((rows.own[row] as number) < 0 ? Infinity : (rows.own[row] as number));

/** As `pointInTime` does it: events in the order in which they can be seen, each row after all it may see. */
function sweepByTime(sweep: PointInTimeSweep, events: Iterator<SweptEvent>, rows: RowSet, { of, asKnown, lagMs }: { readonly of: readonly number[]; readonly asKnown: boolean; readonly lagMs: number }): void {
  const sorted = [...of].sort((a, b) => rows.readMs(a) - rows.readMs(b) || compare(rowRank(rows, a), rowRank(rows, b)) || a - b);
  let next = events.next();
  for (const row of sorted) {
    const atMs = rows.readMs(row), last = rowRank(rows, row);
    for (; next.done !== true; next = events.next()) {
      const seenMs = seenAtMs(next.value, asKnown);
      if (seenMs > atMs || (seenMs === atMs && rank(next.value, asKnown) === 1 && next.value.order > last)) break;
      sweep.apply(next.value);
      sweep.settle(seenMs - lagMs);
    }
    rows.answer(row, (own) => seenAtMs(own, asKnown) > atMs);
  }
}

/** Events in the order of the log, each row right behind its event. */
async function sweepByLog(sweep: PointInTimeSweep, events: AsyncIterable<SweptEvent>, rows: RowSet, { of, disorderMs }: { readonly of: readonly number[]; readonly disorderMs: number }): Promise<void> {
  const sorted = [...of].sort((a, b) => (rows.own[a] as number) - (rows.own[b] as number) || a - b), earliestMs = new Float64Array(sorted.length + 1).fill(Infinity);
  for (let i = sorted.length - 1; i >= 0; i--) earliestMs[i] = Math.min(earliestMs[i + 1] as number, rows.readMs(sorted[i] as number));
  let next = 0, newestMs = -Infinity;
  for await (const own of events) {
    if (next === sorted.length) return;
    sweep.apply(own);
    newestMs = Math.max(newestMs, own.event.timeMs);
    for (; next < sorted.length && rows.own[sorted[next] as number] === own.order; next++) rows.answer(sorted[next] as number, () => false);
    sweep.settle(Math.min(earliestMs[next] as number, newestMs - disorderMs));
  }
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
