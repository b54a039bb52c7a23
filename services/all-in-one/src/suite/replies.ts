import assert from 'node:assert';
import type { Decision, IngestRefusal, Origin } from '@weir/contracts';

/** What the stages said of one record of a lane. */
export type Reply =
  | { readonly kind: 'decided'; readonly decision: Decision }
  /** Accepted, of a source that gets no decision. */
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly refusal: IngestRefusal };

/** Records that lie one behind the other in a lane, and who waits for their answers. */
export interface AwaitedRun {
  readonly lane: number;
  readonly firstOffset: number;
  /** 1 for each record that has its answer. */
  readonly answered: Uint8Array;
  left: number;
  /**
   * Undefined once all are answered, or nobody waits any more: the collector of young objects takes an old one that is dead for alive, so what is let go must hold nothing, or
   * every decision answered through it would be moved to the old ones.
   */
  answer: ((index: number, reply: Reply) => void) | undefined;
}

/** Answers that came before somebody asked for them: the lane is read as soon as it is written, the asker hears of its offset a moment later. */
const earlyAnswersMax = 65_536;
const waitersMax = 262_144;
const lanesMax = 1_024;

/**
 * Brings the answer of a record to the one who waits for it, by origin. Only records marked with a reply address are kept for an asker that is
 * not there yet; the oldest go when nobody came, for a lost answer is found again by the transaction's id.
 */
export class Replies {
  /** Ascending by offset, none over another. */
  private readonly runsByLane = new Map<number, AwaitedRun[]>();
  private readonly earlyByOrigin = new Map<number, Reply>();
  private records = 0;

  /** How many records are waited for. */
  get waiting(): number { return this.records; }

  /** Whether `count` more may be waited for. */
  hasRoom(count: number): boolean { return this.records + count <= waitersMax; }

  /** Calls `answer` once for each of `count` records from an origin on, with its place among them; at once for replies that are there already. */
  expect({ lane, offset: firstOffset }: Origin, count: number, answer: (index: number, reply: Reply) => void): AwaitedRun {
    assert(this.hasRoom(count), `${this.records} records are waited for, at most ${waitersMax} expected`);
    const run: AwaitedRun = { lane, firstOffset, answered: new Uint8Array(count), left: count, answer };
    this.records += count;
    const runs = this.runsOf(lane);
    runs.splice(placeOf(runs, firstOffset) + 1, 0, run);
    if (this.earlyByOrigin.size > 0) for (let index = 0; index < count; index++) this.answerEarly(run, index);
    return run;
  }

  /** Whoever waited has given up. */
  forget(run: AwaitedRun): void {
    if (run.answer !== undefined) this.end(run);
  }

  /** Answers whoever waits, and keeps nothing for one who is not there: for answers that can be found elsewhere. */
  settle(lane: number, offset: number, reply: () => Reply): void {
    const run = this.awaited(lane, offset);
    if (run !== undefined) this.answer(run, offset - run.firstOffset, reply());
  }

  deliver(lane: number, offset: number, reply: Reply): void {
    const run = this.awaited(lane, offset);
    if (run !== undefined) return this.answer(run, offset - run.firstOffset, reply);
    this.earlyByOrigin.set(keyOf(lane, offset), reply);
    if (this.earlyByOrigin.size <= earlyAnswersMax) return;
    for (const oldest of this.earlyByOrigin.keys()) { this.earlyByOrigin.delete(oldest); break; }
  }

  private answerEarly(run: AwaitedRun, index: number): void {
    const key = keyOf(run.lane, run.firstOffset + index), early = this.earlyByOrigin.get(key);
    if (early === undefined) return;
    this.earlyByOrigin.delete(key);
    this.answer(run, index, early);
  }

  private answer(run: AwaitedRun, index: number, reply: Reply): void {
    const { answer } = run;
    run.answered[index] = 1;
    run.left--;
    this.records--;
    if (run.left === 0) this.end(run);
    answer?.(index, reply);
  }

  private end(run: AwaitedRun): void {
    const runs = this.runsOf(run.lane);
    runs.splice(placeOf(runs, run.firstOffset), 1);
    this.records -= run.left;
    run.left = 0;
    run.answer = undefined;
  }

  /** The run in which a record still waits for its answer. */
  private awaited(lane: number, offset: number): AwaitedRun | undefined {
    const runs = this.runsOf(lane), run = runs[placeOf(runs, offset)];
    return run?.answered[offset - run.firstOffset] === 0 ? run : undefined;
  }

  private runsOf(lane: number): AwaitedRun[] {
    let runs = this.runsByLane.get(lane);
    if (runs === undefined) this.runsByLane.set(lane, (runs = []));
    return runs;
  }
}

/** Index of the last run that begins at or before an offset; -1 for none. */
function placeOf(runs: readonly AwaitedRun[], offset: number): number {
  let low = -1, high = runs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((runs[middle] as AwaitedRun).firstOffset <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** One number for both: exact up to 2^43 records in each of 1,024 lanes. */
const keyOf = (lane: number, offset: number): number => offset * lanesMax + lane;
