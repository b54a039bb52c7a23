import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlatformaticEventLog } from '@weir/adapters/kafka';
import { LmdbDecisionStore } from '@weir/adapters/lmdb';
import { openPostgres } from '@weir/adapters/postgres';
import type { RedisReplies } from '@weir/adapters/redis';
import { openSqlite } from '@weir/adapters/sqlite';
import { SqlCases, SqlQuarantine, SqlRegistry } from '@weir/adapters/sql';
import { WeirError, type Origin } from '@weir/contracts';
import { GatewayServer, type GatewayOptions } from '@weir/gateway';
import { quarantineRow } from '@weir/ingest';
import { decodeReply, lastOriginIn, simulatedOffset } from '@weir/pipeline';
import type { Logger, Resource, Tracing } from '@weir/platform';
import type { Registry } from '@weir/ports';
import { HistoricLog } from '../history/historic-log';
import { LogRetention } from '../history/log-retention';
import { Builds } from '../reprocess/builds';
import { decodeAlert } from '../suite/alerts/alert-record';
import { liveAlert } from '../suite/alerts/alert-sink';
import { stored, type Told } from '../suite/answered-reads';
import type { WebhookSender } from '../suite/alerts/webhook-sender';
import { unpackDecision } from '../suite/decision-rows';
import type { DefinitionsService } from '../suite/definitions-service';
import { GatewayBackend } from '../suite/gateway-backend';
import { GatewayBasis } from '../suite/gateway-basis';
import { Governance } from '../suite/governance';
import { LaneEdge } from '../suite/lane-edge';
import { readMonitorOptions } from '../suite/monitor/monitor-config';
import type { Stores } from '../suite/open-stores';
import { readFourEyes } from '../suite/set-proposals';
import { tracingOf } from '../suite/tracing-of';
import { DecisionFeed } from './decision-feed';
import { GatewayHistory } from './gateway-history';
import { modelReportsAddress, readModelReport } from './model-reports';
import { openBuild, openLog, openReplies } from './open-servers';
import { PublishedLanes } from './published-lanes';
import type { ServiceConfig } from './service-config';
import { SetBook } from './set-book';
import { bringShared } from './shared-builds';
import { Simulations } from './simulations';
import { TopicFollower } from './topic-follower';

export interface GatewayServiceOptions { readonly config: ServiceConfig; readonly gateway: GatewayOptions; readonly logger: Logger; readonly env: NodeJS.ProcessEnv }

/** Records in the lanes that no decision has come for yet; above it the edge turns new ones away with 503. */
const backlogMax = 200_000;
const lookAgainMs = 500;
/** Requests of this time go into the lane together: a batch costs every service and the broker about the same for one record as for ten. One that comes alone does not wait. */
const appendEveryMs = 5;

/** The gateway alone in its process: appends to the lanes, hears the answers over Redis, and keeps what it reads of `decisions`, `quarantine` and `alerts` for those who ask. */
export class GatewayService {
  private readonly basis: GatewayBasis;
  private readonly ownDir: string;
  /** Of this start: an answer to who was here before finds nobody. */
  private readonly address: string;
  private stores!: Omit<Stores, 'online'> & { readonly log: HistoricLog };
  private wire!: RedisReplies;
  private lanes!: PublishedLanes;
  private sets!: SetBook;
  private builds!: Builds;
  private modelLog!: PlatformaticEventLog;
  private governance!: Governance;
  private feed!: DecisionFeed;
  private follower!: TopicFollower;
  private tracing: Tracing | undefined;
  private webhooks!: WebhookSender;
  private history: GatewayHistory | undefined;
  private retention!: LogRetention;
  private backend: GatewayBackend | undefined;
  server!: GatewayServer;

  constructor(private readonly options: GatewayServiceOptions) {
    const { config, env, logger } = options, dataDir = resolve(config.dataDir);
    this.ownDir = config.ownDataDir === undefined ? join(dataDir, `gateway-${config.instanceId ?? 'one'}`) : resolve(config.ownDataDir);
    this.basis = new GatewayBasis({ dataDir, ownDir: this.ownDir, lanes: config.lanes, kafka: config.brokers, env, logger });
    if (this.basis.history.logKeepMs !== undefined) throw new WeirError('WEIR_USAGE', 'WEIR_LOG_KEEP is for the embedded log: Kafka keeps a topic as long as its retention says');
    this.address = `${config.instance}-${randomBytes(6).toString('hex')}`;
  }

  get registry(): Registry { return this.stores.registry; }
  private get definitions(): DefinitionsService { return this.governance.definitions; }

  get resources(): readonly Resource[] {
    return [
      { name: 'traces', start: async () => { this.tracing = await tracingOf('gateway', { ...this.options, instance: this.options.config.instance }); }, stop: () => this.tracing?.stop() },
      { name: 'servers', start: () => this.open(), stop: () => this.close() },
      { name: 'feeds', start: () => this.startFeeds(), stop: () => this.stopFeeds() },
      { name: 'gateway', start: () => this.startGateway(), stop: () => this.server.stop() },
      { name: 'readiness', start: () => undefined, stop: () => this.basis.health.beginStop() },
    ];
  }

  private async open(): Promise<void> {
    const { config } = this.options;
    const database = await (config.postgresUrl === undefined ? openSqlite(join(this.ownDir, 'registry.sqlite')) : openPostgres(config.postgresUrl));
    const decisions = new LmdbDecisionStore({ path: join(this.ownDir, 'decisions'), lanes: config.lanes, unpack: unpackDecision });
    const log = await HistoricLog.open(openLog(config, { appendEveryMs }), this.basis.history.path);
    this.stores = { log, decisions, registry: new SqlRegistry(database), quarantine: new SqlQuarantine(database), cases: new SqlCases(database) };
    this.wire = openReplies(config);
    this.lanes = new PublishedLanes({ config, log, set: () => this.governance.set, onError: this.triedAgain, onLook: () => this.lookAround() });
    this.sets = new SetBook(this.stores.registry);
    this.builds = new Builds({ folder: join(this.ownDir, 'builds'), records: (lane) => (fromOffset, max) => log.read('transactions.raw', lane, fromOffset, max) });
  }

  private async close(): Promise<void> {
    const { log, decisions, registry } = this.stores;
    await log.close();
    await this.wire.close();
    await this.lanes.close();
    await decisions.close();
    await registry.close();
  }

  private readonly triedAgain = (error: unknown): void => this.options.logger.error({ err: error }, 'something is tried again');

  private async startFeeds(): Promise<void> {
    const { basis, stores, lanes, options: { config, env } } = this, { log } = stores;
    // What the models call for is written beside the lanes' owners, who alone may write under their fence.
    this.modelLog = openLog(config, { fencedTopics: [] });
    const governance = this.governance = new Governance({ basis, stores, modelLog: this.modelLog, reached: (offsets) => lanes.reached(offsets), stored: () => Promise.resolve(), told: () => undefined }); // the feed stores a decision before it tells of it; alerts come back by the topic
    await governance.definitions.restore();
    this.openFeed();
    this.webhooks = basis.webhooks(log);
    await this.webhooks.start();
    await this.wire.subscribe(this.address, (answers) => { for (const answer of answers) this.hear(answer); });
    await this.wire.subscribe(modelReportsAddress, (reports) => { for (const report of reports) for (const note of readModelReport(report)) governance.watch.note(note); });
    this.follower.start();
    await lanes.positions.start();
    this.startHistory();
    this.reconcileLater();
    await governance.start({ guards: readMonitorOptions(env).isOn });
  }

  private openFeed(): void {
    const { ownDir, sets, triedAgain, stores: { log, decisions, cases, quarantine }, basis: { noteDecided, live, replies, clock }, governance: { labels }, options: { logger } } = this;
    const feed = this.feed = new DecisionFeed({ sets, decisions, cases, labels: () => labels, noteDecided, live, replies, nowMs: () => clock.nowMs(), onError: triedAgain });
    this.follower = new TopicFollower({
      log, path: join(ownDir, 'places.json'), onError: (topic, error) => logger.error({ topic, err: error }, 'a topic could not be read; it is tried again'),
      topics: [
        { topic: 'decisions', take: (lane, records) => feed.take(lane, records), flush: () => feed.flush() },
        { topic: 'quarantine', take: (_lane, records) => quarantine.write(records.map(quarantineRow)) },
        { topic: 'alerts', take: (_lane, records) => { live.alerts(records.map((record) => liveAlert(decodeAlert(record)))); return Promise.resolve(); } },
      ],
    });
  }

  private startHistory(): void {
    const { ownDir, stores: { log }, basis: { clock, metrics, history, warned }, options: { config, logger } } = this;
    if (history.enabled) {
      this.history = new GatewayHistory({ job: { ...history, dataDir: ownDir, lanes: config.lanes, kafka: config.brokers }, log, clock, logger, metrics, caughtUp: () => this.caughtUp() });
      this.history.start();
    }
    // The broker forgets by itself; here it is looked what it still has.
    this.retention = new LogRetention({
      log, keepMs: undefined, clock, metrics, historyPosition: (lane) => this.history?.position(lane) ?? Promise.resolve(-1), statePosition: () => -1, onError: warned('where the log begins could not be looked up; it is tried again'),
    });
    this.retention.start();
  }

  private async stopFeeds(): Promise<void> {
    await this.backend?.stop();
    await this.builds.close();
    await this.retention.stop();
    await this.history?.stop();
    await this.basis.close();
    await this.lanes.positions.stop();
    await this.follower.stop();
    await this.webhooks.stop();
    await this.governance.stop();
    await this.modelLog.close();
  }

  /** What other gateways changed, and the sets that decisions to come may name. */
  private async lookAround(): Promise<void> {
    await this.definitions.refresh();
    const { id } = this.definitions.set;
    if (this.definitions.applied && this.sets.known(id) === undefined) await this.sets.load(id);
  }

  /** Once ingest is through what the lanes held at the start, a change that was cut off is finished. */
  private reconcileLater(): void {
    const goal = this.lanes.nextOffsets.map((next) => next - 1);
    const again = async (): Promise<void> => {
      const sets = await this.lanes.setsAfter(goal);
      if (sets === undefined) setTimeout(() => void again().catch(failed), lookAgainMs).unref();
      else await this.definitions.reconcile(sets);
    };
    const failed = (error: unknown): void => this.options.logger.error({ err: error }, 'what the lanes hold could not be compared with the registry');
    void again().catch(failed);
  }

  private hear(bytes: Uint8Array): void {
    const answer = decodeReply(bytes), { replies } = this.basis;
    if (answer === undefined) return;
    if (answer.kind !== 'decided') { replies.deliver(answer.lane, answer.offset, answer.kind === 'refused' ? { kind: 'refused', refusal: answer.refusal } : { kind: 'accepted' }); return; }
    // Of a set that is not known here yet: it comes by the topic.
    const decision = this.feed.hear(answer.lane, answer.offset, answer.decision);
    if (decision !== undefined) replies.deliver(answer.lane, answer.offset, { kind: 'decided', decision });
  }

  private async startGateway(): Promise<void> {
    const { basis, stores, governance, lanes, builds, tracing, options: { config, env, gateway } } = this, edge = this.openEdge(), set = (): DefinitionsService['set'] => governance.set;
    const backend = this.backend = new GatewayBackend({
      basis, stores, governance, lanes, builds, tracing, edge, history: this.history?.forCallers, fourEyes: readFourEyes(env), caughtUp: () => this.caughtUp(), isStored: (origin) => this.isStored(origin), settled: () => this.raised(edge.told),
      bring: (byLane, isStill) => bringShared({ builds, open: openBuild(config), states: () => lanes.states, set, switchViews: (brought, stillIs) => governance.definitions.switchViews(brought, stillIs) }, byLane, isStill),
    });
    await backend.start();
    this.server = new GatewayServer(backend.dependencies, gateway);
    await this.server.start();
  }

  private openEdge(): LaneEdge {
    const { wire, address, feed, tracing, stores: { log }, basis: { replies, tokeniser }, lanes: { positions } } = this;
    const simulations = new Simulations({ send: (to, message) => wire.send(to, message), replies, address });
    const edge: LaneEdge = new LaneEdge({
      log, replies, tokeniser, backlogMax, tracing, decisions: { byId: (id) => feed.byIdSoon(id) }, set: () => this.governance.set, backlog: () => Math.max(replies.waiting, positions.backlog), decided: (lane) => Math.max(positions.decided(lane), feed.through(lane)),
      last: (lane) => (positions.nextOffsets[lane] ?? 0) - 1, replyTo: address, simulate: async (body, lane) => edge.answerOf(await simulations.ask(body, lane), { lane, offset: simulatedOffset }, null),
    });
    return edge;
  }

  /** What decisions that callers were told of raised is written: matches by cep, alerts by scoring, cases here. Cases that cannot be opened now go on waiting. */
  private async raised(told: Told): Promise<void> {
    await stored(told.raised, async (lane, offset) => this.feed.through(lane) >= offset && this.lanes.havePublished(lane, offset));
    await this.feed.flush().catch(() => undefined);
  }

  /** The record is decided or refused, and everything that was decided or refused up to it is here. */
  private async isStored({ lane, offset }: Origin): Promise<boolean> {
    const { follower, stores: { log, decisions }, lanes } = this;
    if (lanes.positions.decided(lane) < offset || !(await lanes.hasIngested(lane, offset))) return false;
    const refused = await log.bounds('quarantine', lane);
    if (Math.max(refused.first, follower.place('quarantine', lane)) < refused.next) return false;
    return (await decisions.position(lane)) >= Math.min(offset, await lastOriginIn(log, 'decisions', lane));
  }

  /** Everything that is in the lanes now is decided, and its decision is here. */
  private async caughtUp(): Promise<void> {
    const { stores: { log, decisions }, lanes: { positions } } = this;
    const goal = await Promise.all(positions.nextOffsets.map(async (_, lane) => (await log.bounds('transactions.raw', lane)).next - 1));
    await positions.reached(goal);
    for (const lane of goal.keys()) {
      const last = await lastOriginIn(log, 'decisions', lane);
      while ((await decisions.position(lane)) < last) await sleep(20);
    }
  }
}
