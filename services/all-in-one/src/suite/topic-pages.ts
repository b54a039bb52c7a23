import { WeirError } from '@weir/contracts';
import type { Page, PageRequest } from '@weir/gateway';
import type { EventLog, LogRecord, Topic } from '@weir/ports';

type Prepare = (records: readonly LogRecord[]) => Promise<void>;

const chunkMax = 256;
/** Records one page looks at; then it ends, however few of them it took. */
const lookedAtMax = 10_000;

/**
 * A page of a topic read from its end; `read` gives undefined for what is not wanted, and `prepare` sees the records, many at once, before it. With several
 * lanes the newest by the log's clock comes first.
 * @throws WeirError WEIR_INPUT_INVALID for a cursor that no page gave.
 */
export async function newestFirst<T>(log: EventLog, topic: Topic, page: PageRequest, read: (record: LogRecord) => T | undefined, prepare?: Prepare): Promise<Page<T>> {
  const lanes = await readers(log, { topic, prepare }, page.cursor);
  const items: T[] = [];
  for (let looked = 0; looked < lookedAtMax && items.length < page.limit; looked += 1) {
    const newest = await newestOf(lanes);
    if (newest === undefined) return { items, next: null };
    const item = read(newest.take());
    if (item !== undefined) items.push(item);
  }
  const isAtEnd = (await newestOf(lanes)) === undefined;
  return { items, next: isAtEnd ? null : lanes.map(({ below }) => below).join('.') };
}

/** Every record of a stretch; one read of a log may give fewer than there are. */
export async function readBetween(log: EventLog, { topic, lane, from, below }: { readonly topic: Topic; readonly lane: number; readonly from: number; readonly below: number }): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for (let at = from; at < below;) {
    const records = await log.read(topic, lane, at, below - at);
    const last = records.at(-1);
    if (last === undefined) break;
    for (const record of records) if (record.offset < below) found.push(record);
    at = last.offset + 1;
  }
  return found;
}

/** The cursor holds the offset below which each lane goes on. */
async function readers(log: EventLog, { topic, prepare }: { readonly topic: Topic; readonly prepare: Prepare | undefined }, cursor: string | undefined): Promise<BackwardReader[]> {
  const below = cursor?.split('.').map(Number);
  if (below !== undefined && (below.length !== log.lanes || below.some((offset) => !Number.isSafeInteger(offset) || offset < 0))) {
    throw new WeirError('WEIR_INPUT_INVALID', 'cursor: not one that a page gave', { findings: [{ where: 'query', field: 'cursor', expected: 'the `next` of the page before', got: String(cursor) }] });
  }
  return Promise.all(Array.from({ length: log.lanes }, async (_, lane) => {
    const { first, next } = await log.bounds(topic, lane);
    return new BackwardReader(log, { topic, lane, prepare }, { first, below: Math.min(below?.[lane] ?? next, next) });
  }));
}

class BackwardReader {
  private chunk: LogRecord[] = [];
  /** One past the record that comes next. */
  below: number;
  private readonly first: number;
  constructor(private readonly log: EventLog, private readonly of: { readonly topic: Topic; readonly lane: number; readonly prepare: Prepare | undefined }, bounds: { readonly first: number; readonly below: number }) {
    this.below = bounds.below;
    this.first = bounds.first;
  }

  async peek(): Promise<LogRecord | undefined> {
    if (this.chunk.length === 0 && this.below > this.first) {
      const from = Math.max(this.first, this.below - chunkMax);
      this.chunk = await readBetween(this.log, { topic: this.of.topic, lane: this.of.lane, from, below: this.below });
      // Nothing stands in a stretch that holds a broker's own marks alone.
      if (this.chunk.length === 0) { this.below = from; return this.peek(); }
      await this.of.prepare?.(this.chunk);
    }
    return this.chunk.at(-1);
  }

  /** What `peek` gave. */
  take(): LogRecord {
    const record = this.chunk.pop();
    if (record === undefined) throw new RangeError('nothing was looked at');
    this.below = record.offset;
    return record;
  }
}

async function newestOf(lanes: readonly BackwardReader[]): Promise<BackwardReader | undefined> {
  let newest: { readonly reader: BackwardReader; readonly atMs: number } | undefined;
  for (const reader of lanes) {
    const record = await reader.peek();
    if (record !== undefined && (newest === undefined || record.appendedAtMs > newest.atMs)) newest = { reader, atMs: record.appendedAtMs };
  }
  return newest?.reader;
}
