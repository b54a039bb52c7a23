import assert from 'node:assert';
import type { Decision, IngestRefusal, Origin } from '@weir/contracts';

/** What the stages said of one record of a lane. */
export type Reply =
  | { readonly kind: 'decided'; readonly decision: Decision }
  /** Accepted, of a source that gets no decision. */
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly refusal: IngestRefusal };

/** Answers that came before somebody asked for them: the lane is read as soon as it is written, the asker hears of its offset a moment later. */
const earlyAnswersMax = 65_536;
const waitersMax = 262_144;
const lanesMax = 1_024;

/**
 * Brings the answer of a record to the one who waits for it, by origin. Only records marked with a reply address are kept for an asker that is
 * not there yet; the oldest go when nobody came, for a lost answer is found again by the transaction's id.
 */
export class Replies {
  private readonly waiterByOrigin = new Map<number, (reply: Reply) => void>();
  private readonly earlyByOrigin = new Map<number, Reply>();

  /** How many are waiting. */
  get waiting(): number { return this.waiterByOrigin.size; }

  /** Whether `count` more may wait. */
  hasRoom(count: number): boolean { return this.waiterByOrigin.size + count <= waitersMax; }

  /** Calls `answer` once, at once when the reply is there already. */
  expect(origin: Origin, answer: (reply: Reply) => void): void {
    const key = keyOf(origin.lane, origin.offset);
    const early = this.earlyByOrigin.get(key);
    if (early !== undefined) {
      this.earlyByOrigin.delete(key);
      answer(early);
      return;
    }
    assert(this.waiterByOrigin.size < waitersMax, `${this.waiterByOrigin.size} waiters, at most ${waitersMax} expected`);
    this.waiterByOrigin.set(key, answer);
  }

  /** Whoever waited has given up. */
  forget(origin: Origin): void { this.waiterByOrigin.delete(keyOf(origin.lane, origin.offset)); }

  /** Answers whoever waits, and keeps nothing for one who is not there: for answers that can be found elsewhere. */
  settle(lane: number, offset: number, reply: () => Reply): void {
    const key = keyOf(lane, offset), waiter = this.waiterByOrigin.get(key);
    if (waiter === undefined) return;
    this.waiterByOrigin.delete(key);
    waiter(reply());
  }

  deliver(lane: number, offset: number, reply: Reply): void {
    const key = keyOf(lane, offset);
    const waiter = this.waiterByOrigin.get(key);
    if (waiter !== undefined) {
      this.waiterByOrigin.delete(key);
      waiter(reply);
      return;
    }
    this.earlyByOrigin.set(key, reply);
    if (this.earlyByOrigin.size <= earlyAnswersMax) return;
    for (const oldest of this.earlyByOrigin.keys()) { this.earlyByOrigin.delete(oldest); break; }
  }
}

/** One number for both: exact up to 2^43 records in each of 1,024 lanes. */
const keyOf = (lane: number, offset: number): number => offset * lanesMax + lane;
