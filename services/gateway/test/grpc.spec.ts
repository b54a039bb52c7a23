import { Client, credentials, Metadata, status, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { readGatewayOptions } from '../src/gateway.config';
import { GatewayServer } from '../src/gateway-server';
import { methodsOf, type Message } from '../src/grpc/descriptor-set';
import { fromStruct, fromTimestamp, listOf, messageOf, toStruct, toTimestamp, toValue } from '../src/grpc/values';
import { InMemorySuite } from './in-memory-suite';

const suite = new InMemorySuite();
const adminKey = suite.addKey('admin-key', ['admin']);
const readKey = suite.addKey('read-key', ['read']);
const server = new GatewayServer(suite.dependencies, { ...readGatewayOptions({}), host: '127.0.0.1', port: 0, grpcPort: 0 });
let client: Client;

beforeAll(async () => {
  await server.start();
  client = new Client(server.grpcTarget ?? '', credentials.createInsecure());
});
beforeEach(() => suite.clear());
afterAll(async () => {
  client.close();
  await server.stop();
});

const withKey = (key: string | null): Metadata => { const metadata = new Metadata(); if (key !== null) metadata.set('authorization', `Bearer ${key}`); return metadata; };
const methodOf = (service: string, name: string) => {
  const found = methodsOf(service).find((method) => method.name === name);
  if (found === undefined) throw new Error(`${service} has no ${name}`);
  return found;
};
const call = (service: string, name: string, request: Message, key: string | null = adminKey): Promise<Message> => new Promise((resolve, reject) => {
  const method = methodOf(service, name);
  client.makeUnaryRequest(`/${service}/${name}`, method.request.encode, method.response.decode, request, withKey(key), (error, answer) => (error === null ? resolve(answer ?? {}) : reject(error)));
});
const refusal = async (...of: Parameters<typeof call>): Promise<ServiceError> => call(...of).then(() => { throw new Error('it was answered'); }, (error: ServiceError) => error);
const features = 'weir.v1.FeatureService', risk = 'weir.v1.RiskService';

const http = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
  const response = await fetch(`${server.url}${path}`, { method, headers: { authorization: `Bearer ${adminKey}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return (await response.json()) as Record<string, unknown>;
};
const event = (id: string, amount: number, card = 'c-1') => ({ transaction_id: id, card_id: card, amount, nested: { list: [1, 'a', null, true] } });
const decide = (id: string, amount: number, more: Message = {}) => call(risk, 'Decide', { event: toStruct(event(id, amount)), ...more });

/** Features as HTTP has them. */
const statuses = ['UNSPECIFIED', 'ERROR', 'NOT_FOUND', 'OUTSIDE_MAX_AGE', 'WARMING', 'APPROXIMATE', 'NULL_VALUE', 'PRESENT'];
const valueOf = (value: unknown): unknown => fromStruct({ fields: { it: value } })['it'];
const iso = (at: unknown): string | null => { const ms = fromTimestamp(at); return ms === undefined ? null : new Date(ms).toISOString(); };
const byName = <T>(given: unknown, of: (feature: Message) => T): Record<string, T> => Object.fromEntries(listOf(given).map(messageOf).map((feature) => [String(feature['name']), of(feature)]));
const asHttp = (entity: unknown, asOf: unknown): unknown => {
  const { entity_type, entity_id, features: read } = messageOf(entity);
  return { entity_type, entity_id, features: byName(read, ({ value }) => valueOf(value)), statuses: byName(read, (feature) => statuses[Number(feature['status'])]), event_times: byName(read, ({ event_time }) => iso(event_time)), as_of: iso(asOf) };
};
const decisionAsHttp = (given: unknown): Record<string, unknown> => {
  const decision = messageOf(given);
  const model = messageOf(decision['model']);
  return {
    ...decision, event_time: iso(decision['event_time']), outcome: ['', 'approve', 'review', 'block'][Number(decision['outcome'])],
    features: byName(decision['features'], ({ value }) => valueOf(value)), statuses: byName(decision['features'], (feature) => statuses[Number(feature['status'])]),
    tx: fromStruct(decision['tx']), profiles: fromStruct(decision['profiles']), positions: listOf(decision['positions']).length === 0 ? null : decision['positions'],
    model: { name: model['name'], version: model['version'], p: model['p'] },
    meta: { ...messageOf(decision['meta']), decided_at: iso(messageOf(decision['meta'])['decided_at']), trace_id: messageOf(decision['meta'])['trace_id'] || null },
  };
};

describe('values', () => {
  it('survive the way there and back', () => {
    const record = { a: 1.5, b: 'x', c: null, d: true, e: [1, ['y', {}], null], f: { g: { h: -0.25 } } };
    const type = methodOf(risk, 'Simulate').request;
    expect(fromStruct(type.decode(type.encode({ event: toStruct(record) }))['event'])).toEqual(record);
    expect([toValue(Number.NaN), toValue(undefined)]).toEqual([{ null_value: 0 }, { null_value: 0 }]);
  });
  it.each([0, 1, 1_772_366_400_123, -1, -1_500])('of time too: %d ms', (ms) => expect(fromTimestamp(toTimestamp(ms))).toBe(ms));
});

describe('features over gRPC are those over HTTP', () => {
  it.each([['c-1'], ['nobody']])('of the card %s', async (card) => {
    await decide('t-1', 1);
    const { entity, as_of } = await call(features, 'GetFeatures', { entity_type: 'card', entity_id: card });
    expect(asHttp(entity, as_of)).toEqual(await http('GET', `/features/card/${card}`));
  });

  it('of many, in the order asked, at a time', async () => {
    await decide('t-1', 1);
    const entity_ids = ['c-1', 'c-2', 'c-1'];
    const { entities, as_of } = await call(features, 'BatchGetFeatures', { entity_type: 'card', entity_ids, selection: { at: toTimestamp(Date.UTC(2026, 0, 1)) } });
    expect({ results: listOf(entities).map((entity) => asHttp(entity, as_of)) }).toEqual(await http('POST', '/features/batch', { entity_type: 'card', entity_ids, at: '2026-01-01' }));
  });

  it('joined to rows', async () => {
    await decide('t-1', 1);
    const row = { card_id: 'c-1', note: 'x' };
    const { rows } = await call(features, 'JoinFeatures', { rows: [toStruct(row)], selection: { service: 'fraud_v1' } });
    expect(listOf(rows).map(messageOf).map((joined) => ({ ...fromStruct(joined['row']), features: byName(joined['features'], ({ value }) => valueOf(value)) }))).toEqual([{ ...row, features: { tx_count_1h: 1 } }]);
  });

  it('in their statistics', async () => {
    const [one] = listOf((await call(features, 'GetStatistics', { feature: 'tx_count_1h' }))['features']).map(messageOf);
    expect({ ...one, last_updated: iso(one?.['last_updated']) }).toMatchObject(await http('GET', '/features/stats/tx_count_1h'));
    expect(await refusal(features, 'GetStatistics', { feature: 'none' })).toMatchObject({ code: status.NOT_FOUND });
  });
});

describe('decisions over gRPC are those over HTTP', () => {
  it('when decided, found, and simulated', async () => {
    const { decision, duplicate } = await decide('t-1', 1_500_000);
    const { duplicate: _, ...overHttp } = { duplicate, ...(await http('POST', '/transactions', event('t-1', 1_500_000))) };
    expect(decisionAsHttp(decision)).toMatchObject({ ...overHttp, tx: event('t-1', 1_500_000), model: { name: 'fraud_xgb', version: 1, p: 0.05 } });
    const { decision: found } = await call(risk, 'GetDecision', { transaction_id: 't-1' });
    expect(messageOf(messageOf(found)['model'])).toMatchObject({ base: -1, margin: 0.5, contributions: { amount: 1.5 } });
    expect(await call(risk, 'Decide', { event: toStruct(event('t-1', 1)) })).toMatchObject({ duplicate: true });
    expect(messageOf((await call(risk, 'Simulate', { event: toStruct(event('s-1', 3_000_000)) }))['decision'])).toMatchObject({ outcome: 3 });
    expect(await refusal(risk, 'GetDecision', { transaction_id: 's-1' })).toMatchObject({ code: status.NOT_FOUND });
  });

  it('that are late come as what is pending', async () => {
    suite.mood = 'late';
    expect(await decide('t-1', 1)).toMatchObject({ result: 'pending', pending: { id: 'd-0-0' } });
  });

  it('are watched by outcome', async () => {
    const method = methodOf(risk, 'WatchDecisions');
    const stream: ClientReadableStream<Message> = client.makeServerStreamRequest(`/${risk}/WatchDecisions`, method.request.encode, method.response.decode, { outcomes: [3] }, withKey(readKey));
    const first = new Promise<Message>((resolve, reject) => { stream.once('data', resolve).on('error', reject); });
    await new Promise<void>((resolve) => { stream.once('metadata', () => resolve()); });
    await decide('t-1', 1);
    await decide('t-2', 3_000_000);
    expect(messageOf((await first)['decision'])).toMatchObject({ transaction_id: 't-2', outcome: 3 });
    stream.removeAllListeners('error').on('error', () => undefined);
    stream.cancel();
  });
});

describe('what is wrong has a status', () => {
  it.each([
    ['no key', status.UNAUTHENTICATED, () => refusal(features, 'GetFeatures', { entity_type: 'card', entity_id: 'c' }, null)],
    ['a wrong key', status.UNAUTHENTICATED, () => refusal(features, 'GetFeatures', { entity_type: 'card', entity_id: 'c' }, 'wrong')],
    ['a key without the role', status.PERMISSION_DENIED, () => refusal(risk, 'Decide', { event: toStruct(event('t', 1)) }, readKey)],
    ['an unknown entity type', status.NOT_FOUND, () => refusal(features, 'GetFeatures', { entity_type: 'ship', entity_id: 'c' })],
    ['an empty id', status.INVALID_ARGUMENT, () => refusal(features, 'GetFeatures', { entity_type: 'card' })],
    ['a quarantined event', status.INVALID_ARGUMENT, () => refusal(risk, 'Decide', { event: toStruct({ transaction_id: 't' }) })],
    ['a key used for another body', status.ALREADY_EXISTS, async () => { await decide('t-1', 1, { idempotency_key: 'k' }); return refusal(risk, 'Decide', { event: toStruct(event('t-2', 2)), idempotency_key: 'k' }); }],
    ['a suite that is behind', status.UNAVAILABLE, () => { suite.mood = 'overloaded'; return refusal(risk, 'Decide', { event: toStruct(event('t', 1)) }); }],
    ['a bug, of which nothing is told', status.INTERNAL, async () => { suite.mood = 'broken'; const error = await refusal(risk, 'Decide', { event: toStruct(event('t', 1)) }); expect(error.details).not.toContain('secret'); return error; }],
    ['an unknown method', status.UNIMPLEMENTED, () => new Promise<ServiceError>((resolve) => { client.makeUnaryRequest('/weir.v1.RiskService/Nothing', () => Buffer.alloc(0), (bytes: Buffer) => bytes, {}, (error) => { if (error !== null) resolve(error); }); })],
  ] as const)('%s', async (_what, code, refused) => expect((await refused()).code).toBe(code));

  it('and tells the field, as HTTP does', async () => {
    const error = await refusal(risk, 'Decide', { event: toStruct({ transaction_id: 't' }) });
    expect(JSON.parse(String(error.metadata.get('weir-problem-bin')[0]))).toMatchObject({ status: 422, reason: 'invalid', errors: [{ field: 'amount' }] });
  });
});

describe('tools', () => {
  it('ask for its health without a key', async () => {
    expect(await call('grpc.health.v1.Health', 'Check', {}, null)).toEqual({ status: 1 });
    expect(await call('grpc.health.v1.Health', 'Check', { service: risk }, null)).toEqual({ status: 1 });
    expect(await refusal('grpc.health.v1.Health', 'Check', { service: 'nothing' }, null)).toMatchObject({ code: status.NOT_FOUND });
  });

  it.each(['v1', 'v1alpha'])('learn the interface by reflection %s', async (version) => {
    const { request, response } = methodOf('grpc.reflection.v1.ServerReflection', 'ServerReflectionInfo');
    const stream = client.makeBidiStreamRequest(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`, request.encode, response.decode);
    const answers: Message[] = [];
    stream.on('data', (answer: Message) => answers.push(answer));
    for (const asked of [{ list_services: '' }, { file_containing_symbol: 'weir.v1.RiskService.Decide' }, { file_by_filename: 'weir/v1/feature_service.proto' }, { file_containing_symbol: 'weir.v1.Nothing' }]) stream.write(asked);
    stream.end();
    await new Promise((resolve) => { stream.once('end', resolve); });
    const files = (answer: Message | undefined): number => listOf(messageOf(answer?.['file_descriptor_response'])['file_descriptor_proto']).length;
    expect(listOf(messageOf(answers[0]?.['list_services_response'])['service'])).toContainEqual({ name: 'weir.v1.FeatureService' });
    expect([files(answers[1]), files(answers[2]), messageOf(answers[3]?.['error_response'])['error_code']]).toEqual([4, 3, status.NOT_FOUND]);
  });
});
