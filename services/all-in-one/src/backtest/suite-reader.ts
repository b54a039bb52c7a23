import { join } from 'node:path';
import { LmdbDecisionReader } from '@weir/adapters/lmdb';
import type { RawRecord } from '@weir/contracts';
import { laneReader } from '../replay/lane-reader';
import { openHistoricBeside, type LogBeside } from '../replay/log-beside';
import { recordsBefore, type ReadLane } from '../replay/shard-replica';
import { unpackDecision } from '../suite/decision-rows';
import { sideBatchMax } from './local-side';
import type { SuitePlace } from './side-job';
import { readPacks, type ReadPack } from './stored-rows';

/** What a back-test reads of a suite, beside the threads or processes that write it: its log, and the decisions as they were stored. */
export class SuiteReader {
  readonly readLane: ReadLane;

  private constructor(readonly log: LogBeside, private readonly decisions: LmdbDecisionReader) {
    this.readLane = laneReader(log);
  }

  /** @throws WeirError WEIR_USAGE when nothing is kept there. */
  static async open(place: SuitePlace): Promise<SuiteReader> {
    const log = await openHistoricBeside(place);
    try {
      return new SuiteReader(log, new LmdbDecisionReader(place.decisions, unpackDecision));
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** A lane from its beginning, up to and without `endOffset`. */
  async *records(lane: number, endOffset: number): AsyncGenerator<RawRecord, void, undefined> {
    for (let from = 0; from < endOffset; ) {
      const records = recordsBefore(await this.readLane(lane, from, Math.min(sideBatchMax, endOffset - from)), endOffset), last = records.at(-1);
      if (last === undefined) return;
      yield* records;
      from = last.offset + 1;
    }
  }

  /** Stored decisions of a lane, a stretch at a time. */
  packs(lane: number): ReadPack {
    return readPacks({ range: (_lane, fromOffset, rowsMax) => Promise.resolve(this.decisions.range(lane, fromOffset, Infinity, rowsMax)) }, lane);
  }

  /** Offset of the last decision of a lane that is stored; -1 when none is. */
  position(lane: number): number { return this.decisions.position(lane); }

  async close(): Promise<void> {
    await this.decisions.close();
    await this.log.close();
  }
}

/** Where the suite of a data folder keeps it all. */
export const suitePlaceOf = (dataDir: string, { lanes, kafka, history }: Omit<SuitePlace, 'dataDir' | 'decisions'>): SuitePlace => ({ dataDir, lanes, kafka, history, decisions: join(dataDir, 'decisions') });
