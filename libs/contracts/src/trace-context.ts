/** Header of HTTP, gRPC and every topic: the W3C trace context of the request that a record goes back to; absent where none is known. */
export const traceHeader = 'traceparent';

/** W3C trace context: version, trace, span, flags. */
const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;
const noTrace = '0'.repeat(32), noSpan = '0'.repeat(16);

export interface TraceContext { readonly traceId: string; readonly spanId: string; /** Whether its spans are recorded. */ readonly sampled: boolean }

/** A `traceparent` header read; undefined where there is none, or one that the standard calls invalid. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const match = header === undefined ? null : traceparentPattern.exec(header);
  if (match === null) return undefined;
  const [, version = 'ff', traceId = noTrace, spanId = noSpan, flags = '00', more] = match;
  if (version === 'ff' || traceId === noTrace || spanId === noSpan || (version === '00' && more === '-')) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const traceparentOf = ({ traceId, spanId, sampled }: TraceContext): string => `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;

/** The trace id in a `traceparent` header; null when there is none, or one that the standard calls invalid. */
export const traceIdOf = (traceparent: string | undefined): string | null => parseTraceparent(traceparent)?.traceId ?? null;

/** Whether spans of this context are recorded; of what this project wrote, so the flags are looked at alone. */
export const isSampled = (traceparent: string | undefined): traceparent is string => traceparent !== undefined && traceparent.endsWith('-01');
