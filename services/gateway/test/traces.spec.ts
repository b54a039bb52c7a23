import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { createLogger, openTracing, type Tracing } from '@weir/platform';
import { TraceReceiver } from '@weir/platform/testing';
import { readGatewayOptions } from '../src/gateway.config';
import { GatewayServer } from '../src/gateway-server';
import { methodsOf, type Message } from '../src/grpc/descriptor-set';
import { messageOf, toStruct } from '../src/grpc/values';
import { InMemorySuite } from './in-memory-suite';

const lines: string[] = [];
const logger = createLogger({ service: 'gateway', level: 'error', destination: { write: (line: string) => { lines.push(line); } } });
const suite = new InMemorySuite(), key = suite.addKey('key', ['admin']), receiver = new TraceReceiver();
let tracing: Tracing, traced: GatewayServer, untraced: GatewayServer;

beforeAll(async () => {
  await receiver.start();
  tracing = await openTracing({ url: `${receiver.endpoint}/v1/traces`, ratio: 0, tracesPerSecondMax: 1_000 }, { name: 'gateway', instance: 'one', version: '1' }, logger);
  const options = { ...readGatewayOptions({}), host: '127.0.0.1', port: 0, grpcPort: 0 };
  traced = new GatewayServer({ ...suite.dependencies, tracing, logger }, options);
  untraced = new GatewayServer({ ...suite.dependencies, logger }, options);
  await traced.start();
  await untraced.start();
});
beforeEach(() => suite.clear());
afterAll(async () => {
  await traced.stop();
  await untraced.stop();
  await tracing.stop();
  await receiver.stop();
});

const headerOf = (trace: string): string => `00-${trace}-00f067aa0ba902b7-01`;
async function post(server: GatewayServer, path: string, trace: string, body: unknown, apiKey = key): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', traceparent: headerOf(trace) }, body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
}
const event = (id: string): Record<string, unknown> => ({ transaction_id: id, card_id: 'c-1', amount: 1 });

function decideByGrpc(server: GatewayServer, trace: string, request: Message): Promise<Message> {
  const client = new Client(server.grpcTarget ?? '', credentials.createInsecure()), metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  metadata.set('traceparent', headerOf(trace));
  const method = methodsOf('weir.v1.RiskService').find(({ name }) => name === 'Decide');
  if (method === undefined) throw new Error('there is no Decide');
  return new Promise<Message>((resolve, reject) => {
    client.makeUnaryRequest('/weir.v1.RiskService/Decide', method.request.encode, method.response.decode, request, metadata, (error, answer) => (error === null ? resolve(answer ?? {}) : reject(error)));
  }).finally(() => client.close());
}

describe('A request', () => {
  it.each([['where traces are taken', () => traced], ['where none are', () => untraced]])("hands its caller's trace to the decision, over HTTP and gRPC, %s", async (_where, server) => {
    expect(await post(server(), '/transactions', 'a'.repeat(32), event('t-1'))).toMatchObject({ meta: { trace_id: 'a'.repeat(32) } });
    const { decision } = await decideByGrpc(server(), 'b'.repeat(32), { event: toStruct(event('t-2')) });
    expect(messageOf(messageOf(decision)['meta'])).toMatchObject({ trace_id: 'b'.repeat(32) });
  });

  it('is a span with its route and status, over gRPC with its method and code', async () => {
    await post(traced, '/transactions', 'c'.repeat(32), event('t-1'));
    await decideByGrpc(traced, 'c'.repeat(32), { event: toStruct(event('t-2')) });
    const spans = await receiver.trace('c'.repeat(32), ({ length }) => length === 2);
    expect(spans.find(({ name }) => name === 'POST /transactions')).toMatchObject({ kind: 2, error: false, attributes: { 'http.route': '/transactions', 'http.response.status_code': 200 } });
    expect(spans.find(({ name }) => name === 'Decide')).toMatchObject({ kind: 2, error: false, attributes: { 'rpc.method': 'Decide', 'rpc.grpc.status_code': 0 } });
  });

  it('that fails by our fault has its trace in the answer, in the log and marked as failed', async () => {
    suite.mood = 'broken';
    const trace = 'd'.repeat(32);
    expect(await post(traced, '/transactions', trace, event('t-1'))).toMatchObject({ status: 500, trace_id: trace });
    expect(lines.map((line) => JSON.parse(line) as Record<string, unknown>)).toContainEqual(expect.objectContaining({ level: 'error', msg: 'request failed', trace_id: trace }));
    expect(await receiver.trace(trace, ({ length }) => length === 1)).toMatchObject([{ error: true, attributes: { 'http.response.status_code': 500 } }]);
  });

  it('of a stranger begins none', async () => {
    const trace = 'e'.repeat(32);
    expect(await post(traced, '/transactions', trace, event('t-1'), 'no key')).toMatchObject({ status: 401 });
    await tracing.flush();
    expect(receiver.spans.filter(({ traceId }) => traceId === trace)).toEqual([]);
  });
});
