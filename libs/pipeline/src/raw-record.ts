import { createHash } from 'node:crypto';
import { traceHeader, type Backfill, type ListChange, type RawBody, type RawRecord, type TableChange } from '@weir/contracts';
import type { LogRecord, NewRecord } from '@weir/ports';

/** Names of the headers a raw record may carry. Everything but the value is in them, so that the value is the event as it came. */
export const rawHeaders = Object.freeze({
  /** Absent: event. */
  kind: 'weir-kind',
  /** Absent: the source that is decided. */
  source: 'weir-source',
  receivedAt: 'weir-received-at',
  idempotencyKey: 'weir-idempotency-key',
  bodyHash: 'weir-body-hash',
  replyTo: 'weir-reply-to',
  setId: 'weir-set',
  backfill: 'weir-backfill',
  traceparent: traceHeader,
  backlog: 'weir-backlog',
});

const empty = new Uint8Array(0);

/** The record of the topic `transactions.raw` for a body. `key` is for consumers and compaction only. */
export function encodeRawBody(body: RawBody, key: string | null = null): NewRecord {
  switch (body.kind) {
    case 'event': {
      if (body.receivedAtMs === undefined && body.idempotency === undefined && body.traceparent === undefined && body.backlog === undefined) return { key, headers: plainHeaders(body.source, body.replyTo), value: Buffer.from(body.json, 'utf8') };
      const headers: Record<string, string> = { [rawHeaders.source]: body.source };
      if (body.receivedAtMs !== undefined) headers[rawHeaders.receivedAt] = String(body.receivedAtMs);
      if (body.idempotency !== undefined) {
        headers[rawHeaders.idempotencyKey] = body.idempotency.key;
        headers[rawHeaders.bodyHash] = body.idempotency.bodyHash;
      }
      if (body.replyTo !== undefined) headers[rawHeaders.replyTo] = body.replyTo;
      if (body.traceparent !== undefined) headers[rawHeaders.traceparent] = body.traceparent;
      if (body.backlog !== undefined) headers[rawHeaders.backlog] = String(body.backlog);
      return { key, headers, value: Buffer.from(body.json, 'utf8') };
    }
    case 'definitions': return { key, headers: { [rawHeaders.kind]: 'definitions', [rawHeaders.setId]: body.setId, ...(body.backfill === undefined ? {} : { [rawHeaders.backfill]: JSON.stringify(body.backfill) }) }, value: Buffer.from(body.json, 'utf8') };
    case 'list':
    case 'table': return { key, headers: { [rawHeaders.kind]: body.kind }, value: Buffer.from(JSON.stringify(body.changes), 'utf8') };
    case 'tick': return { key, headers: { [rawHeaders.kind]: 'tick' }, value: empty };
  }
}

/** Most records say no more than their source and where the answer goes: they share one object. */
const sharedHeadersMax = 256;
const sharedHeaders = new Map<string, Map<string | undefined, Readonly<Record<string, string>>>>();
let sharedHeadersCount = 0;

function plainHeaders(source: string, replyTo: string | undefined): Readonly<Record<string, string>> {
  const known = sharedHeaders.get(source)?.get(replyTo);
  if (known !== undefined) return known;
  const headers = Object.freeze({ [rawHeaders.source]: source, ...(replyTo === undefined ? {} : { [rawHeaders.replyTo]: replyTo }) });
  if (sharedHeadersCount++ >= sharedHeadersMax) {
    sharedHeaders.clear();
    sharedHeadersCount = 1;
  }
  let ofSource = sharedHeaders.get(source);
  if (ofSource === undefined) sharedHeaders.set(source, (ofSource = new Map()));
  ofSource.set(replyTo, headers);
  return headers;
}

/**
 * A record of the lane. One that Weir's edge can't have written stops nobody: it becomes an event that says only its length and hash, which ingest
 * quarantines.
 */
export function decodeRawRecord(lane: number, record: LogRecord): RawRecord {
  return { lane, offset: record.offset, appendedAtMs: record.appendedAtMs, body: decodeBody(record) };
}

function decodeBody(record: LogRecord): RawBody {
  const { headers } = record;
  const kind = headers[rawHeaders.kind];
  if (kind === undefined || kind === 'event') {
    const receivedAt = headers[rawHeaders.receivedAt], key = headers[rawHeaders.idempotencyKey], backlog = headers[rawHeaders.backlog];
    return {
      kind: 'event', source: headers[rawHeaders.source] ?? '', json: text(record.value),
      receivedAtMs: receivedAt === undefined ? undefined : Number(receivedAt),
      idempotency: key === undefined ? undefined : { key, bodyHash: headers[rawHeaders.bodyHash] ?? '' },
      replyTo: headers[rawHeaders.replyTo], traceparent: headers[rawHeaders.traceparent],
      ...(backlog === undefined ? {} : { backlog: Number(backlog) }),
    };
  }
  if (kind === 'tick') return { kind };
  if (kind === 'definitions') {
    const backfill = headers[rawHeaders.backfill];
    return { kind, setId: headers[rawHeaders.setId] ?? '', json: text(record.value), ...(backfill === undefined ? {} : { backfill: JSON.parse(backfill) as Backfill }) }; // written by encodeRawBody
  }
  const changes = kind === 'list' || kind === 'table' ? parseList(record.value) : undefined;
  if (changes === undefined) return unreadable(record);
  return kind === 'list' ? { kind, changes: changes as ListChange[] } : { kind: 'table', changes: changes as TableChange[] }; // written by encodeRawBody
}

function parseList(value: Uint8Array): unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text(value));
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const unreadable = ({ headers, value }: LogRecord): RawBody => ({
  kind: 'event', source: headers[rawHeaders.source] ?? '', json: JSON.stringify({ unreadable: { bytes: value.length, sha256: createHash('sha256').update(value).digest('hex') } }),
  receivedAtMs: undefined, idempotency: undefined, replyTo: headers[rawHeaders.replyTo],
});

const text = (bytes: Uint8Array): string => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('utf8');
