import type { LmdbDecisionReader, LmdbOutcomeLog } from '@weir/adapters/lmdb';
import type { ParquetOfflineStore } from '@weir/adapters/parquet';
import { IngestStage } from '@weir/ingest';
import { resolveCanonicalSet } from '@weir/definitions';
import { decodeRawRecord, rawHeaders, runOffline } from '@weir/pipeline';
import type { RawRecord } from '@weir/contracts';
import type { DecisionRow, EventLog, HistoryRecord, LogRecord } from '@weir/ports';
import { EntityReader } from './entity-reader';
import { OutcomePacker, unpackOutcomes, type KeptOutcome } from './outcome-block';

export interface HistoryWriterOptions {
  readonly lanes: number;
  readonly log: Pick<EventLog, 'bounds' | 'read'>;
  readonly decisions: Pick<LmdbDecisionReader, 'range'>;
  readonly outcomes: Pick<LmdbOutcomeLog, 'at' | 'last'>;
  readonly store: ParquetOfflineStore;
}

interface OutcomesOf { readonly first: number; readonly outcomes: readonly KeptOutcome[] }

/** Records joined from log, outcomes and decisions at a stretch. */
const stepRecordsMax = 4_096;

/**
 * Writes the history of all lanes: reads the log, what became of each record, and the decisions, each where it is kept, and goes on where the files
 * end. It has no state that a crash could lose; what waits for a file is read again.
 */
export class HistoryWriter {
  private readonly taken: number[] = [];
  /** True when more than ticks was taken since the last flush. */
  hasNews = false;
  /** Outcomes of the block that was read last, by lane. */
  private readonly blocks: Array<OutcomesOf | undefined> = [];
  /** Judging again what is older than the outcomes that were kept. */
  private readonly again: Array<AsyncGenerator<OutcomesOf, void, undefined> | undefined> = [];

  constructor(private readonly options: HistoryWriterOptions) {}

  /** Takes the next records of each lane; false when nothing is left. */
  async step(): Promise<boolean> {
    let any = false;
    try {
      for (let lane = 0; lane < this.options.lanes; lane++) any = (await this.stepLane(lane)) || any;
    } catch (error) {
      this.again.length = this.taken.length = this.blocks.length = 0; // from where the files end
      throw error;
    }
    return any;
  }

  /** True while outcomes are kept that were not taken. */
  get isBehind(): boolean {
    for (let lane = 0; lane < this.options.lanes; lane++) if (this.options.outcomes.last(lane) > (this.taken[lane] ?? -1)) return true;
    return false;
  }

  /** Everything taken is in files. */
  async flush(): Promise<void> {
    this.hasNews = false;
    try {
      await this.options.store.flush();
    } catch (error) {
      this.again.length = this.taken.length = this.blocks.length = 0;
      throw error;
    }
  }

  private async stepLane(lane: number): Promise<boolean> {
    const { store, log, decisions } = this.options;
    const from = (this.taken[lane] ??= await store.position(lane)) + 1;
    const block = await this.blockAt(lane, from);
    if (block === undefined) return false;
    const begin = Math.max(from, block.first), end = Math.min(block.first + block.outcomes.length, begin + stepRecordsMax);
    const read = await log.read('transactions.raw', lane, begin, end - begin);
    if (read[0]?.offset !== begin) return false; // the log is a moment behind: the next wake brings it
    const decided = decisions.range(lane, begin, (read.at(-1)?.offset ?? begin) + 1), decisionByOffset = new Map(decided.map((row) => [row.offset, row]));
    // A decision may come down a moment after its outcome: its record waits for it.
    const missing = read.findIndex(({ offset }) => { const kept = block.outcomes[offset - block.first]; return kept?.outcome === 'accepted' && kept.detail === undefined && !decisionByOffset.has(offset); });
    const records = missing < 0 ? read : read.slice(0, missing), last = records.at(-1)?.offset;
    if (last === undefined) return false;
    this.hasNews ||= records.some(({ headers }) => headers[rawHeaders.kind] !== 'tick');
    await store.append({ lane, decisions: decided, records: records.map((record) => historyRecord(lane, record, block.outcomes[record.offset - block.first], decisionByOffset.get(record.offset))) });
    this.taken[lane] = last;
    return true;
  }

  private async blockAt(lane: number, from: number): Promise<OutcomesOf | undefined> {
    const known = this.blocks[lane];
    if (known !== undefined && from >= known.first && from < known.first + known.outcomes.length) return known;
    const kept = this.options.outcomes.at(lane, from);
    if (kept === undefined) return undefined;
    const first = Math.max(from, (await this.options.log.bounds('transactions.raw', lane)).first);
    if (kept.first > first) {
      // Kept since before there was a history: what ingest said is a function of the log.
      const { value } = await (this.again[lane] ??= this.judgedAgain(lane, first, kept.first)).next();
      if (value) return (this.blocks[lane] = value);
    }
    this.again[lane] = undefined;
    const skipped = Math.max(0, first - kept.first); // what the log no longer has
    return (this.blocks[lane] = { first: kept.first + skipped, outcomes: unpackOutcomes(kept.bytes).slice(skipped) });
  }

  private async *judgedAgain(lane: number, from: number, to: number): AsyncGenerator<OutcomesOf, void, undefined> {
    const packer = new OutcomePacker(), stages = { ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [] };
    let entities: EntityReader | undefined, first = from;
    for await (const { outcomes } of runOffline(stages, this.records(lane, to))) {
      for (const outcome of outcomes) {
        if (outcome.kind === 'definitions' && outcome.json !== undefined) entities = new EntityReader(resolveCanonicalSet(outcome.json));
        if (outcome.offset >= from) packer.add(outcome, () => (outcome.kind === 'event' ? (entities?.of(outcome) ?? []) : []));
      }
      if (packer.count === 0) continue;
      const taken = unpackOutcomes(packer.take());
      yield { first, outcomes: taken };
      first += taken.length;
    }
  }

  private async *records(lane: number, to: number): AsyncGenerator<RawRecord, void, undefined> {
    for (let from = (await this.options.log.bounds('transactions.raw', lane)).first; from < to; ) {
      const records = await this.options.log.read('transactions.raw', lane, from, Math.min(stepRecordsMax, to - from));
      if (records.length === 0) return;
      for (const record of records) yield decodeRawRecord(lane, record);
      from = (records.at(-1)?.offset ?? to) + 1;
    }
  }
}

function historyRecord(lane: number, { offset, appendedAtMs, key, headers, value }: LogRecord, kept: KeptOutcome | undefined, decision: DecisionRow | undefined): HistoryRecord {
  const kind = headers[rawHeaders.kind] ?? 'event', detail = kept?.detail;
  const received = headers[rawHeaders.receivedAt];
  return {
    lane, offset, appendedAtMs, key, headers, value, kind, outcome: kept?.outcome ?? 'control',
    source: decision?.source ?? ((detail?.[0] ?? '') === '' ? (kind === 'event' ? (headers[rawHeaders.source] ?? null) : null) : (detail?.[0] ?? null)),
    id: decision?.transactionId ?? detail?.[1] ?? null, eventTimeMs: decision?.eventTimeMs ?? detail?.[2] ?? null,
    receivedAtMs: decision?.receivedAtMs ?? detail?.[3] ?? (received === undefined ? appendedAtMs : Number(received)),
    reason: detail?.[4] ?? null, field: detail?.[5] ?? null, entities: decision?.entities ?? detail?.[6] ?? [],
  };
}
