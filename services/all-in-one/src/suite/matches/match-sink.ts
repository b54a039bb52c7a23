import { isItem, type Sink, type TakenBatch } from '@weir/pipeline';
import type { EventLog } from '@weir/ports';
import { readBetween } from '../topic-pages';
import { encodeMatch, originOf, storedMatch, type StoredMatch } from './match-record';

/** Records looked at for the last match: a broker's own marks take some too. */
const tailMax = 64;

/**
 * Writes what patterns give to the topic `matches`, once: matches of live and shadow patterns, by an event or by time alone, time-outs, bounds that
 * were reached, and the events that came too late for an ordered pattern. All of a batch is one append, so its last record says which were written.
 */
export class MatchSink implements Sink<readonly StoredMatch[]> {
  readonly name = 'matches';
  constructor(private readonly log: EventLog, private readonly lane: number, /** Entity type of a pattern's keys. */ private readonly entityOf: (pattern: string) => string | null) {}

  async position(lane: number): Promise<number> {
    const { first, next } = await this.log.bounds('matches', lane);
    const last = (await readBetween(this.log, { topic: 'matches', lane, from: Math.max(first, next - tailMax), below: next })).at(-1);
    return last === undefined ? -1 : originOf(last).offset;
  }

  async write(taken: ReadonlyArray<readonly StoredMatch[]>): Promise<void> { await this.log.append('matches', this.lane, taken.flat().map(encodeMatch)); }

  take(batch: TakenBatch): readonly StoredMatch[] | undefined {
    const given: StoredMatch[] = [];
    for (const outcome of batch.outcomes) {
      if (!isItem(outcome) || outcome.matches.length === 0) continue;
      const origin = { lane: outcome.lane, offset: outcome.offset };
      outcome.matches.forEach((match, place) => given.push(storedMatch(match, origin, place, this.entityOf(match.pattern))));
    }
    return given.length === 0 ? undefined : given;
  }
}
