import type { Decision, EventItem, LaneTime, PatternMatch, RawBody, Value, Verdict } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet, type Source } from '@weir/definitions';
import type { Outcome } from '@weir/pipeline';
import type { FrontBatch } from './front-batch';
import { decisionOf, storedDecision, type ReadPack, type StoredPack } from './stored-rows';
import type { StoredVerdict } from './stored-comparison';

/** A record of the lane that changes what decides: a set, or entries of lists. */
export interface ControlRecord { readonly offset: number; readonly appendedAtMs: number; readonly body: Extract<RawBody, { readonly kind: 'definitions' | 'list' }> }

export interface RecordedFrontOptions {
  readonly lane: number;
  readonly read: ReadPack;
  /** Decisions through this offset. */
  readonly throughOffset: number;
  /** In the order of the lane. */
  readonly controls: readonly ControlRecord[];
  /** Decisions a batch. */
  readonly batchMax: number;
}

/** A stored decision does not say all that it was made of; the log has to be replayed. */
export class RecordUnusable extends Error {
  override readonly name = 'RecordUnusable';
}

const noMatches: readonly PatternMatch[] = Object.freeze([]);
const noNames: readonly string[] = Object.freeze([]);

/**
 * Stored decisions as the items they were decided from: their vectors, matches and profile rows as they were. Good for sets whose features and patterns are
 * those of the whole log; what lists held is found again from the records and the decisions between. @throws RecordUnusable.
 */
export async function* recordedBatches({ lane, read, throughOffset, controls, batchMax }: RecordedFrontOptions): AsyncGenerator<FrontBatch, void, undefined> {
  const maker = new ItemMaker(lane);
  let control = 0, from = 0;
  for (;;) {
    const pack = from > throughOffset ? undefined : await read(from, batchMax);
    const outcomes: Outcome[] = [], stored = new Map<number, StoredVerdict>();
    const last = pack?.offsets.at(-1);
    for (let row = 0; pack !== undefined && row < pack.offsets.length; row += 1) {
      const offset = pack.offsets[row] as number;
      if (offset > throughOffset) break;
      for (let next = controls[control]; next !== undefined && next.offset < offset; next = controls[++control]) outcomes.push(maker.control(next));
      const decision = usable(pack, row);
      outcomes.push(maker.item(decision, { offset, receivedAtMs: pack.receivedAtMs[row] as number }));
      stored.set(offset, storedDecision(pack, row, decision));
    }
    if (last === undefined || last >= throughOffset) {
      for (let next = controls[control]; next !== undefined && next.offset <= throughOffset; next = controls[++control]) outcomes.push(maker.control(next));
      yield { records: throughOffset + 1 - from, outcomes, stored };
      return;
    }
    yield { records: last + 1 - from, outcomes, stored };
    from = last + 1;
  }
}

function usable(pack: StoredPack, row: number): Decision {
  const decision = decisionOf(pack, row);
  if (decision === undefined) throw new RecordUnusable('a decision is stored as text');
  const { degraded, vector } = decision.verdict;
  if (degraded && vector.statuses.length > 0 && vector.statuses.every((status) => status === 0)) throw new RecordUnusable(`decision ${decision.verdict.id} was taken without its features`);
  return decision;
}

/** Makes items; knows the sets that came by. */
class ItemMaker {
  private set: DefinitionSet | undefined;
  private readonly highestMs = new Map<string, number>();
  private time: LaneTime = { clockMs: -Infinity, watermarkMsBySource: new Map() };

  constructor(private readonly lane: number) {}

  control({ offset, appendedAtMs, body }: ControlRecord): Outcome {
    const base = { lane: this.lane, offset, receivedAtMs: appendedAtMs, time: this.time, matches: noMatches };
    if (body.kind === 'list') return { ...base, kind: 'list', listChanges: body.changes };
    this.set = resolveCanonicalSet(body.json);
    return { ...base, kind: 'definitions', setId: body.setId, json: body.json };
  }

  item({ verdict }: Decision, { offset, receivedAtMs }: { readonly offset: number; readonly receivedAtMs: number }): EventItem {
    const name = verdict.source ?? '', source = this.set?.sources.get(name), layout = this.set?.layoutBySource.get(name);
    if (source === undefined || layout === undefined || layout.names.length !== verdict.vector.numbers.length) throw new RecordUnusable(`decision ${verdict.id} is not of the set that its place says`);
    const { numbers, others, statuses } = verdict.vector;
    return {
      kind: 'event', lane: this.lane, offset, receivedAtMs, time: this.timeAt(source, verdict.event_time), decide: true, late: false, replyTo: undefined,
      event: { source: name, id: verdict.transaction_id, timeMs: verdict.event_time, reportedTimeMs: verdict.event_time, receivedAtMs, values: source.fields.map((field) => (verdict.tx[field.name] ?? null) as Value), marks: verdict.marks ?? noNames, extra: undefined },
      vector: { layout, numbers, others, statuses }, profiles: profilesOf(verdict), positions: verdict.positions ?? undefined,
      matches: verdict.matches.length === 0 ? noMatches : verdict.matches.map((match) => matchOf(match, verdict.event_time)), patternsKeyed: noNames, verdict: undefined,
    };
  }

  /** The watermark as far as these decisions tell. It may have been higher: what has ended is then forgotten later than live, which changes no answer. */
  private timeAt({ name, outOfOrdernessMs }: Source, timeMs: number): LaneTime {
    if (timeMs <= (this.highestMs.get(name) ?? -Infinity)) return this.time;
    this.highestMs.set(name, timeMs);
    return (this.time = { clockMs: this.time.clockMs, watermarkMsBySource: new Map([...this.time.watermarkMsBySource, [name, timeMs - outOfOrdernessMs]]) });
  }
}

function profilesOf({ profiles }: Verdict): EventItem['profiles'] {
  for (const _table in profiles) return new Map(Object.entries(profiles) as [string, Readonly<Record<string, Value>>][]);
  return undefined;
}

const matchOf = ({ pattern, version, events }: Verdict['matches'][number], atMs: number): PatternMatch =>
  ({ pattern, version, events, mode: 'live', kind: 'match', key: '', firstTimeMs: atMs, lastTimeMs: atMs, byEvent: true });
