import type { RawBody } from '@weir/contracts';
import { decodeRawRecord, encodeRawBody } from '@weir/pipeline';
import { packRecords, unpackRecords } from './record-pack';

const bodies: readonly RawBody[] = [
  { kind: 'definitions', setId: 's1', json: '{"documents":[]}' },
  { kind: 'event', source: 'transactions', json: '{"id":"ü"}', receivedAtMs: 17, idempotency: { key: 'k', bodyHash: 'h' }, replyTo: undefined },
  { kind: 'event', source: 'transactions', json: '', receivedAtMs: undefined, idempotency: undefined, replyTo: undefined },
  { kind: 'list', changes: [{ op: 'remove', list: 'l', value: 'v', by: 'me' }] },
  { kind: 'tick' },
];

it('a pack of records gives the records again', () => {
  const records = bodies.map((body, index) => ({ ...encodeRawBody(body), offset: 40 + index, appendedAtMs: 1_000 + index }));
  expect([...unpackRecords(3, packRecords(records))]).toEqual(records.map((record) => decodeRawRecord(3, record)));
});

it('the address of a waiting caller stays behind', () => {
  const record = { ...encodeRawBody({ kind: 'event', source: 'transactions', json: '{}', receivedAtMs: undefined, idempotency: undefined, replyTo: 'gateway-1/5' }), offset: 0, appendedAtMs: 0 };
  expect([...unpackRecords(0, packRecords([record]))][0]?.body).toMatchObject({ kind: 'event', replyTo: undefined });
});

it('no records are an empty pack', () => { expect([...unpackRecords(0, packRecords([]))]).toEqual([]); });
