import { traceHeader, type Origin } from '@weir/contracts';
import type { LogRecord, NewRecord } from '@weir/ports';
import type { Alert, AlertData } from '@weir/scoring';

/** An alert as the topic holds it. */
export interface StoredAlert {
  readonly alert: Alert;
  /** `type:key` of the entity that its transaction's lane goes by, else of its first one; null where it has none. */
  readonly entity: string | null;
  /** The record that raised it; null for one about a model, which no record raised. */
  readonly origin: Origin | null;
  /** W3C trace context of the transaction's request; CloudEvents' extension of that name. */
  readonly traceparent?: string | undefined;
}

const headers = { origin: 'weir-origin', entity: 'weir-entity', webhooks: 'weir-webhooks' } as const;

/** A record of the topic `alerts`: CloudEvents 1.0 in binary mode, its attributes are headers and `data` is the value. */
export function encodeAlert({ alert, entity, origin, traceparent }: StoredAlert): NewRecord {
  return {
    key: alert.subject,
    headers: {
      'content-type': alert.datacontenttype, ce_specversion: alert.specversion, ce_id: alert.id, ce_source: alert.source, ce_type: alert.type, ce_subject: alert.subject, ce_time: alert.time,
      ...(traceparent === undefined ? {} : { [traceHeader]: traceparent }), ...(origin === null ? {} : { [headers.origin]: `${origin.lane}-${origin.offset}` }), ...(entity === null ? {} : { [headers.entity]: entity }), ...(alert.webhooks.length === 0 ? {} : { [headers.webhooks]: JSON.stringify(alert.webhooks) }),
    },
    value: Buffer.from(JSON.stringify(alert.data), 'utf8'),
  };
}

/** What `encodeAlert` wrote. */
export function decodeAlert(record: LogRecord): StoredAlert {
  const { headers: given } = record;
  const { origin, entity, webhooks } = { origin: originOf(record), entity: given[headers.entity] ?? null, webhooks: given[headers.webhooks] };
  return {
    origin, entity, traceparent: given[traceHeader],
    alert: {
      specversion: '1.0', id: given['ce_id'] ?? '', source: given['ce_source'] ?? '', type: given['ce_type'] === 'weir.model.v1' ? 'weir.model.v1' : 'weir.alert.v1', subject: given['ce_subject'] ?? '', time: given['ce_time'] ?? '', datacontenttype: 'application/json',
      data: JSON.parse(Buffer.from(record.value).toString('utf8')) as AlertData, // written by encodeAlert alone
      webhooks: webhooks === undefined ? [] : JSON.parse(webhooks) as string[],
    },
  };
}

/** Where the record that raised an alert stands in its lane; null where none did. */
export function originOf(record: LogRecord): Origin | null {
  const text = record.headers[headers.origin];
  if (text === undefined) return null;
  const [lane, offset] = text.split('-').map(Number);
  return { lane: lane ?? 0, offset: offset ?? -1 };
}
