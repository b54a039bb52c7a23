import type { LogRecord, OfflineStore } from '@weir/ports';

/** Scans that are kept open for who goes on reading. */
const cursorsMax = 4;

interface Cursor { readonly lane: number; next: number; readonly records: AsyncIterator<LogRecord> }

/** A lane's records that its log no longer holds, from the files of history. Who reads on in order reads one scan. */
export class OlderHalf {
  private readonly cursors: Cursor[] = [];

  constructor(private readonly history: Pick<OfflineStore, 'scan'>) {}

  /** At most `max` records from `fromOffset` on that stand before `first`, in order; empty where the files have none. */
  async read(lane: number, { fromOffset, max, first }: { readonly fromOffset: number; readonly max: number; readonly first: number }): Promise<readonly LogRecord[]> {
    const cursor = this.take(lane, fromOffset) ?? { lane, next: fromOffset, records: this.history.scan(lane, fromOffset)[Symbol.asyncIterator]() };
    const records: LogRecord[] = [];
    while (records.length < max && cursor.next < first) {
      const { done, value } = await cursor.records.next();
      if (done === true) return records;
      const { offset, appendedAtMs, key, headers, value: bytes } = value;
      cursor.next = offset + 1;
      if (offset < first) records.push({ offset, appendedAtMs, key, headers, value: bytes });
    }
    await this.keep(cursor, first);
    return records;
  }

  async close(): Promise<void> { for (const { records } of this.cursors.splice(0)) await records.return?.(); }

  /** While it is read it is nobody else's. */
  private take(lane: number, fromOffset: number): Cursor | undefined {
    const index = this.cursors.findIndex((each) => each.lane === lane && each.next === fromOffset);
    return index < 0 ? undefined : this.cursors.splice(index, 1)[0];
  }

  private async keep(cursor: Cursor, first: number): Promise<void> {
    if (cursor.next < first) this.cursors.push(cursor);
    const old = cursor.next < first ? (this.cursors.length > cursorsMax ? this.cursors.shift() : undefined) : cursor;
    await old?.records.return?.();
  }
}
