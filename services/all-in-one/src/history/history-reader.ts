import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbDecisionReader, LmdbLogReader } from '@weir/adapters/lmdb';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import { WeirError, type RawRecord } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import { decodeRawRecord, rawHeaders } from '@weir/pipeline';
import type { DecisionRow, LogRecord } from '@weir/ports';
import { unpackDecision } from '../suite/decision-rows';
import { readHistoryOptions } from './history-config';
import { vectorOf } from './history-job';
import type { HistoryLaneStatus } from './history-service';

/** Records read from the log at a time. */
const readRecordsMax = 4_096;

/**
 * All records of a suite's lanes, from its data folder: the files of history, and behind them what the log has and they don't. The suite may be running,
 * and pays nothing.
 */
export class HistoryReader {
  private constructor(readonly path: string, private readonly store: ParquetOfflineStore, private readonly log: LmdbLogReader | undefined, private readonly decided: LmdbDecisionReader | undefined) {}

  /** @throws WeirError WEIR_USAGE when nothing is kept there. */
  static open(dataDir: string, env: Readonly<Record<string, string | undefined>>): Promise<HistoryReader> {
    const { path } = readHistoryOptions(env, dataDir), hasLog = existsSync(join(dataDir, 'log', 'data.mdb'));
    if (!hasLog && !existsSync(path)) throw new WeirError('WEIR_USAGE', `${dataDir}: no suite has kept its data here`);
    return Promise.resolve(new HistoryReader(path, new ParquetOfflineStore({ path, readOnly: true, unpacking: { unpack: unpackDecision, vectorOf } }), hasLog ? new LmdbLogReader(join(dataDir, 'log')) : undefined,
      existsSync(join(dataDir, 'decisions', 'data.mdb')) ? new LmdbDecisionReader(join(dataDir, 'decisions'), unpackDecision) : undefined));
  }

  get lanes(): readonly number[] {
    const lanes = new Set(this.store.lanes().map(({ lane }) => lane));
    for (let lane = 0; lane < (this.log?.lanes() ?? 0); lane++) lanes.add(lane);
    return [...lanes].sort((left, right) => left - right);
  }

  status(): HistoryLaneStatus[] {
    const known = new Map(this.store.lanes().map((each) => [each.lane, each]));
    return this.lanes.map((lane) => {
      const there = known.get(lane) ?? { lane, first: -1, last: -1, files: 0, bytes: 0, days: 0 };
      return { ...there, lag: Math.max(0, (this.log?.bounds('transactions.raw', lane).next ?? 0) - 1 - there.last) };
    });
  }

  /** How many records a lane has had. */
  count(lane: number): number { return Math.max(this.log?.bounds('transactions.raw', lane).next ?? 0, (this.store.lanes().find((each) => each.lane === lane)?.last ?? -1) + 1); }

  /** As they are kept, in order. What ingest refused is among them. */
  async *raw(lane: number): AsyncGenerator<LogRecord, void, undefined> {
    let next = 0;
    for await (const record of this.store.scan(lane, 0)) {
      next = record.offset + 1;
      yield record;
    }
    yield* this.tail(lane, next);
  }

  /** What the log has behind the files. */
  private async *tail(lane: number, from: number): AsyncGenerator<LogRecord, void, undefined> {
    const end = this.log?.bounds('transactions.raw', lane).next ?? 0;
    for (let next = from; this.log !== undefined && next < end; ) {
      const records = this.log.read('transactions.raw', lane, next, Math.min(readRecordsMax, end - next)), last = records.at(-1);
      if (last === undefined) return;
      yield* records;
      next = last.offset + 1;
    }
  }

  async *records(lane: number): AsyncGenerator<RawRecord, void, undefined> {
    for await (const record of this.raw(lane)) yield decodeRawRecord(lane, record);
  }

  /** The set in force at the end of the first lane; undefined when there is none. */
  async set(): Promise<DefinitionSet | undefined> {
    const [lane] = this.lanes;
    if (lane === undefined) return undefined;
    let json: string | undefined;
    const see = ({ headers, value }: Pick<LogRecord, 'headers' | 'value'>): void => { if (headers[rawHeaders.kind] === 'definitions') json = Buffer.from(value).toString('utf8'); };
    const end = await this.store.position(lane) + 1;
    for await (const record of this.store.query({ lane, outcome: 'control' })) see(record);
    for await (const record of this.tail(lane, end)) see(record);
    return json === undefined ? undefined : resolveCanonicalSet(json);
  }

  /** All decisions in lane order, lane by lane: those in files, and behind them those of the decision store. */
  async *decisions(): AsyncGenerator<DecisionRow, void, undefined> {
    for (const lane of this.lanes) {
      const from = await this.store.position(lane) + 1;
      let next = from; // files may come while these are read
      for await (const row of this.store.decisions({ lane })) {
        next = Math.max(next, row.offset + 1);
        yield row;
      }
      if (this.decided === undefined) continue;
      const end = this.count(lane);
      for (let at = next; at < end; at += readRecordsMax) yield* this.decided.range(lane, at, Math.min(end, at + readRecordsMax));
    }
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.log?.close();
    await this.decided?.close();
  }
}
