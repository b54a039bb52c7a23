import type { Origin, PatternMatch } from '@weir/contracts';
import type { MatchEvent } from '@weir/gateway';
import type { LogRecord, NewRecord } from '@weir/ports';

/** A match as the topic holds it. */
export type StoredMatch = MatchEvent & { readonly origin: Origin };

const originHeader = 'weir-origin';

/** What a pattern gave at a record of a lane; `place` tells several of one record apart. */
export function storedMatch(match: PatternMatch, origin: Origin, place: number, entity: string | null): StoredMatch {
  const { kind, pattern, version, mode, key, events, firstTimeMs, lastTimeMs, byEvent, limit = null, lateByMs = null } = match;
  return { id: `m-${origin.lane}-${origin.offset}-${place}`, origin, kind, pattern, version, mode, entity, key, events, firstMs: firstTimeMs, lastMs: lastTimeMs, byEvent, limit, lateByMs };
}

/** A record of the topic `matches`: CloudEvents 1.0 in binary mode; the key is the entity's. */
export function encodeMatch({ origin, id, ...match }: StoredMatch): NewRecord {
  return {
    key: match.key,
    headers: {
      'content-type': 'application/json', ce_specversion: '1.0', ce_id: id, ce_source: `/weir/lanes/${origin.lane}`, ce_type: `weir.pattern.${match.kind}.v1`, ce_subject: match.pattern, ce_time: isoOf(match.lastMs),
      [originHeader]: `${origin.lane}-${origin.offset}`,
    },
    value: Buffer.from(JSON.stringify({
      kind: match.kind, pattern: match.pattern, version: match.version, mode: match.mode, entity: match.entity, key: match.key, events: match.events, first: isoOf(match.firstMs), last: isoOf(match.lastMs), by_event: match.byEvent,
      ...(match.limit === null ? {} : { limit: match.limit }), ...(match.lateByMs === null ? {} : { late_by_ms: match.lateByMs }),
    }), 'utf8'),
  };
}

interface Written {
  readonly kind: MatchEvent['kind']; readonly pattern: string; readonly version: number; readonly mode: MatchEvent['mode']; readonly entity: string | null; readonly key: string;
  readonly events: MatchEvent['events']; readonly first: string; readonly last: string; readonly by_event: boolean; readonly limit?: NonNullable<MatchEvent['limit']>; readonly late_by_ms?: number;
}

/** What `encodeMatch` wrote. */
export function decodeMatch(record: LogRecord): StoredMatch {
  const { first, last, by_event: byEvent, limit = null, late_by_ms: lateByMs = null, ...match } = JSON.parse(Buffer.from(record.value).toString('utf8')) as Written; // written by encodeMatch alone
  return { ...match, id: record.headers['ce_id'] ?? '', origin: originOf(record), firstMs: Date.parse(first), lastMs: Date.parse(last), byEvent, limit, lateByMs };
}

/** Where the record that gave a match stands in its lane. */
export function originOf(record: LogRecord): Origin {
  const [lane = 0, offset = -1] = (record.headers[originHeader] ?? '').split('-').map(Number);
  return { lane, offset };
}

const isoOf = (ms: number): string => new Date(Number.isFinite(ms) ? ms : 0).toISOString();
