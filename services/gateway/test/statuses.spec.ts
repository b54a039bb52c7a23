import { GatewayFixture } from './gateway-fixture';
import { nestingMax } from '../src/events/event-text';

type Case = readonly [what: string, method: Method, url: string, body: unknown, status: number, field?: string];
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
const good = { transaction_id: 't-1', amount: 1 };
const deep = JSON.parse(`${'['.repeat(nestingMax + 2)}${']'.repeat(nestingMax + 2)}`) as unknown;

const cases: readonly Case[] = [
  ['no JSON', 'POST', '/transactions', '{"transaction_id":', 400],
  ['no body', 'POST', '/transactions', undefined, 400],
  ['bytes that are no UTF-8', 'POST', '/transactions', Buffer.from([0x7b, 0xff, 0x7d]), 400],
  ['an array for a transaction', 'POST', '/transactions', [good], 422, ''],
  ['an event nested too deeply', 'POST', '/transactions', { ...good, deep }, 422, 'deep'],
  ['an object for a batch', 'POST', '/transactions/batch', good, 422, ''],
  ['an unknown source', 'POST', '/transactions?source=nowhere', good, 422, 'source'],
  ['a wrong flag', 'POST', '/transactions?wait=long', good, 422, 'wait'],
  ['an unknown query parameter', 'GET', '/decisions?outcom=block', undefined, 422, 'outcom'],
  ['a wrong outcome', 'GET', '/decisions?outcome=maybe', undefined, 422, 'outcome'],
  ['a wrong time', 'GET', '/decisions?from=yesterday', undefined, 422, 'from'],
  ['a limit that is too large', 'GET', '/decisions?limit=100000', undefined, 422, 'limit'],
  ['an entity without its key', 'GET', '/decisions?entity=card', undefined, 422, 'entity'],
  ['no such decision', 'GET', '/decisions/d-0-99', undefined, 404],
  ['why-not of nothing', 'GET', '/decisions/d-0-0/why-not', undefined, 422, 'rule'],
  ['why-not of an unknown rule', 'GET', '/decisions/d-0-0/why-not?rule=none', undefined, 404],
  ['no such entity type', 'GET', '/features/planet/earth', undefined, 404],
  ['entity ids that are no list', 'POST', '/features/batch', { entity_type: 'card', entity_ids: 'c-1' }, 422, 'entity_ids'],
  ['a field nobody knows', 'POST', '/features/batch', { entity_type: 'card', entity_ids: [], veiws: ['x'] }, 422, 'veiws'],
  ['an entity id that is no text', 'POST', '/features/realtime', { user_id: 'u', item_ids: ['i', 7] }, 422, 'item_ids.1'],
  ['a service and views', 'GET', '/features/card/c-1?service=a&views=b', undefined, 422, 'views'],
  ['a push of nothing', 'POST', '/push', {}, 422, 'push_source_name'],
  ['no such feature', 'GET', '/features/stats/none', undefined, 404],
  ['no such list', 'GET', '/lists/none/entries', undefined, 404],
  ['no such entry', 'DELETE', '/lists/blocked_cards/entries/c-9', undefined, 404],
  ['a wrong ttl', 'PUT', '/lists/blocked_cards/entries/c-9', { ttl: 'long' }, 422, 'ttl'],
  ['ttl and until', 'PUT', '/lists/blocked_cards/entries/c-9', { ttl: '1h', until: 5 }, 422, 'until'],
  ['no such table', 'GET', '/tables/none/rows', undefined, 404],
  ['a row that contradicts its path', 'PUT', '/tables/customers/rows/a', { customer_id: 'b' }, 422, 'customer_id'],
  ['a row that does not fit', 'PUT', '/tables/customers/rows', { rows: [{ customer_id: 7 }] }, 422, 'customer_id'],
  ['no such kind', 'GET', '/definitions/Rulez', undefined, 422, 'kind'],
  ['no such definition', 'GET', '/definitions/Rule/none', undefined, 404],
  ['a definition that is not valid', 'POST', '/definitions/apply', { definitions: [{ kind: 'Rule', name: 'r' }] }, 422, 'when'],
  ['a definition that contradicts its path', 'PUT', '/definitions/Rule/a', { name: 'b', when: 'true' }, 422, 'name'],
  ['a change of nothing', 'POST', '/definitions/plan', {}, 422, 'definitions'],
  ['a set that never was', 'POST', '/definitions/rollback', { to: 'x' }, 404],
  ['labels without a verdict', 'POST', '/labels', { labels: [{ transaction_id: 't' }] }, 422, 'labels.0.fraud'],
  ['no such quarantined event', 'POST', '/quarantine/q-9/resend', undefined, 404],
  ['no such key', 'DELETE', '/keys/none', undefined, 404],
  ['a role nobody has', 'POST', '/keys', { name: 'x', roles: ['root'] }, 422, 'roles.0'],
  ['an unknown path', 'GET', '/nothing/here', undefined, 404],
  ['a path that cannot be decoded', 'GET', '/decisions/%zz', undefined, 400],
  ['a prototype in the body', 'POST', '/features/batch', '{"entity_type":"card","entity_ids":[],"__proto__":{"views":["x"]}}', 422],
];

let gateway: GatewayFixture;
beforeAll(async () => {
  gateway = await new GatewayFixture().open();
  await gateway.ask('POST', '/transactions', { body: good });
});
afterAll(() => gateway.close());

describe("a caller's mistake", () => {
  it.each(cases.map(([what, method, url, body, status, field]) => ({ what, method, url, body, status, field })))('$what: $method $url', async ({ method, url, body, status, field }) => {
    const answer = await gateway.ask(method, url, { body });
    expect({ status: answer.status, type: answer.headers['content-type'], problem: answer.json['status'] }).toEqual({ status, type: 'application/problem+json', problem: status });
    expect(answer.json['type']).toMatch(/^urn:weir:problem:WEIR_[A-Z_]+$/);
    if (field !== undefined) expect(answer.json['errors']).toContainEqual(expect.objectContaining({ field, expected: expect.any(String) as string, got: expect.any(String) as string }));
  });

  it.each([
    ['DELETE', '/transactions', 'POST'], ['PATCH', '/lists/blocked_cards/entries/x', 'DELETE, GET, HEAD, PUT'], ['POST', '/v1/healthz', 'GET, HEAD'], ['GET', '/features/batch', 'POST'],
  ] as const)('%s %s is 405 with Allow: %s', async (method, url, allow) => {
    const { status, headers } = await gateway.ask(method, url);
    expect({ status, allow: headers['allow'] }).toEqual({ status: 405, allow });
  });

  it.each([['/transactions', 'text/plain'], ['/transactions', 'application/x-ndjson'], ['/features/batch', 'application/xml'], ['/transactions/batch', 'application/yaml']])('%s refuses %s with 415', async (url, type) => {
    const { status, json } = await gateway.ask('POST', url, { body: '{}', type });
    expect({ status, errors: json['errors'] }).toEqual({ status: 415, errors: [{ field: 'content-type', expected: expect.stringContaining('application/json') as string, got: type }] });
  });

  it.each([
    ['/decisions?outcom=block', 'outcom', /^no other field than .*outcome/, 'an unknown field'], ['/decisions?limit=0', 'limit', /^at least 1$/, '"0"'],
  ])('%s says of %s what was expected and what came', async (url, field, expected, got) => {
    const { json } = await gateway.ask('GET', url);
    expect(json['errors']).toEqual([{ field, expected: expect.stringMatching(expected) as string, got }]);
  });

  it.each([['/transactions', 1_048_577, 413], ['/transactions/batch', 1_048_577, 200], ['/transactions/batch', 33_554_433, 413]])('%s with %d bytes is %d', async (url, bytes, status) => {
    const body = url.endsWith('batch') ? `[${' '.repeat(bytes - 2)}]` : `{${' '.repeat(bytes - 2)}}`;
    expect((await gateway.ask('POST', url, { body })).status).toBe(status);
  });
});

describe('what is not the caller’s fault', () => {
  it.each([['broken', 500, undefined], ['store down', 503, '1'], ['overloaded', 503, '3']] as const)('%s: %d, Retry-After %s, and no word of the inside', async (mood, status, retryAfter) => {
    gateway.suite.mood = mood;
    const answer = await gateway.ask('POST', '/transactions', { body: good });
    expect({ status: answer.status, retryAfter: answer.headers['retry-after'] }).toEqual({ status, retryAfter });
    expect(answer.text).not.toContain('secret');
  });
});
