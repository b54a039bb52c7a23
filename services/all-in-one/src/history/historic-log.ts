import { ParquetOfflineStore } from '@weir/adapters/parquet';
import { EventLog, type LogRecord, type NewRecord, type Topic } from '@weir/ports';
import { OlderHalf } from './older-half';

/** The first record of a lane in the log or in history; `first`: the log's own. History counts where it leaves no gap. */
export function firstWithHistory(files: Pick<ParquetOfflineStore, 'lanes'>, lane: number, first: number): number {
  const there = first === 0 ? undefined : files.lanes().find((each) => each.lane === lane);
  return there === undefined || there.last < first - 1 ? first : Math.min(first, there.first);
}

/** A log whose lanes go on behind what it holds: history is their older half. */
export class HistoricLog extends EventLog {
  private readonly files: ParquetOfflineStore;
  private readonly older: OlderHalf;
  /** By lane: the first record that the log itself holds, as of the last look. */
  private readonly firsts: number[] = [];

  private constructor(private readonly log: EventLog, historyPath: string) {
    super();
    this.files = new ParquetOfflineStore({ path: historyPath, readOnly: true });
    this.older = new OlderHalf(this.files);
  }

  static async open(log: EventLog, historyPath: string): Promise<HistoricLog> {
    const historic = new HistoricLog(log, historyPath);
    await historic.look();
    return historic;
  }

  override get lanes(): number { return this.log.lanes; }

  /** Looks anew where the lanes of the log begin: a broker forgets by itself. */
  async look(): Promise<void> {
    for (let lane = 0; lane < this.lanes; lane += 1) this.firsts[lane] = (await this.log.bounds('transactions.raw', lane)).first;
  }

  override append(topic: Topic, lane: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> { return this.log.append(topic, lane, records); }

  override read(topic: Topic, lane: number, fromOffset: number, max: number): Promise<readonly LogRecord[]> {
    const first = topic === 'transactions.raw' ? this.firsts[lane] ?? 0 : 0;
    return fromOffset >= first ? this.log.read(topic, lane, fromOffset, max) : this.readOlder(lane, { fromOffset, max, first });
  }

  override wait(topic: Topic, lane: number, offset: number, timeoutMs: number): Promise<void> { return this.log.wait(topic, lane, offset, timeoutMs); }

  override async bounds(topic: Topic, lane: number): Promise<{ first: number; next: number }> {
    const { first, next } = await this.log.bounds(topic, lane);
    if (topic !== 'transactions.raw' || first === 0) return { first, next };
    return { first: firstWithHistory(this.files, lane, first), next };
  }

  /** Among what the log itself holds. */
  override offsetAt(topic: Topic, lane: number, timeMs: number): Promise<number> { return this.log.offsetAt(topic, lane, timeMs); }

  override async forget(topic: Topic, lane: number, before: number): Promise<void> {
    await this.log.forget(topic, lane, before);
    if (topic === 'transactions.raw') this.firsts[lane] = (await this.log.bounds(topic, lane)).first;
  }

  override async close(): Promise<void> {
    await this.older.close();
    await this.files.close();
    await this.log.close();
  }

  private async readOlder(lane: number, of: { readonly fromOffset: number; readonly max: number; readonly first: number }): Promise<readonly LogRecord[]> {
    const records = await this.older.read(lane, of);
    return records.length > 0 ? records : this.log.read('transactions.raw', lane, of.fromOffset, of.max); // lost from history, too: what is left
  }
}
