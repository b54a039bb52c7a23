import { isSampled, traceHeader, traceIdOf, type RawRecord } from '@weir/contracts';
import type { InputRecord, Sink, TakenBatch } from '@weir/pipeline';
import type { Logger, Tracing } from '@weir/platform';

/** Records of a batch with a span of their own; a batch of more says how many there were. */
const recordSpansMax = 32;

/** What a stage did with a batch, ms by our clock. */
export interface StageRun { readonly stage: string; readonly lane: number; readonly records: number; readonly startMs: number; readonly endMs: number }
export interface TracedRecord { readonly traceparent: string; readonly offset: number }

/**
 * Spans of a batch in a stage: one of the batch, with links to the traces that go through it, and one in each of these traces, with a link to the batch. None for a batch
 * without a traced record, and no work beyond looking for one.
 */
export function traceBatch(tracing: Tracing, run: StageRun, traced: readonly TracedRecord[]): void {
  if (traced.length === 0) return;
  const { stage, lane, startMs, endMs } = run;
  const common = { 'weir.lane': lane, 'messaging.batch.message_count': run.records };
  const batch = tracing.record(`${stage} batch`, { kind: 'consumer', parent: undefined, startMs, endMs, attributes: { ...common, 'weir.traced': traced.length }, links: traced.map(({ traceparent }) => traceparent) });
  for (const { traceparent, offset } of traced.slice(0, recordSpansMax)) {
    tracing.record(`${stage} process`, { kind: 'consumer', parent: traceparent, startMs, endMs, attributes: { ...common, 'weir.offset': offset }, links: [batch] });
  }
}

/** The records of a service's batch whose traces are recorded. */
export function tracedIn(inputs: readonly InputRecord[]): TracedRecord[] {
  const traced: TracedRecord[] = [];
  for (const { origin, record } of inputs) {
    const traceparent = record.headers[traceHeader];
    if (isSampled(traceparent)) traced.push({ traceparent, offset: origin });
  }
  return traced;
}

/** For a log line: space between, not more than a line should hold. */
export const traceIdsOf = (traced: readonly TracedRecord[]): string => traced.slice(0, recordSpansMax).map(({ traceparent }) => traceIdOf(traceparent)).join(' ');

export const traceparentIn = (record: RawRecord | undefined): string | undefined => (record?.body.kind === 'event' ? record.body.traceparent : undefined);

/** The spans of all stages in one process, once a batch is through. */
export class TraceSink implements Sink<never> {
  readonly name = 'traces';
  constructor(private readonly tracing: Tracing, private readonly logger: Logger) {}

  take({ lane, records, stageMs, stageStartMs }: TakenBatch): undefined {
    const traced: TracedRecord[] = [];
    for (const record of records) {
      const traceparent = traceparentIn(record);
      if (isSampled(traceparent)) traced.push({ traceparent, offset: record.offset });
    }
    if (traced.length === 0) return undefined;
    this.logger.info({ lane, records: records.length, ms: stageMs, trace_id: traceIdsOf(traced) }, 'traced');
    for (const [stage, startMs] of Object.entries(stageStartMs ?? {})) traceBatch(this.tracing, { stage, lane, records: records.length, startMs, endMs: startMs + (stageMs[stage] ?? 0) }, traced);
    return undefined;
  }

  write(): Promise<void> { return Promise.resolve(); }
}
