import type { RawBody } from '@weir/contracts';
import { decodeRawRecord, encodeRawBody } from './raw-record';

const bodies: readonly RawBody[] = [
  { kind: 'event', source: 'tränsactions', json: '{"a":"ü"}', receivedAtMs: undefined, idempotency: undefined, replyTo: undefined },
  { kind: 'event', source: 's', json: '{}', receivedAtMs: -5, idempotency: { key: 'k', bodyHash: 'h' }, replyTo: 'gateway-1/7' },
  { kind: 'definitions', setId: 'abc', json: '{"x":1}' },
  { kind: 'list', changes: [{ op: 'put', list: 'l', value: 'v', fromMs: 1, untilMs: null, by: 'b', reason: 'r' }, { op: 'remove', list: 'l', value: 'v', by: 'b' }] },
  { kind: 'table', changes: [{ op: 'put', table: 't', key: 'k', row: { a: 1, b: null }, version: 3 }] },
  { kind: 'tick' },
];

describe('A raw record', () => {
  it.each(bodies.map((body) => [body.kind, body] as const))('of an %s comes back as it was', (_, body) => {
    expect(decodeRawRecord(3, { ...encodeRawBody(body), offset: 9, appendedAtMs: 11 })).toEqual({ lane: 3, offset: 9, appendedAtMs: 11, body });
  });

  it('holds the event as it is in its value, and what it is of in a header', () => {
    const [event] = bodies, record = event && encodeRawBody(event, 'key');
    expect([record?.key, record?.headers, Buffer.from(record?.value ?? []).toString()]).toEqual(['key', { 'weir-source': 'tränsactions' }, '{"a":"ü"}']);
  });

  it.each([['x', ''], ['list', '{'], ['table', '{}']])('of the kind %s with %p, which we cannot have written, says only its length and hash', (kind, value) => {
    const { body } = decodeRawRecord(0, { key: null, headers: { 'weir-kind': kind, 'weir-source': 's' }, value: Buffer.from(value), offset: 1, appendedAtMs: 0 });
    expect(body).toMatchObject({ kind: 'event', source: 's' });
    expect(body.kind === 'event' && JSON.parse(body.json)).toEqual({ unreadable: { bytes: value.length, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string } });
  });
});
