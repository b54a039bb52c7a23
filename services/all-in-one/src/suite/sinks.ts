import { traceIdOf, type Decision } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import type { Sink, TakenBatch } from '@weir/pipeline';
import { quarantineId, type Clock, type DecisionStore, type QuarantineRow, type QuarantineStore } from '@weir/ports';
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
export class DecisionSink implements Sink {
  readonly name = 'decisions';
  constructor(private readonly reader: BatchReader, private readonly store: DecisionStore) {}
  async write(batches: readonly TakenBatch[]): Promise<void> {
    const rows = batches.flatMap((batch) => this.reader.read(batch).rows);
    const lane = batches[0]?.lane;
    if (lane !== undefined && rows.length > 0) await this.store.write(lane, rows);
  }
}

/** Refused events. */
export class QuarantineSink implements Sink {
  readonly name = 'quarantine';
  constructor(private readonly store: QuarantineStore) {}
  async write(batches: readonly TakenBatch[]): Promise<void> {
    const rows = batches.flatMap((batch) => batch.outcomes.flatMap((outcome): QuarantineRow[] => (outcome.kind === 'quarantined' ? [{
      lane: outcome.lane, offset: outcome.offset, id: quarantineId(outcome), source: outcome.source, transactionId: outcome.id, reason: outcome.reason, field: outcome.field,
      expected: outcome.expected, got: outcome.got, receivedAtMs: outcome.receivedAtMs, json: outcome.json, resentAtMs: null,
    }] : [])));
    if (rows.length > 0) await this.store.write(rows);
  }
}

/** What is decided now, for those who watch. */
export class LiveSink implements Sink {
  readonly name = 'live';
  constructor(private readonly reader: BatchReader, private readonly feed: LiveFeed, private readonly onTaken: (batch: TakenBatch, taken: Taken) => void) {}
  write(batches: readonly TakenBatch[]): Promise<void> {
    for (const batch of batches) {
      const taken = this.reader.read(batch);
      this.onTaken(batch, taken);
      if (this.feed.watched) this.feed.decisions(taken.rows.map(({ decision }) => decision));
    }
    return Promise.resolve();
  }
}
