import { createHmac } from 'node:crypto';
import { documentsFromJson, resolveSet, type DefinitionSet } from '@weir/definitions';
import { isToken, minorUnits, readTimestamp, toRawBody, Tokeniser, type EdgeOptions, type EdgeResult } from './index';

const setOf = (tokenise: boolean): DefinitionSet => resolveSet(documentsFromJson([
  { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', decide: true, fields: { transaction_id: 'string!', card_id: tokenise ? { type: 'string!', tokenise: true, from: 'CARD' } : 'string!', amount: 'money', euros: { type: 'money', decimals: 2 }, v: 'number', ok: 'bool', at: 'timestamp' } },
  { kind: 'Source', name: 'logins', id: 'id', time: 'time', fields: { id: 'string!', card_id: 'string' } },
]));
const plain = setOf(false), secret = setOf(true), tokeniser = new Tokeniser(Buffer.alloc(32, 7));
const edge = (input: Parameters<typeof toRawBody>[0], options: Partial<EdgeOptions> = {}): EdgeResult => toRawBody(input, { sources: plain.sources, mayReplay: true, ...options });
const bodyOf = (result: EdgeResult): Extract<EdgeResult, { kind: 'body' }>['body'] => {
  if (result.kind !== 'body') throw new Error(JSON.stringify(result));
  return result.body;
};
const tokenised = (input: Parameters<typeof toRawBody>[0], options: Partial<EdgeOptions> = {}): Record<string, unknown> => JSON.parse(bodyOf(edge(input, { sources: secret.sources, tokeniser, ...options })).json) as Record<string, unknown>;
const number = '4111111111111111';

describe('An event at the edge', () => {
  it('goes on as it came where nothing is to be tokenised', () => {
    const text = ' {"transaction_id": "t", "amount": 1e400, "x": {"y": [1]}} ';
    expect(bodyOf(edge(text, { replyTo: 'here', idempotency: { key: 'k', bodyHash: 'h' } }))).toEqual({ kind: 'event', source: 'transactions', json: text, receivedAtMs: undefined, idempotency: { key: 'k', bodyHash: 'h' }, replyTo: 'here' });
  });

  it.each([[{ _source: 'logins' }, {}, 'logins'], [{}, { defaultSource: 'logins' }, 'logins'], [{ _source: 'transactions' }, { defaultSource: 'logins' }, 'transactions'], [{}, {}, 'transactions']])('%p with %p is of %s', (event, options, source) => {
    expect(bodyOf(edge(event, options)).source).toBe(source);
  });

  it.each([[{ _received_at: 5 }, {}, 5], [{ _received_at: '1970-01-01T00:00:01' }, {}, 1_000], [{ _received_at: null }, {}, undefined], [{}, {}, undefined], [{ event_time: 7 }, { ownClock: true }, 7], [{ event_time: 7, _received_at: 8 }, { ownClock: true }, 8], [{ event_time: 'x' }, { ownClock: true }, 0]])('%p with %p was received at %p', (event, options, receivedAtMs) => {
    expect(bodyOf(edge(event, options)).receivedAtMs).toBe(receivedAtMs);
  });

  it.each([['{', 'unreadable', ''], ['[]', 'unreadable', ''], ['"x"', 'unreadable', ''], [{ _source: 'none' }, 'refused', '_source'], [{ _source: 5 }, 'refused', '_source'], [{ _received_at: 'x' }, 'refused', '_received_at']])('%p is %s for %p', (input, kind, field) => {
    const result = edge(input);
    expect([result.kind, result.kind === 'body' ? '' : result.findings[0]?.field]).toEqual([kind, field]);
  });

  it('may bring its own received_at with the right key alone', () => {
    expect(edge({ _received_at: 5 }, { mayReplay: false }).kind).toBe('forbidden');
  });

  it('that is refused leaves a stand-in that says nothing of it', () => {
    const result = edge(`{"card_id": "${number}"`);
    expect(result.kind !== 'body' && result.standIn.json).not.toContain(number);
    expect(result.kind !== 'body' && JSON.parse(result.standIn.json)).toMatchObject({ unreadable: { characters: 30 } });
  });
});

describe('A field to tokenise', () => {
  it('becomes a keyed HMAC, the same for the same value; everything else stays', () => {
    const expected = `tok_${createHmac('sha256', Buffer.alloc(32, 7)).update(number).digest().subarray(0, 16).toString('base64url')}`;
    expect(tokenised({ CARD: number, amount: 5, _source: 'transactions' })).toEqual({ CARD: expected, amount: 5, _source: 'transactions' });
    expect(tokenised({ CARD: expected })).toEqual({ CARD: expected });
    expect([isToken(expected), isToken(number), isToken(`${expected}x`), new Tokeniser(Buffer.alloc(32, 8)).token(number) === expected]).toEqual([true, false, false, false]);
  });

  it.each([`{"CARD":"${number}","CARD":"tok_0123456789abcdefghijkl"}`, `{"C\\u0041RD":"${number}"}`, `{"CARD":${number}}`, `{"CARD":["${number}"]}`, `{"CARD":{"n":"${number}"}}`, `{"CARD":"${number}","CARD":null}`])('never leaves its raw value behind: %s', (text) => {
    expect(bodyOf(edge(text, { sources: secret.sources, tokeniser })).json).not.toContain(number);
  });

  it('that is no text says so, so that it is quarantined for this field', () => {
    expect([tokenised({ CARD: 5 }), tokenised({ CARD: [] }), tokenised({ CARD: null }), tokenised({})]).toEqual([{ CARD: { unreadable: 'number' } }, { CARD: { unreadable: 'list' } }, { CARD: null }, {}]);
  });

  it('does not make a number beyond a double a missing one', () => {
    expect(bodyOf(edge('{"CARD":"c","v":1e400,"amount":-1e400}', { sources: secret.sources, tokeniser })).json).toMatch(/"v":1e999,"amount":-1e999/);
  });

  it('needs a key, and one that is long enough', () => {
    expect(() => edge({ CARD: 'c' }, { sources: secret.sources })).toThrow('no key for tokens');
    expect(() => new Tokeniser(Buffer.alloc(15))).toThrow('at least 16 bytes');
  });
});

describe('A row of texts', () => {
  it('gets the types of its fields; what does not fit stays text, an empty text is missing', () => {
    const row = { transaction_id: '1', card_id: '007', amount: '5', euros: '57.16', v: '1.5e3', ok: 'True', at: '2025-01-02', event_time: '1000', other: '9', _received_at: '2000' };
    const body = bodyOf(edge(row, { textual: true, ownClock: true }));
    expect([JSON.parse(body.json), body.receivedAtMs]).toEqual([{ transaction_id: '1', card_id: '007', amount: 5, euros: '57.16', v: 1_500, ok: true, at: '2025-01-02', event_time: 1_000, other: '9', _received_at: '2000' }, 2_000]);
    expect(JSON.parse(bodyOf(edge({ amount: 'x', v: '', ok: 'yes', transaction_id: '' }, { textual: true })).json)).toEqual({ amount: 'x', ok: 'yes' });
  });
});

describe('Times', () => {
  it.each([['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)], ['2023-02-29', undefined], ['2025-13-01', undefined], ['2025-01-02T24:00:00', undefined], ['2025-01-02T23:59:60Z', undefined], ['0001-01-01T00:00:00Z', -62_135_596_800_000], ['2025-01-02T00:00:00.1239Z', Date.UTC(2025, 0, 2) + 123], ['2025-01-02T00:00:00+05:45', Date.UTC(2025, 0, 1, 18, 15)], ['1735812000000', undefined], ['', undefined], [1.9, 1], [-0.5, -1], [Infinity, undefined], [9e15, undefined], [true, undefined]])('%p is %p', (value, ms) => {
    expect(readTimestamp(value)).toBe(ms);
  });
});

describe('Amounts', () => {
  it.each([[0.1, 2, 10], [57.16, 2, 5_716], ['57.160', 2, 5_716], ['-0', 2, 0], [1e21, 2, undefined], [1e-7, 7, 1], ['1e3', 2, undefined], ['', 2, undefined], ['.5', 2, undefined], ['5.', 2, 500], [' 7 ', 0, 7], ['0007.10', 1, 71]])('%p with %d decimals is %p', (amount, decimals, units) => {
    expect(minorUnits(amount, decimals)).toBe(units);
  });
});
