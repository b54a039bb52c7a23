import { WeirError } from '@weir/contracts';
import type { Alert, Alerts, Page, PageRequest } from '@weir/gateway';
import type { EventLog, LogRecord } from '@weir/ports';
import { decodeAlert } from './alert-record';
import { liveAlert } from './alert-sink';

const chunkMax = 256;
/** Alerts one page looks at; then it ends, however few of them it took. */
const lookedAtMax = 10_000;

/** The topic read from its end. With several lanes the newest by the log's clock comes first. */
export class StoredAlerts implements Alerts {
  constructor(private readonly log: EventLog) {}

  async list(filter: Parameters<Alerts['list']>[0], page: PageRequest): Promise<Page<Required<Alert>>> {
    const lanes = await this.readers(page.cursor);
    const items: Required<Alert>[] = [];
    for (let looked = 0; looked < lookedAtMax && items.length < page.limit; looked += 1) {
      const newest = await newestOf(lanes);
      if (newest === undefined) return { items, next: null };
      const alert = liveAlert(decodeAlert(newest.take()));
      if (fits(alert, filter)) items.push(alert);
    }
    const isAtEnd = (await newestOf(lanes)) === undefined;
    return { items, next: isAtEnd ? null : lanes.map(({ below }) => below).join('.') };
  }

  /** The cursor holds the offset below which each lane goes on. */
  private async readers(cursor: string | undefined): Promise<BackwardReader[]> {
    const below = cursor?.split('.').map(Number);
    if (below !== undefined && (below.length !== this.log.lanes || below.some((offset) => !Number.isSafeInteger(offset) || offset < 0))) {
      throw new WeirError('WEIR_INPUT_INVALID', 'cursor: not one that a page gave', { findings: [{ where: 'query', field: 'cursor', expected: 'the `next` of the page before', got: String(cursor) }] });
    }
    return Promise.all(Array.from({ length: this.log.lanes }, async (_, lane) => {
      const { first, next } = await this.log.bounds('alerts', lane);
      return new BackwardReader(this.log, lane, { first, below: Math.min(below?.[lane] ?? next, next) });
    }));
  }
}

class BackwardReader {
  private chunk: LogRecord[] = [];
  /** One past the record that comes next. */
  below: number;
  private readonly first: number;
  constructor(private readonly log: EventLog, private readonly lane: number, bounds: { readonly first: number; readonly below: number }) {
    this.below = bounds.below;
    this.first = bounds.first;
  }

  async peek(): Promise<LogRecord | undefined> {
    if (this.chunk.length === 0 && this.below > this.first) {
      const from = Math.max(this.first, this.below - chunkMax);
      this.chunk = [...await this.log.read('alerts', this.lane, from, this.below - from)];
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

const fits = (alert: Required<Alert>, { severity, raisedBy, fromMs = -Infinity, toMs = Infinity }: Parameters<Alerts['list']>[0]): boolean =>
  (severity === undefined || alert.severity === severity) && (raisedBy === undefined || alert.raisedBy.name === raisedBy) && alert.atMs >= fromMs && alert.atMs < toMs;
