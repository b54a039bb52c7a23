/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PlatformaticEventLog } from '@weir/adapters/kafka';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { describeOn, freshName, kafkaServer, redisServer } from '@weir/adapters/testing-servers';
import { traceHeader, traceIdOf, type RawRecord } from '@weir/contracts';
import { DecisionProto, decodeRawRecord, originOffset, runOffline } from '@weir/pipeline';
import { TraceReceiver } from '@weir/platform/testing';
import type { EventLog, LogRecord, Topic } from '@weir/ports';
import type { StoredVerdict } from '../src/backtest/stored-comparison';
import { verdictJson } from '@weir/rules';
import { SeededRandom } from '@weir/testkit';
import { buildFollowedStages } from '../src/replay/followed-stages';
import type { ServiceName } from '../src/services/service-config';
import { vectorOf } from '../src/history/history-job';
import { unpackDecision } from '../src/suite/decision-rows';
import { ServiceProcesses } from '../src/services/service-processes';
import { eventRows, firstDifference, laggingText, set, topicVerdicts } from './services-kit';
import { definitionsText, TestFolder, testKey } from './suite-fixture';

const root = join(__dirname, '../../..');
const rowsPerRequest = 50;

async function all(log: EventLog, topic: Topic, lane: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [], { next } = await log.bounds(topic, lane);
  for (let at = 0; at < next;) {
    const read = await log.read(topic, lane, at, 10_000);
    if (read.length === 0) break;
    records.push(...read);
    at = (read.at(-1)?.offset ?? at) + 1;
  }
  return records;
}

/** Five services as processes, with what a test asks of them. */
class Services {
  readonly folder = new TestFolder();
  readonly prefix = freshName('five').replaceAll('_', '-');
  readonly processes: ServiceProcesses;
  readonly log: PlatformaticEventLog;
  url = '';

  constructor(servers: { readonly kafka: string; readonly redis: string; /** Of a collector of traces. */ readonly otlp?: string }, readonly lanes: number, count: (name: ServiceName) => number) {
    this.processes = new ServiceProcesses({
      port: 0, restarts: true, logPath: join(this.folder.path, 'services.log'), count,
      env: { WEIR_KAFKA_BROKERS: servers.kafka, WEIR_REDIS_URL: servers.redis, WEIR_LANES: String(lanes), WEIR_DATA: join(this.folder.path, 'data'), WEIR_PREFIX: this.prefix, WEIR_API_KEY: testKey, WEIR_LOG_LEVEL: 'warn', WEIR_CHECKPOINT_MS: '100', WEIR_SESSION_MS: '3000', WEIR_VERIFY_SHARE: '0.3', WEIR_VERIFY_REST_MS: '200', GATEWAY_DRAIN_MS: '0', ...(servers.otlp === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: servers.otlp, OTEL_TRACES_SAMPLER_ARG: '0' }) },
    });
    this.log = new PlatformaticEventLog({ brokers: [servers.kafka], lanes, prefix: `${this.prefix}.` });
  }

  async start(): Promise<void> {
    this.url = (await this.processes.start()).url ?? '';
    const applied = await this.ask('POST', '/definitions/apply', { files: [{ path: 'test.yaml', text: definitionsText }], prune: true });
    expect(applied.status).toBe(200);
  }

  ask(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { method, headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/json', ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  /** Sends again until it is answered: what was taken already is a duplicate. */
  async send(rows: ReadonlyArray<Record<string, unknown>>): Promise<ReadonlyArray<Record<string, unknown>>> {
    for (;;) {
      const answer = await this.ask('POST', '/transactions/batch', rows).catch(() => undefined);
      if (answer?.status === 200) return ((await answer.json()) as { results: Array<Record<string, unknown>> }).results;
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
  }

  /** Until everything in the lanes is decided. */
  async settle(): Promise<void> {
    for (;;) {
      const answer = await this.ask('GET', '/decisions/export').catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.status === 200) return;
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
  }

  async stop(): Promise<readonly string[]> {
    const unclean = await this.processes.stop();
    await this.log.close();
    this.folder.remove();
    return unclean;
  }
}

describe('Five services on real servers', () => {
  const kafka = kafkaServer(), redis = redisServer();
  beforeAll(() => { execFileSync(process.execPath, [join(root, 'tools/prepare.cjs'), 'run'], { stdio: ['ignore', 'ignore', 'inherit'] }); });

  describeOn(kafka, (brokers) => {
    describeOn(redis, (redisUrl) => {
      it('decide each transaction once and as the offline run does, with every service killed on the way', async () => {
        const receiver = new TraceReceiver();
        await receiver.start();
        const services = new Services({ kafka: brokers, redis: redisUrl, otlp: receiver.endpoint }, 1, () => 1);
        try {
          await services.start();
          await expectOneTrace(services, receiver);
          await expectSimulated(services);
          const rows = eventRows(new SeededRandom(7), 600), answered = new Map<string, unknown>();
          // All stages at once with a batch on its way, later the gateway.
          const victimsAt: ReadonlyMap<number, readonly ServiceName[]> = new Map([[4, ['ingest', 'feature-store', 'cep', 'scoring']], [8, ['gateway']]]);
          for (let from = 0; from < rows.length; from += rowsPerRequest) {
            const some = rows.slice(from, from + rowsPerRequest), sending = services.send(some);
            for (const victim of victimsAt.get(from / rowsPerRequest) ?? []) services.processes.signal(victim, 'SIGKILL');
            (await sending).forEach((result, index) => { if (typeof result['outcome'] === 'string') answered.set(String(some[index]?.['transaction_id']), result['id']); });
          }
          await services.settle();
          await expectDegradedByLag(services);
          const verdicts = await topicVerdicts(services.log);
          const records = (await all(services.log, 'transactions.raw', 0)).map((record) => decodeRawRecord(0, record));
          const offline = await replayed(services, 0, [records]);
          expect(firstDifference(verdicts, offline)).toBeUndefined();
          const first = new Map([...verdicts].map(([origin, json]) => [String((JSON.parse(json) as { transaction_id: string }).transaction_id), `d-0-${origin}`]));
          expect([...answered].filter(([id, decision]) => first.get(id) !== decision)).toEqual([]);
          expect(first.size).toBeGreaterThan(500);
          await expectHistoryAndChecks(services, first.size);
        } finally {
          expect(await services.stop()).toEqual([]);
          await receiver.stop();
        }
      });
    });
  });
});

/** A caller's trace goes from his request over every service and topic to the decision. */
async function expectOneTrace(services: Services, receiver: TraceReceiver): Promise<void> {
  const traceId = 'e'.repeat(32), stages = ['ingest', 'feature-store', 'cep', 'scoring'];
  const answer = await services.ask('POST', '/transactions', { transaction_id: 'traced', event_time: Date.UTC(2026, 0, 1), _received_at: Date.UTC(2026, 0, 1), card_id: 'traced', merchant_id: 'm', amount: 99_999 }, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  expect(await answer.json()).toMatchObject({ meta: { trace_id: traceId } });
  const spans = await receiver.trace(traceId, ({ length }) => length >= 2 + stages.length);
  const request = spans.find(({ parentSpanId }) => parentSpanId === '00f067aa0ba902b7'), publish = spans.find(({ name }) => name === 'transactions.raw publish');
  expect([request?.service, publish?.service, publish?.parentSpanId]).toEqual(['gateway', 'gateway', request?.spanId]);
  expect(new Map(spans.filter(({ kind }) => kind === 5).map(({ service, parentSpanId }) => [service, parentSpanId]))).toEqual(new Map(stages.map((stage) => [stage, publish?.spanId])));
  await services.settle();
  expect((await all(services.log, 'decisions', 0)).map(({ headers }) => traceIdOf(headers[traceHeader]))).toEqual([traceId]);
}

/** What would be decided is what is decided then, a duplicate is known, what is broken is told, and nothing stays of it. */
async function expectSimulated(services: Services): Promise<void> {
  const event = { transaction_id: 'simulated', event_time: Date.UTC(2026, 0, 1, 0, 1), _received_at: Date.UTC(2026, 0, 1, 0, 1), card_id: 'traced', merchant_id: 'm', amount: 99_999 };
  const ask = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    for (;;) {
      const answer = await services.ask('POST', path, body);
      if (answer.status !== 503) return { status: answer.status, ...(await answer.json()) as Record<string, unknown> };
    }
  };
  const simulated = [await ask('/decisions/simulate', event), await ask('/decisions/simulate', event)];
  const decided = await ask('/transactions', event);
  expect(decided['features']).toMatchObject({ tx_count_5m: 2, merchant_count_1h: 2 });
  for (const answer of simulated) for (const part of ['status', 'transaction_id', 'outcome', 'score', 'features', 'statuses', 'reasons', 'rules']) expect([part, answer[part]]).toEqual([part, decided[part]]);
  expect(await ask('/decisions/simulate', event)).toMatchObject({ status: 200, id: decided['id'] });
  expect(await ask('/decisions/simulate', { ...event, transaction_id: 'broken', amount: 'much' })).toMatchObject({ status: 422 });
  expect((await services.ask('GET', '/transactions/broken')).status).toBe(404);
  expect((await services.ask('GET', '/models/quality')).status).toBe(200);
}

/** History has every record and decision, a view is built anew and taken over, a replay gives every decision again, and what is served is what the log gives. */
async function expectHistoryAndChecks(services: Services, decisions: number): Promise<void> {
  const json = async (answer: Response): Promise<Record<string, unknown>> => (await answer.json()) as Record<string, unknown>;
  const until = async (path: string, isDone: (answer: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> => {
    for (;;) {
      const answer = await json(await services.ask('GET', path));
      if (isDone(answer)) return answer;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  };
  const { path, lanes } = await json(await services.ask('POST', '/history/flush')) as { path: string; lanes: Array<{ last: number }> };
  const files = new ParquetOfflineStore({ path, readOnly: true, unpacking: { unpack: unpackDecision, vectorOf } }), kept: string[] = [];
  for await (const { id } of files.decisions({})) kept.push(id);
  await files.close();
  expect([lanes.length, new Set(kept).size, kept.length]).toEqual([1, decisions, decisions]);
  const { id } = await json(await services.ask('POST', '/reprocess', { views: ['card_velocity'] }));
  expect(await until(`/reprocess/${String(id)}`, ({ status }) => status !== 'building' && status !== 'switching')).toMatchObject({ status: 'done', comparison: { different: 0 } });
  const verified = await json(await services.ask('POST', '/backtests', { verify: true }));
  expect(await until(`/backtests/${String(verified['id'])}`, ({ status }) => status !== 'running')).toMatchObject({ status: 'done', report: { compared: decisions, same: decisions } });
  const { passes } = await json(await services.ask('GET', '/verification'));
  expect(await until('/verification', (now) => Number(now['passes']) > Number(passes) + 1 && Number(now['same']) > 20)).toMatchObject({ different: 0, last_error: null });
}

/** While scoring stands still, what is taken behind more than the policy allows is decided in degraded mode, and says so; the next after it is not. */
async function expectDegradedByLag(services: Services): Promise<void> {
  expect((await services.ask('POST', '/definitions/apply', { files: [{ path: 'test.yaml', text: laggingText }], prune: true })).status).toBe(200);
  await services.settle();
  const send = async (name: string, count: number): Promise<void> => {
    const rows = Array.from({ length: count }, (_, index) => ({ transaction_id: `lag-${name}-${index}`, event_time: Date.now(), card_id: `lag-${index}`, merchant_id: 'm', amount: 100 }));
    for (const { status } of await Promise.all(rows.map((row) => services.ask('POST', '/transactions?wait=accepted', row)))) expect(status).toBe(202);
  };
  services.processes.signal('scoring', 'SIGSTOP');
  await send('before', 30);
  await send('between', 40);
  await send('behind', 30);
  services.processes.signal('scoring', 'SIGCONT');
  await services.settle();
  await send('after', 1);
  await services.settle();
  const degraded: string[] = [];
  for (const json of (await topicVerdicts(services.log)).values()) {
    const { transaction_id: id, degraded_why: why, outcome } = JSON.parse(json) as { transaction_id: string; degraded_why: string[]; outcome: string };
    if (!id.startsWith('lag-') || id.startsWith('lag-between-') || why.length === 0) continue;
    expect([outcome, why]).toEqual(['review', [expect.stringMatching(/^\d+ records waited in front of it, more than max_lag 50$/)]]);
    degraded.push(id.split('-')[1] ?? '');
  }
  expect(degraded).toEqual(Array<string>(30).fill('behind'));
  const metrics = await (await fetch(`http://127.0.0.1:${(await services.processes.ready('scoring')).port ?? 0}/metrics`)).text();
  expect(Number(/weir_scoring_degraded_total\{[^}]*cause="lag"[^}]*\} (\d+)/.exec(metrics)?.[1])).toBeGreaterThanOrEqual(30);
}

/** A lane's raw records through the stages, reading other lanes where its decisions did. */
async function replayed(services: Services, lane: number, rawByLane: ReadonlyArray<readonly RawRecord[]>): Promise<Map<number, string>> {
  const storedByOffset = new Map<number, StoredVerdict>(), proto = new DecisionProto();
  if (services.lanes > 1) {
    for (const record of await all(services.log, 'decisions', lane)) {
      const decision = proto.decode(record.value, (_set, source) => set.layoutBySource.get(source));
      if (decision === undefined) continue;
      const { verdict } = decision;
      storedByOffset.set(originOffset(record), { ...verdict, line: () => verdictJson(verdict) });
    }
  }
  const stages = buildFollowedStages({
    lane, lanes: services.lanes, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('no model')),
    read: (other, from, max) => Promise.resolve((rawByLane[other] ?? []).slice(from, from + max)), stored: (offsets) => Promise.resolve(offsets.map((offset) => storedByOffset.get(offset))),
  });
  const verdicts = new Map<number, string>();
  for await (const { outcomes } of runOffline(stages, rawByLane[lane] ?? [])) {
    for (const outcome of outcomes) if (outcome.kind === 'event' && outcome.verdict !== undefined) verdicts.set(outcome.offset, verdictJson(outcome.verdict));
  }
  return verdicts;
}
