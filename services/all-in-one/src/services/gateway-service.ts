import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LmdbDecisionStore } from '@weir/adapters/lmdb';
import type { PlatformaticEventLog } from '@weir/adapters/kafka';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { openPostgres } from '@weir/adapters/postgres';
import type { RedisOnlineStore, RedisReplies } from '@weir/adapters/redis';
import { openSqlite } from '@weir/adapters/sqlite';
import { SqlCases, SqlQuarantine, SqlRegistry } from '@weir/adapters/sql';
import { WeirError, type Origin } from '@weir/contracts';
import { GatewayServer, type GatewayDependencies, type GatewayOptions } from '@weir/gateway';
import { decodeReply, lastOriginIn, simulatedOffset, Tokeniser } from '@weir/pipeline';
import { Health, Metrics, type Logger, type Resource, type Tracing } from '@weir/platform';
import { quarantineId, SystemClock, type CaseStore, type DecisionStore, type LogRecord, type OnlineStore, type QuarantineRow, type QuarantineStore, type Registry } from '@weir/ports';
import { BacktestService } from '../backtest/backtest-service';
import { suitePlaceOf } from '../backtest/suite-reader';
import { HistoricLog } from '../history/historic-log';
import { readHistoryOptions, type HistoryOptions } from '../history/history-config';
import { LogRetention } from '../history/log-retention';
import { PublishedStates } from '../replay/lane-states';
import { laneReader } from '../replay/lane-reader';
import { Builds } from '../reprocess/builds';
import { ReprocessService } from '../reprocess/reprocess-service';
import { setChecks, webhookCheck } from '../set-checks';
import { decodeAlert } from '../suite/alerts/alert-record';
import { liveAlert } from '../suite/alerts/alert-sink';
import { readWebhookOptions } from '../suite/alerts/alerts-config';
import { StoredAlerts } from '../suite/alerts/alert-views';
import { WebhookSender } from '../suite/alerts/webhook-sender';
import { caseMetrics } from '../suite/cases/case-metrics';
import { ReviewQueue } from '../suite/cases/review-queue';
import { unpackDecision } from '../suite/decision-rows';
import { DefinitionsService } from '../suite/definitions-service';
import { EntityViews } from '../suite/entity-views';
import { ExplainThread } from '../suite/explain/explain-thread';
import { FeatureStatisticsTable } from '../suite/feature-statistics';
import { HotKeyWatch } from '../suite/hot-keys';
import { Insight } from '../suite/insight';
import { LabelWriter } from '../suite/label-writer';
import { LaneLists, LaneTables, LaneWriter } from '../suite/lane-changes';
import { LaneEdge } from '../suite/lane-edge';
import { LaneFeatures } from '../suite/lane-features';
import { LaneSnoozes } from '../suite/lane-snoozes';
import { LiveFeed } from '../suite/live-feed';
import { patternStanding } from '../suite/matches/pattern-standing';
import { StoredMatches } from '../suite/matches/stored-matches';
import { ModelArtifacts } from '../suite/model-artifacts';
import { ModelApproval } from '../suite/models/model-approval';
import { ModelWatch } from '../suite/models/model-watch';
import { readModelsOptions } from '../suite/models/models-config';
import { SharedModels } from '../suite/models/shared-models';
import { Monitor } from '../suite/monitor/monitor';
import { readMonitorOptions } from '../suite/monitor/monitor-config';
import { RegistryAudit, RegistryKeys } from '../suite/registry-views';
import { Replies } from '../suite/replies';
import { tokenKey, webhookKey } from '../suite/secrets';
import { readFourEyes, SetProposals } from '../suite/set-proposals';
import { LaneStatus } from '../suite/suite-status';
import { stored, ToldDecisions, ToldQuarantine, type Told } from '../suite/answered-reads';
import { StoredDecisions, StoredQuarantine } from '../suite/suite-views';
import { tracingOf } from '../suite/tracing-of';
import { openChecker } from '../verify/checker';
import { OnlineCheck } from '../verify/online-check';
import { readVerifyOptions } from '../verify/verify-config';
import { DecisionFeed } from './decision-feed';
import { GatewayHistory } from './gateway-history';
import { LanePositions } from './lane-positions';
import { modelReportsAddress, readModelReport } from './model-reports';
import { openBuild, openLog, openReplies, openState } from './open-servers';
import type { ServiceConfig } from './service-config';
import { SetBook } from './set-book';
import { bringShared } from './shared-builds';
import { Simulations } from './simulations';
import { StoredFeatures, StoredLists, StoredPatterns, StoredTables } from './stored-state';
import { TopicFollower } from './topic-follower';

export interface GatewayServiceOptions { readonly config: ServiceConfig; readonly gateway: GatewayOptions; readonly logger: Logger; readonly env: NodeJS.ProcessEnv }

/** Decisions of a gateway that reads them from the topic: all of them means all that are taken. */
class FollowedDecisions extends StoredDecisions {
  constructor(parts: ConstructorParameters<typeof StoredDecisions>[0], private readonly caughtUp: () => Promise<void>) { super(parts); }

  override async *verdictLines(): AsyncIterable<string> {
    await this.caughtUp();
    yield* super.verdictLines();
  }
}

/** Records in the lanes that no decision has come for yet; above it the edge turns new ones away with 503. */
const backlogMax = 200_000;
const resendDeadlineMs = 10_000;
/** Requests of this time go into the lane together: a batch costs every service and the broker about the same for one record as for ten. One that comes alone does not wait. */
const appendEveryMs = 5;

/** The gateway alone in its process: appends to the lanes, hears the answers over Redis, and keeps what it reads of `decisions`, `quarantine` and `alerts` for those who ask. */
export class GatewayService {
  readonly health = new Health();
  readonly metrics = new Metrics().withProcessMetrics();
  readonly artifacts: ModelArtifacts;
  readonly live = new LiveFeed();
  private readonly models = new SharedModels(new OnnxModelRuntime({ ownThreads: true }));
  private readonly approval: ModelApproval;
  private readonly explaining: ExplainThread;
  private readonly replies = new Replies();
  private readonly statistics = new FeatureStatisticsTable();
  private readonly hotKeys = new HotKeyWatch(this.metrics);
  private readonly tokeniser: Tokeniser;
  private readonly clock = new SystemClock();
  private readonly dataDir: string;
  private readonly ownDir: string;
  /** Of this start: an answer to who was here before finds nobody. */
  private readonly address: string;
  private log!: HistoricLog;
  private wire!: RedisReplies;
  private featureState!: RedisOnlineStore;
  private patternState!: OnlineStore;
  private scoringState!: OnlineStore;
  private ingestState!: OnlineStore;
  private decisions!: DecisionStore;
  private quarantine!: QuarantineStore;
  private cases!: CaseStore;
  registry!: Registry;
  definitions!: DefinitionsService;
  private sets!: SetBook;
  private labels!: LabelWriter;
  private feed!: DecisionFeed;
  private follower!: TopicFollower;
  private positions!: LanePositions;
  private tracing: Tracing | undefined;
  private webhooks: WebhookSender | undefined;
  private backtests: BacktestService | undefined;
  private modelLog!: PlatformaticEventLog;
  private readonly historyOptions: HistoryOptions;
  private history: GatewayHistory | undefined;
  private retention: LogRetention | undefined;
  private states: readonly PublishedStates[] = [];
  private builds!: Builds;
  private reprocessing: ReprocessService | undefined;
  private verification: OnlineCheck | undefined;
  private monitors!: Monitor;
  private watch: ModelWatch | undefined;
  private reviews: ReviewQueue | undefined;
  server!: GatewayServer;

  constructor(private readonly options: GatewayServiceOptions) {
    const { config, env } = options;
    this.dataDir = resolve(config.dataDir);
    this.ownDir = config.ownDataDir === undefined ? join(this.dataDir, `gateway-${config.instanceId ?? 'one'}`) : resolve(config.ownDataDir);
    mkdirSync(this.ownDir, { recursive: true });
    this.historyOptions = readHistoryOptions(env, this.ownDir);
    if (this.historyOptions.logKeepMs !== undefined) throw new WeirError('WEIR_USAGE', 'WEIR_LOG_KEEP is for the embedded log: Kafka keeps a topic as long as its retention says');
    this.artifacts = new ModelArtifacts(join(this.dataDir, 'models'));
    this.explaining = new ExplainThread(join(this.dataDir, 'models'));
    this.approval = new ModelApproval({ runtime: this.models, artifacts: this.artifacts });
    this.tokeniser = new Tokeniser(tokenKey(join(this.dataDir, 'token.key'), env));
    this.address = `${config.instance}-${randomBytes(6).toString('hex')}`;
  }

  get resources(): readonly Resource[] {
    return [
      { name: 'traces', start: async () => { this.tracing = await tracingOf('gateway', { ...this.options, instance: this.options.config.instance }); }, stop: () => this.tracing?.stop() },
      { name: 'servers', start: () => this.open(), stop: () => this.close() },
      { name: 'feeds', start: () => this.startFeeds(), stop: () => this.stopFeeds() },
      { name: 'gateway', start: () => this.startGateway(), stop: () => this.stopGateway() },
      { name: 'readiness', start: () => undefined, stop: () => this.health.beginStop() },
    ];
  }

  private async open(): Promise<void> {
    const { config } = this.options;
    const database = await (config.postgresUrl === undefined ? openSqlite(join(this.ownDir, 'registry.sqlite')) : openPostgres(config.postgresUrl));
    this.registry = new SqlRegistry(database);
    this.quarantine = new SqlQuarantine(database);
    this.cases = new SqlCases(database);
    this.decisions = new LmdbDecisionStore({ path: join(this.ownDir, 'decisions'), lanes: config.lanes, unpack: unpackDecision });
    this.log = await HistoricLog.open(openLog(config, { appendEveryMs }), this.historyOptions.path);
    this.wire = openReplies(config);
    this.featureState = openState(config, 'feature-store');
    this.patternState = openState(config, 'cep');
    this.scoringState = openState(config, 'scoring');
    this.ingestState = openState(config, 'ingest');
    this.sets = new SetBook(this.registry);
    this.states = Array.from({ length: config.lanes }, (_, lane) => new PublishedStates(this.featureState, lane));
    this.builds = new Builds({ folder: join(this.ownDir, 'builds'), records: (lane) => (fromOffset, max) => this.log.read('transactions.raw', lane, fromOffset, max) });
  }

  private async close(): Promise<void> {
    await this.log.close();
    await this.wire.close();
    for (const state of [this.featureState, this.patternState, this.scoringState, this.ingestState]) await state.close();
    await this.decisions.close();
    await this.registry.close();
  }

  private async startFeeds(): Promise<void> {
    const { log, registry, decisions, cases } = this, { config, logger, env } = this.options;
    const onError = (error: unknown): void => logger.error({ err: error }, 'something is tried again');
    this.positions = new LanePositions({ log, states: [this.featureState, this.scoringState], onError, onLook: () => this.lookAround() });
    this.definitions = new DefinitionsService({
      registry, log, clock: this.clock, checks: [...setChecks, webhookCheck(readWebhookOptions(env))], modelHash: (path) => this.artifacts.hashOf(path), approve: (set) => this.approval.approve(set),
      reached: (offsets) => this.positions.reached(offsets),
    });
    await this.definitions.restore();
    this.labels = new LabelWriter({ decisions, cases, log, set: () => this.definitions.set, heldPath: join(this.ownDir, 'labels-held.json'), stored: () => Promise.resolve() }); // the feed stores a decision before it tells of it
    this.feed = new DecisionFeed({ sets: this.sets, decisions, cases, labels: () => this.labels, statistics: this.statistics, hotKeys: this.hotKeys, live: this.live, replies: this.replies, nowMs: () => this.clock.nowMs(), onError });
    this.follower = new TopicFollower({
      log, path: join(this.ownDir, 'places.json'), onError: (topic, error) => logger.error({ topic, err: error }, 'a topic could not be read; it is tried again'),
      topics: [
        { topic: 'decisions', take: (lane, records) => this.feed.take(lane, records), flush: () => this.feed.flush() },
        { topic: 'quarantine', take: (_lane, records) => this.quarantine.write(records.map(quarantineRow)) },
        { topic: 'alerts', take: (_lane, records) => { this.live.alerts(records.map((record) => liveAlert(decodeAlert(record)))); return Promise.resolve(); } },
      ],
    });
    this.webhooks = new WebhookSender({ ...readWebhookOptions(env), log, clock: this.clock, key: webhookKey(join(this.dataDir, 'webhook.key'), env), positionsPath: join(this.ownDir, 'webhooks.json'), metrics: this.metrics, logger });
    await this.webhooks.start();
    await this.wire.subscribe(this.address, (answers) => { for (const answer of answers) this.hear(answer); });
    // What the models call for is written beside the lanes' owners, who alone may write under their fence.
    this.modelLog = openLog(config, { fencedTopics: [] });
    const watch = new ModelWatch({ ...readModelsOptions(env), log: this.modelLog, clock: this.clock, registry, definitions: this.definitions, metrics: this.metrics, logger, told: () => undefined }); // comes back by the topic
    this.watch = watch;
    this.monitors = new Monitor({
      ...readMonitorOptions(env), dataDir: this.ownDir, lanes: config.lanes, decisions, cases, artifacts: this.artifacts, set: () => this.definitions.set, figures: () => watch.figures(), metrics: this.metrics, logger, events: watch.events,
    });
    this.monitors.start();
    await this.wire.subscribe(modelReportsAddress, (reports) => { for (const report of reports) for (const note of readModelReport(report)) watch.note(note); });
    if (readMonitorOptions(env).isOn) watch.start();
    this.follower.start();
    await this.positions.start();
    this.startHistory();
    this.reconcileLater();
    await this.labels.resume();
    this.health.add('definitions', () => (this.definitions.applied ? undefined : 'no definitions are in force yet'));
  }

  private startHistory(): void {
    const { log, clock, metrics, ownDir } = this, { config, logger } = this.options;
    if (this.historyOptions.enabled) {
      this.history = new GatewayHistory({ job: { ...this.historyOptions, dataDir: ownDir, lanes: config.lanes, kafka: config.brokers }, log, clock, logger, metrics, caughtUp: () => this.caughtUp() });
      this.history.start();
    }
    // The broker forgets by itself; here it is looked what it still has.
    this.retention = new LogRetention({
      log, keepMs: undefined, clock, metrics, historyPosition: (lane) => this.history?.position(lane) ?? Promise.resolve(-1), statePosition: () => -1, onError: (error) => logger.warn({ err: error }, 'where the log begins could not be looked up; it is tried again'),
    });
    this.retention.start();
  }

  private async stopFeeds(): Promise<void> {
    await this.retention?.stop();
    await this.history?.stop();
    await this.explaining.close();
    await this.models.close();
    await this.positions.stop();
    await this.follower.stop();
    await this.webhooks?.stop();
    this.watch?.stop();
    await this.monitors.stop();
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
    const goal = this.positions.nextOffsets.map((next) => next - 1);
    const again = async (): Promise<void> => {
      const sets: Array<{ readonly id: string; readonly json: string } | undefined> = [];
      for (const [lane, offset] of goal.entries()) {
        if ((await this.ingestState.position(lane)) < offset) { setTimeout(() => void again().catch(failed), 500).unref(); return; }
        const [set] = await this.ingestState.read(lane, ['ingest/set']);
        sets.push(set === undefined ? undefined : JSON.parse(Buffer.from(set).subarray(1).toString('utf8')) as { readonly id: string; readonly json: string }); // written by the ingest stage alone
      }
      await this.definitions.reconcile(sets);
    };
    const failed = (error: unknown): void => this.options.logger.error({ err: error }, 'what the lanes hold could not be compared with the registry');
    void again().catch(failed);
  }

  private hear(bytes: Uint8Array): void {
    const answer = decodeReply(bytes);
    if (answer === undefined) return;
    if (answer.kind !== 'decided') { this.replies.deliver(answer.lane, answer.offset, answer.kind === 'refused' ? { kind: 'refused', refusal: answer.refusal } : { kind: 'accepted' }); return; }
    // Of a set that is not known here yet: it comes by the topic.
    const decision = this.feed.hear(answer.lane, answer.offset, answer.decision);
    if (decision !== undefined) this.replies.deliver(answer.lane, answer.offset, { kind: 'decided', decision });
  }

  private async startGateway(): Promise<void> {
    const { log, registry, cases, clock, tokeniser } = this, { config, logger, env, gateway } = this.options;
    const set = (): DefinitionsService['set'] => this.definitions.set;
    const writer = new LaneWriter(log, (offsets) => this.positions.reached(offsets));
    const features = new LaneFeatures({ set, stages: Array.from({ length: config.lanes }, (_, lane) => new StoredFeatures(this.featureState, lane, config.lanes)), clock, tokeniser, statistics: this.statistics });
    const tokenOfEntity = (type: string, key: string): string => features.tokenised(type, key);
    const simulations = new Simulations({ send: (address, message) => this.wire.send(address, message), replies: this.replies, address: this.address });
    const edge: LaneEdge = new LaneEdge({
      log, replies: this.replies, decisions: { byId: (id) => this.feed.byIdSoon(id) }, set, tokeniser, backlogMax, backlog: () => Math.max(this.replies.waiting, this.positions.backlog), decided: (lane) => Math.max(this.positions.decided(lane), this.feed.through(lane)), last: (lane) => (this.positions.nextOffsets[lane] ?? 0) - 1, replyTo: this.address, tracing: this.tracing,
      simulate: async (body, lane) => edge.answerOf(await simulations.ask(body, lane), { lane, offset: simulatedOffset }, null),
    });
    const decisions = new ToldDecisions(this.decisions, edge.told), quarantine = new ToldQuarantine(this.quarantine, edge.told), settled = (): Promise<void> => this.raised(edge.told);
    const insight = new Insight({ resolved: (change) => this.definitions.resolved(change), stages: () => [], registry, decisions, explain: (model, row) => this.explaining.explain(model, row), nextOffsets: () => this.positions.nextOffsets, tokenOfEntity });
    this.backtests = new BacktestService({
      place: suitePlaceOf(this.ownDir, { lanes: config.lanes, kafka: config.brokers, history: this.historyOptions.path }), env: this.options.env, clock, modelsFolder: join(this.dataDir, 'models'), inForce: set,
      resolve: async (change) => { const changed = await this.definitions.resolved(change); await this.approval.approve(changed); return changed; },
    });
    const states = (): readonly PublishedStates[] => this.states;
    const reprocessing = new ReprocessService({
      folder: join(this.ownDir, 'builds'), log, builds: this.builds, clock, set, states, onError: (error, id) => logger.error({ err: error, reprocess: id }, 'a view could not be built'),
      bring: (byLane, isStill) => bringShared({ builds: this.builds, open: openBuild(config), states, set, switchViews: (brought, stillIs) => this.definitions.switchViews(brought, stillIs) }, byLane, isStill),
    });
    this.reprocessing = reprocessing;
    const verification = new OnlineCheck({
      ...readVerifyOptions(env), checker: openChecker({ dataDir: this.ownDir, lanes: config.lanes, kafka: config.brokers, history: this.historyOptions.path }, laneReader(log)), states, builtFor: (lane) => this.builds.builtFor(lane),
      hasBuilt: (lane, record) => this.builds.isWhole(lane, record), clock, metrics: this.metrics, onError: (error) => logger.warn({ err: error }, 'served values could not be checked; it is tried again'),
    });
    this.verification = verification;
    verification.start();
    await reprocessing.resumeAll(new Set());
    const stored = new StoredLists(this.scoringState, set), tables = new StoredTables(this.featureState), patterns = new StoredPatterns(this.patternState, config.lanes);
    const lists = new LaneLists({ set, store: () => stored.lists(), writer, clock, tokeniser });
    this.reviews = new ReviewQueue({
      cases, decisions, settled, lists, set, clock, forwardLabels: (labels) => this.labels.forward(labels.map((label) => ({ ...label, source: label.source ?? 'review' }))),
      tokenOfField: (field, value) => features.tokenOfField(field, value), onError: (error) => logger.error({ err: error }, 'a resolution waits to reach the lanes'),
    });
    await this.reviews.resume();
    caseMetrics(this.metrics, { cases, clock, onError: (error) => logger.warn({ err: error }, 'cases could not be counted') });
    const { positions } = this;
    this.server = new GatewayServer({
      cases: this.reviews, entities: new EntityViews({ decisions, cases, set, entityTypeOf: (name) => features.entityTypeOf(name), tokenOfEntity }),
      edge, features, definitions: this.definitions, proposals: new SetProposals({ required: readFourEyes(env), registry, definitions: this.definitions, clock }),
      decisions: new FollowedDecisions({
        store: decisions, quarantine, insight, told: edge.told,
        progress: { next: async (lane) => (lane < config.lanes ? (await log.bounds('transactions.raw', lane)).next : 0), isStored: (origin) => this.isStored(origin) },
      }, () => this.caughtUp()), lists, snoozes: new LaneSnoozes({ set, state: () => stored.snoozes(), writer, clock, tokenOfEntity }), alerts: new StoredAlerts({ log, cases, clock, settled }),
      matches: new StoredMatches({ log, tokenOf: tokenOfEntity, settled, standing: async (pattern, of) => {
        const stages = await patterns.stages();
        return patternStanding(pattern, of, { set, stages: () => stages, decisions, insight, entityTypeOf: (name) => features.entityTypeOf(name), tokenOf: tokenOfEntity });
      } }),
      tables: new LaneTables({ set, rows: () => tables, writer, tokeniser }), labels: this.labels, models: this.artifacts, monitors: this.monitors, backtests: this.backtests, hotKeys: this.hotKeys, reprocessing, verification, ...(this.history === undefined ? {} : { history: this.history.forCallers }),
      status: new LaneStatus({ log, runners: Array.from({ length: config.lanes }, (_, lane) => ({ get position() { return positions.decided(lane); }, get publishedPosition() { return positions.decided(lane); } })), definitions: this.definitions, startedAtMs: clock.nowMs() }),
      quarantine: new StoredQuarantine(quarantine, edge, clock, resendDeadlineMs), keys: new RegistryKeys(registry), audit: new RegistryAudit(registry), live: this.live, tracing: this.tracing, health: this.health, metrics: this.metrics, logger, clock,
    }, gateway);
    await this.server.start();
  }

  /** What decisions that callers were told of raised is written: matches by cep, alerts by scoring, cases here. Cases that cannot be opened now go on waiting. */
  private async raised(told: Told): Promise<void> {
    await stored(told.raised, async (lane, offset) => this.feed.through(lane) >= offset && (await this.patternState.position(lane)) >= offset && (await this.scoringState.position(lane)) >= offset);
    await this.feed.flush().catch(() => undefined);
  }

  /** The record is decided, and everything that was decided up to it is here. */
  private async isStored({ lane, offset }: Origin): Promise<boolean> {
    if (this.positions.decided(lane) < offset) return false;
    return (await this.decisions.position(lane)) >= Math.min(offset, await lastOriginIn(this.log, 'decisions', lane));
  }

  /** Everything that is in the lanes now is decided, and its decision is here. */
  private async caughtUp(): Promise<void> {
    const { log, decisions, positions } = this;
    const goal = await Promise.all(positions.nextOffsets.map(async (_, lane) => (await log.bounds('transactions.raw', lane)).next - 1));
    await positions.reached(goal);
    for (const lane of goal.keys()) {
      const last = await lastOriginIn(log, 'decisions', lane);
      while ((await decisions.position(lane)) < last) await sleep(20);
    }
  }

  private async stopGateway(): Promise<void> {
    await this.server.stop();
    this.reviews?.stop();
    await this.backtests?.stop();
    await this.reprocessing?.stop();
    await this.verification?.stop();
    await this.builds.close();
  }
}

interface QuarantineValue { readonly lane: number; readonly offset: number; readonly source: string; readonly transaction_id: string | null; readonly reason: QuarantineRow['reason']; readonly field: string | null; readonly expected: string | null; readonly got: string | null; readonly received_at: number; readonly event: string }

function quarantineRow(record: LogRecord): QuarantineRow {
  const value = JSON.parse(Buffer.from(record.value).toString('utf8')) as QuarantineValue; // written by ingest alone
  const { lane, offset, source, reason, field, expected, got } = value;
  return { lane, offset, id: quarantineId({ lane, offset }), source, transactionId: value.transaction_id, reason, field, expected, got, receivedAtMs: value.received_at, json: value.event, resentAtMs: null };
}
