import { MemoryEventLog, MemoryOnlineStore } from '@weir/adapters/memory';
import { decisionId, type RawBody } from '@weir/contracts';
import { documentsFromJson, resolveSet, type DefinitionSet } from '@weir/definitions';
import { encodeRawBody, LaneRunner, type Sink, type TakenBatch } from '@weir/pipeline';
import { Clock, ModelRuntime, type DecisionRow, type LoadedModel, type OnlineStore } from '@weir/ports';
import type { SeededRandom } from '@weir/testkit';
import { buildStages, type Stages } from '../src/chain';
import { laneReader } from '../src/replay/lane-reader';
import { ReplayedBackfills } from '../src/reprocess/replayed-backfills';
import { setChecks } from '../src/set-checks';
import { decisionRow } from '../src/suite/decision-rows';
import { ForeignLanes } from '../src/suite/foreign-lanes';
import { laneOf, partitionKeyOf } from '../src/suite/lane-choice';
import { ListAdditionSink } from '../src/suite/list-additions';
import type { ReadStored } from '../src/backtest/stored-comparison';
import { storedText } from '../src/backtest/stored-rows';

export class SetClock extends Clock {
  atMs = Date.UTC(2026, 0, 5);
  override nowMs(): number { return this.atMs; }
}
export class NoModels extends ModelRuntime {
  override load(): Promise<LoadedModel> { return Promise.reject(new Error('this set has no models')); }
}
export const noFiles = (): Promise<Uint8Array> => Promise.reject(new Error('this set has no models'));

type Document = Readonly<Record<string, unknown>>;
const numeric = ['sum', 'avg', 'min', 'max', 'stddev', 'median', 'p95'], any = ['count', 'distinct', 'first', 'last', 'since_last', 'since_first'];
const windows = ['10s', '5m', '1h', '1d', { kind: 'tumbling', size: '5m' }, { kind: 'session', gap: '1m' }, { last: 4 }, { kind: 'day', zone: 'Asia/Kolkata' }, undefined];

function randomView(random: SeededRandom, name: string, entity: string): Document {
  const features = Array.from({ length: random.int(2, 6) }, (_, index): Document => {
    const agg = random.pick([...numeric, ...any]), window = random.pick(windows);
    return {
      name: `${name}_${index}`, agg, ...(numeric.includes(agg) ? { of: 'amount' } : agg === 'count' || agg.startsWith('since') ? {} : { of: random.pick(['merchant_id', 'status']) }),
      ...(window === undefined || agg.startsWith('since') ? {} : { window }), ...(random.chance(0.3) ? { where: 'tx.status == "ok"' } : {}), ...(random.chance(0.2) ? { current: 'exclude' } : {}),
    };
  });
  return { kind: 'FeatureView', name, entity, source: 'transactions', features: [{ name: `${name}_n`, agg: 'count', windows: ['1h', '1d'] }, ...features], ...(random.chance(0.3) ? { where: 'tx.amount > 0' } : {}), ...(random.chance(0.3) ? { ttl: '1h' } : {}) };
}

/** Views of cards and of merchants with random features, a rule that fills a list, and a pattern that also looks at events that nobody decides. */
export function randomSet(random: SeededRandom): DefinitionSet {
  const documents: Document[] = [
    { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', partition_by: 'card', decide: true, late: { allowed_lateness: '2h' }, fields: { transaction_id: 'string!', card_id: 'string', merchant_id: 'string', amount: 'money!', status: 'string' } },
    { kind: 'Source', name: 'logins', id: 'login_id', time: 'at', partition_by: 'card', fields: { login_id: 'string!', card_id: 'string', merchant_id: 'string', ok: 'bool' } },
    { kind: 'Entity', name: 'card', key: 'card_id' }, { kind: 'Entity', name: 'merchant', key: 'merchant_id', hot: random.chance(0.5) }, { kind: 'Entity', name: 'pair', key: ['card_id', 'merchant_id'] },
    randomView(random, 'cards', 'card'), randomView(random, 'merchants', 'merchant'), randomView(random, 'more', random.pick(['merchant', 'pair'])),
    { kind: 'FeatureView', name: 'visits', entity: 'merchant', source: 'logins', features: [{ name: 'visits', agg: 'count', windows: ['1h'] }, { name: 'visitors', agg: 'distinct', of: 'card_id', windows: ['1d'] }] },
    { kind: 'List', name: 'listed', of: 'card_id', effect: 'watch', ttl: '10m' },
    { kind: 'Rule', name: 'busy', when: 'features.merchants_n_1h > 8', weight: 0.3, then: [{ add_to_list: { list: 'listed', value: 'tx.card_id' } }] },
    { kind: 'Rule', name: 'visited', when: 'features.visits_1h > 3 && tx.card_id in lists.listed', weight: 0.3 },
    { kind: 'Pattern', name: 'login_then_pay', key: 'card', within: '20m', weight: 0.2, sources: ['logins', 'transactions'], pattern: [{ name: 'login', where: 'tx.ok' }, { name: 'pay', followed_by: true, where: 'tx.amount > 500 && features.merchants_n_1h > 2' }] },
  ];
  return resolveSet(documentsFromJson(documents), undefined, { checks: setChecks });
}

/** Out of order, late, twice and broken, over few cards and fewer merchants. */
export function randomBodies(random: SeededRandom, count: number, fromMs: number): RawBody[] {
  const bodies: RawBody[] = [];
  let nowMs = fromMs;
  for (let index = 0; index < count; index++) {
    nowMs += Math.floor(random.exponential(3_000));
    if (random.chance(0.04) && bodies.length > 0) { bodies.push(random.pick(bodies.slice(-50))); continue; }
    const timeMs = nowMs - (random.chance(0.15) ? random.int(0, 120_000) : 0) - (random.chance(0.02) ? 4 * 3_600_000 : 0);
    const keys = { card_id: random.chance(0.03) ? null : `c-${random.int(0, 25)}`, merchant_id: random.chance(0.05) ? null : `m-${random.int(0, 4)}` };
    const isLogin = random.chance(0.25);
    const event = isLogin ? { login_id: `l-${fromMs}-${index}`, at: timeMs, ok: random.chance(0.7), ...keys }
      : { transaction_id: `t-${fromMs}-${index}`, event_time: timeMs, amount: random.chance(0.02) ? 'broken' : random.int(-50, 2_000), status: random.pick(['ok', 'no', null]), ...keys };
    bodies.push({ kind: 'event', source: isLogin ? 'logins' : 'transactions', json: JSON.stringify(event), receivedAtMs: nowMs, idempotency: undefined, replyTo: undefined });
  }
  return bodies;
}

/** Lanes of so many that a record is appended to. */
export const lanesOf = (body: RawBody, set: DefinitionSet, lanes: number): readonly number[] => (body.kind === 'event' ? [laneOf(partitionKeyOf(JSON.parse(body.json) as Record<string, unknown>, body.source, set), lanes)] : Array.from({ length: lanes }, (_, lane) => lane));

/** A store in memory that cannot be read at once, as one on another machine. */
export const distantStore = (): OnlineStore => new Proxy(new MemoryOnlineStore(), {
  get(store, name) {
    const member: unknown = name === 'readSync' || name === 'scanSync' ? undefined : Reflect.get(store, name);
    return typeof member === 'function' ? member.bind(store) as unknown : member;
  },
});

/** Lanes of one process over stores in memory; the process can be gone at any moment, and another one takes over. */
export class TestLanes {
  readonly clock = new SetClock();
  readonly log: MemoryEventLog;
  /** Stored decisions by id; the first of each origin stays. */
  readonly rows = new Map<string, DecisionRow>();
  private readonly stored: number[];
  /** Outlive the process, as files do. */
  private readonly backfills: readonly ReplayedBackfills[];
  private running: ReadonlyArray<{ readonly stages: Stages; readonly runner: LaneRunner }> = [];
  private life = { isOver: false };

  constructor(readonly lanes: number, private readonly random: SeededRandom, readonly online: OnlineStore = new MemoryOnlineStore()) {
    this.log = new MemoryEventLog({ clock: this.clock, lanes });
    this.backfills = Array.from({ length: lanes }, (_, lane) => new ReplayedBackfills(lane, laneReader(this.log)));
    this.stored = Array.from({ length: lanes }, () => -1);
  }

  get stages(): readonly Stages[] { return this.running.map(({ stages }) => stages); }
  readonly decisions = { position: (lane: number) => Promise.resolve(this.stored[lane] ?? -1), byId: (id: string) => Promise.resolve(this.rows.get(id)) };
  storedOf(lane: number): ReadStored { return (offsets) => Promise.resolve(offsets.map((offset) => { const row = this.rows.get(decisionId({ lane, offset })); return row && storedText(row.json); })); }

  async append(set: DefinitionSet, body: RawBody): Promise<void> {
    for (const lane of lanesOf(body, set, this.lanes)) await this.log.append('transactions.raw', lane, [encodeRawBody(body)]);
  }

  async start(): Promise<void> {
    this.life = { isOver: false };
    const foreign = this.lanes === 1 ? undefined : await ForeignLanes.open({ log: this.log, online: this.online, decisions: this.decisions, stageOf: (lane) => this.running[lane]?.stages.features, replicaOf: (lane) => ({ features: { built: this.builtFor(lane) }, prepare: this.backfills.slice(lane, lane + 1) }) });
    this.running = Array.from({ length: this.lanes }, (_, lane) => {
      const stages = buildStages({ lane, runtime: new NoModels(), loadFile: noFiles, built: this.builtFor(lane), prepare: [...(foreign === undefined ? [] : [foreign.recallFor(lane)]), ...this.backfills.slice(lane, lane + 1)], ...(foreign === undefined ? {} : { foreign: foreign.shardsFor(lane) }) });
      const runner = new LaneRunner({
        lane, log: this.log, store: this.online, chain: stages, clock: this.clock, sinks: [this.sink(lane, this.life), ...(foreign === undefined ? [] : [new ListAdditionSink(this.log, lane)])], recordsFirst: foreign !== undefined,
        batchMax: this.random.int(3, 60), checkpointRecords: this.random.int(40, 300), checkpointMs: 1e12, idleWaitMs: 1,
      });
      return { stages, runner };
    });
    for (const { runner } of this.running) await runner.restore();
    for (const { runner } of this.running) await runner.start();
  }

  /** Every lane has passed all that was appended. */
  async settle(): Promise<void> {
    await Promise.all(this.running.map(async ({ runner }, lane) => runner.reached((await this.log.bounds('transactions.raw', lane)).next - 1)));
  }

  /** What was not stored is gone. */
  async kill(): Promise<void> {
    this.life.isOver = true;
    await Promise.allSettled(this.running.map(({ runner }) => runner.stop({ checkpoint: false })));
  }

  private builtFor(lane: number) { return (id: string, key: string): Uint8Array | undefined => this.backfills[lane]?.built(id, key); }

  private sink(lane: number, life: { readonly isOver: boolean }): Sink<TakenBatch> {
    return {
      name: 'decisions',
      take: (batch) => batch,
      write: async (batches) => {
        for (let turns = this.random.int(0, 3); turns > 0; turns--) await new Promise((resume) => { setImmediate(resume); });
        if (life.isOver) throw new Error('the process is gone');
        for (const { outcomes } of batches) {
          for (const item of outcomes) {
            if (item.kind !== 'event' || item.verdict === undefined || item.offset <= (this.stored[lane] ?? -1)) continue;
            this.rows.set(item.verdict.id, decisionRow(item, { verdict: item.verdict, meta: { decided_at: 0, latency_ms: {}, trace_id: null } }, []));
            this.stored[lane] = item.offset;
          }
        }
      },
    };
  }
}
