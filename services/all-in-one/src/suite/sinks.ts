import { traceIdOf, type Decision } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import type { Sink, TakenBatch } from '@weir/pipeline';
import { quarantineId, type Clock, type DecisionStore, type QuarantineRow, type QuarantineStore, type TakenDecisions } from '@weir/ports';
import { EntityReader } from '../history/entity-reader';
import { decisionRow, DecisionPacker, envelopes, type DecidedRow } from './decision-rows';
import type { LiveFeed } from './live-feed';
import { traceparentIn } from './batch-traces';

/** What a batch becomes for those behind it: made once, shared by all sinks and the replies. */
export class Taken {
  constructor(readonly rows: readonly DecidedRow[], private readonly undecided: ReadonlyMap<number, readonly string[]>) {}

  /** The decision of a record; undefined for one that has none. */
  decisionAt(offset: number): Decision | undefined { return this.rowAt(offset)?.decision; }

  /** Entities of an event, as `type:key`. */
  entitiesAt(offset: number): readonly string[] { return this.rowAt(offset)?.entities ?? this.undecided.get(offset) ?? []; }

  private rowAt(offset: number): DecidedRow | undefined {
    let low = 0, high = this.rows.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1, row = this.rows[middle] as DecidedRow;
      if (row.offset === offset) return row;
      if (row.offset < offset) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}

/** Turns batches into decisions and rows; remembers the set in force, for entities are named by it. One lane each. */
export class BatchReader {
  private bySet: { readonly entities: EntityReader; readonly packer: DecisionPacker } | undefined;

  /** `restored`: the set that was in force where the lane starts. */
  constructor(private readonly clock: Clock, private readonly restored: () => DefinitionSet | undefined) {}

  read(batch: TakenBatch): Taken {
    if (batch.made !== undefined) return batch.made as Taken; // nobody else makes anything of a batch
    const nowMs = this.clock.nowMs(), envelopeOf = envelopes(batch.stageMs, nowMs);
    const rows: DecidedRow[] = [];
    const undecided = new Map<number, readonly string[]>();
    for (let index = 0; index < batch.outcomes.length; index++) {
      const outcome = batch.outcomes[index] as TakenBatch['outcomes'][number];
      if (outcome.kind === 'definitions' && outcome.json !== undefined) this.use(resolveCanonicalSet(outcome.json));
      if (outcome.kind !== 'event') continue;
      const { verdict } = outcome;
      const bySet = this.readers(), entities = bySet?.entities.of(outcome) ?? [];
      if (verdict === undefined) undecided.set(outcome.offset, entities);
      else {
        const record = batch.records[index], meta = envelopeOf(record?.appendedAtMs ?? nowMs), traceparent = traceparentIn(record);
        rows.push(decisionRow(outcome, { verdict, meta: traceparent === undefined ? meta : { ...meta, trace_id: traceIdOf(traceparent) } }, entities, bySet?.packer));
      }
    }
    return (batch.made = new Taken(rows, undecided));
  }

  private readers(): BatchReader['bySet'] {
    if (this.bySet === undefined) {
      const set = this.restored();
      if (set !== undefined) this.use(set);
    }
    return this.bySet;
  }

  private use(set: DefinitionSet): void { this.bySet = { entities: new EntityReader(set), packer: new DecisionPacker(set) }; }
}

/** Decisions by id, by transaction and for search. After a crash it may get a record again: the store keeps the first of each origin. */
export class DecisionSink implements Sink<TakenDecisions> {
  readonly name = 'decisions';
  constructor(private readonly lane: number, private readonly reader: BatchReader, private readonly store: DecisionStore) {}

  take(batch: TakenBatch): TakenDecisions | undefined {
    const { rows } = this.reader.read(batch);
    return rows.length === 0 ? undefined : this.store.take(rows);
  }

  write(taken: readonly TakenDecisions[]): Promise<void> { return this.store.write(this.lane, taken); }
}

/** Refused events. */
export class QuarantineSink implements Sink<readonly QuarantineRow[]> {
  readonly name = 'quarantine';
  constructor(private readonly store: QuarantineStore) {}

  take({ outcomes }: TakenBatch): readonly QuarantineRow[] | undefined {
    const rows: QuarantineRow[] = [];
    for (const outcome of outcomes) {
      if (outcome.kind !== 'quarantined') continue;
      rows.push({
        lane: outcome.lane, offset: outcome.offset, id: quarantineId(outcome), source: outcome.source, transactionId: outcome.id, reason: outcome.reason, field: outcome.field,
        expected: outcome.expected, got: outcome.got, receivedAtMs: outcome.receivedAtMs, json: outcome.json, resentAtMs: null,
      });
    }
    return rows.length === 0 ? undefined : rows;
  }

  write(taken: ReadonlyArray<readonly QuarantineRow[]>): Promise<void> { return this.store.write(taken.flat()); }
}

/** What is decided now, for those who watch. */
export class LiveSink implements Sink<never> {
  readonly name = 'live';
  constructor(private readonly reader: BatchReader, private readonly feed: LiveFeed, private readonly onTaken: (batch: TakenBatch, taken: Taken) => void) {}

  take(batch: TakenBatch): undefined {
    const taken = this.reader.read(batch);
    this.onTaken(batch, taken);
    if (this.feed.watched) this.feed.decisions(taken.rows.map(({ decision }) => decision));
    return undefined;
  }

  write(): Promise<void> { return Promise.resolve(); }
}
