import { join } from 'node:path';
import { credentials, loadPackageDefinition, Metadata, type Client, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { simulate } from '@weir/simulator';
import { Pool } from 'undici';
import { repositoryRoot } from '../folders';

/** What the child process is told. Closed loop with `inFlight` requests, or as many a second as `perSecond` says. */
export interface LoadOrder {
  readonly kind: 'http-read' | 'grpc-read' | 'http-transactions' | 'http-batches';
  readonly target: string;
  readonly key: string;
  readonly inFlight: number;
  readonly perSecond: number | undefined;
  readonly warmMs: number;
  readonly measureMs: number;
  /** Transactions of one request of `http-batches`. */
  readonly rowsPerRequest?: number;
  /** Entities a read asks for; of how many. */
  readonly entitiesPerRead: number;
  readonly entities: number;
  /** Tells the transactions of one run from those of another. */
  readonly run: string;
}
export interface LoadReport { readonly answered: number; /** Of the answered: the decision was not there at the deadline (202). */ readonly late: number; readonly failed: number; readonly seconds: number; readonly latenciesMs: number[] }

/** Gives the HTTP status; 200 for a gRPC call that was answered. */
type Send = () => Promise<number>;
const tickMs = 2;
const lateMax = 20_000;

if (process.send !== undefined) process.once('message', (order: LoadOrder) => { void measure(order).then((report) => process.send?.(report)); });

async function measure(order: LoadOrder): Promise<LoadReport> {
  const send = order.kind === 'grpc-read' ? grpcReads(order) : order.kind === 'http-read' ? httpReads(order) : order.kind === 'http-batches' ? httpBatches(order) : httpTransactions(order);
  await run(send, order, order.warmMs);
  process.send?.('measuring');
  return run(send, order, order.measureMs);
}

async function run(send: Send, order: LoadOrder, forMs: number): Promise<LoadReport> {
  const latenciesMs: number[] = [];
  let failed = 0, late = 0;
  const startMs = performance.now();
  const one = async (dueMs: number): Promise<void> => {
    const status = await send();
    if (status >= 300) { failed += 1; return; }
    latenciesMs.push(performance.now() - dueMs);
    if (status === 202) late += 1;
  };
  if (order.perSecond === undefined) {
    await Promise.all(Array.from({ length: order.inFlight }, async () => { while (performance.now() - startMs < forMs) await one(performance.now()); }));
  } else {
    const under = new Set<Promise<void>>();
    for (let sent = 0; performance.now() - startMs < forMs;) {
      const due = Math.floor(((performance.now() - startMs) / 1_000) * order.perSecond);
      // Timed from when it was due, so that a stall counts for all that had to wait.
      for (; sent < due && under.size < lateMax; sent += 1) {
        const sending = one(startMs + (sent / order.perSecond) * 1_000);
        under.add(sending);
        void sending.then(() => under.delete(sending));
      }
      await new Promise((resume) => { setTimeout(resume, tickMs); });
    }
    await Promise.all(under);
  }
  return { answered: latenciesMs.length, late, failed, seconds: (performance.now() - startMs) / 1_000, latenciesMs };
}

function keysFrom(order: LoadOrder): () => string[] {
  let next = 0;
  return () => Array.from({ length: order.entitiesPerRead }, () => `card-${(next = (next + 7) % order.entities)}`);
}

function httpSender(order: LoadOrder): (request: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: string }) => Promise<number> {
  const pool = new Pool(order.target, { connections: Math.min(64, order.inFlight), pipelining: 1 });
  const headers = { authorization: `Bearer ${order.key}` }, jsonHeaders = { ...headers, 'content-type': 'application/json' };
  return async ({ method, path, body }) => {
    const response = await pool.request({ method, path, headers: body === undefined ? headers : jsonHeaders, body: body ?? null });
    await response.body.arrayBuffer();
    return response.statusCode;
  };
}

function httpReads(order: LoadOrder): Send {
  const send = httpSender(order);
  const keys = keysFrom(order);
  return () => {
    const ids = keys();
    return ids.length === 1 ? send({ method: 'GET', path: `/features/card/${ids[0] ?? ''}` }) : send({ method: 'POST', path: '/features/batch', body: JSON.stringify({ entity_type: 'card', entity_ids: ids }) });
  };
}

interface FeatureClient extends Client {
  GetFeatures(request: object, metadata: Metadata, done: (error: ServiceError | null) => void): void;
  BatchGetFeatures(request: object, metadata: Metadata, done: (error: ServiceError | null) => void): void;
}
/** As a client without our code would: from the .proto files. */
function grpcReads(order: LoadOrder): Send {
  const loaded = loadPackageDefinition(loadSync('weir/v1/feature_service.proto', { includeDirs: [join(repositoryRoot(), 'libs', 'contracts', 'proto')], keepCase: true, longs: Number }));
  const { FeatureService } = (loaded['weir'] as unknown as { v1: { FeatureService: new (target: string, given: ReturnType<typeof credentials.createInsecure>, options: object) => FeatureClient } }).v1; // what the file declares
  const clients = Array.from({ length: 4 }, (_, index) => new FeatureService(order.target, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1, index }));
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${order.key}`);
  const keys = keysFrom(order);
  let turn = 0;
  return () => new Promise((resolve) => {
    const client = clients[(turn += 1) % clients.length];
    const ids = keys();
    const done = (error: ServiceError | null): void => resolve(error === null ? 200 : 500);
    if (ids.length === 1) client?.GetFeatures({ entity_type: 'card', entity_id: ids[0] }, metadata, done);
    else client?.BatchGetFeatures({ entity_type: 'card', entity_ids: ids }, metadata, done);
  });
}

function httpTransactions(order: LoadOrder): Send {
  const send = httpSender(order);
  const transactions = simulate({ days: 3_650, customers: 20_000, terminals: 10_000, seed: order.run })[Symbol.iterator]();
  return () => {
    const next = transactions.next();
    if (next.done === true) throw new Error('the simulated world ended');
    const { event } = next.value;
    return send({ method: 'POST', path: '/transactions', body: JSON.stringify({ ...event, transaction_id: `${order.run}-${event.transaction_id}`, event_time: Date.now() }) });
  };
}

/** Many transactions a request; 202 where not all of them were decided in time. */
function httpBatches(order: LoadOrder): Send {
  const pool = new Pool(order.target, { connections: order.inFlight, pipelining: 1 }), rows = order.rowsPerRequest ?? 1;
  const headers = { authorization: `Bearer ${order.key}`, 'content-type': 'application/json', prefer: 'return=minimal' };
  const transactions = simulate({ days: 3_650, customers: 20_000, terminals: 10_000, seed: order.run })[Symbol.iterator]();
  return async () => {
    const events = Array.from({ length: rows }, () => {
      const next = transactions.next();
      if (next.done === true) throw new Error('the simulated world ended');
      return { ...next.value.event, transaction_id: `${order.run}-${next.value.event.transaction_id}`, event_time: Date.now() };
    });
    const response = await pool.request({ method: 'POST', path: '/transactions/batch', headers, body: JSON.stringify(events) });
    const text = await response.body.text();
    return response.statusCode !== 200 ? response.statusCode : text.split('"outcome":').length - 1 === rows ? 200 : 202;
  };
}
