import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { decisionId, WeirError, type Decision, type RawBody, type RawRecord } from '@weir/contracts';
import { GatewayServer, type GatewayOptions, type History, type RowAnswer } from '@weir/gateway';
import { LaneRunner, simulatedOffset, startTicks, Tokeniser, type Outcome, type Sink, type TakenBatch } from '@weir/pipeline';
import { Health, Metrics, type Logger, type Resource, type Tracing } from '@weir/platform';
import { SystemClock, type Registry } from '@weir/ports';
import type { ScoringOptions } from '@weir/scoring';
import { BacktestService } from '../backtest/backtest-service';
import { suitePlaceOf } from '../backtest/suite-reader';
import { buildStages, type Stages } from '../chain';
import { Builds } from '../reprocess/builds';
import { ReprocessService } from '../reprocess/reprocess-service';
import { setChecks, webhookCheck } from '../set-checks';
import { stored, ToldDecisions, ToldQuarantine } from './answered-reads';
import { AlertSink, liveAlert } from './alerts/alert-sink';
import { readWebhookOptions } from './alerts/alerts-config';
import { StoredAlerts } from './alerts/alert-views';
import { MatchSink } from './matches/match-sink';
import { patternStanding } from './matches/pattern-standing';
import { StoredMatches } from './matches/stored-matches';
import { WebhookSender } from './alerts/webhook-sender';
import { caseMetrics } from './cases/case-metrics';
import { TraceSink } from './batch-traces';
import { CaseSink } from './cases/case-sink';
import { ReviewQueue } from './cases/review-queue';
import { HistoricLog } from '../history/historic-log';
import { readHistoryOptions, type HistoryOptions } from '../history/history-config';
import { HistoryService } from '../history/history-service';
import { LogRetention } from '../history/log-retention';
import { entityOfLane } from './decision-rows';
import { DefinitionsService } from './definitions-service';
import { EntityViews } from './entity-views';
import { ForeignLanes } from './foreign-lanes';
import { ExplainThread } from './explain/explain-thread';
import { FeatureStatisticsTable } from './feature-statistics';
import { Insight } from './insight';
import { LabelWriter } from './label-writer';
import { LaneEdge, quarantinedAnswer } from './lane-edge';
import { LaneFeatures } from './lane-features';
import { LaneLists, LaneTables, LaneWriter } from './lane-changes';
import { HotKeyWatch } from './hot-keys';
import { featureMetrics, laneMetrics, patternMetrics } from './lane-metrics';
import { LaneSnoozes } from './lane-snoozes';
import { ListAdditionSink } from './list-additions';
import { LiveFeed } from './live-feed';
import { ModelArtifacts } from './model-artifacts';
import { ModelApproval } from './models/model-approval';
import { modelMetrics } from './models/model-metrics';
import { ModelWatch } from './models/model-watch';
import { readModelsOptions } from './models/models-config';
import { SharedModels } from './models/shared-models';
import { RegistryAudit, RegistryKeys } from './registry-views';
import { Monitor } from './monitor/monitor';
import { readMonitorOptions } from './monitor/monitor-config';
import { OpenLineageEmitter, readOpenLineageOptions } from './open-lineage';
import { openStores, type Servers, type Stores } from './open-stores';
import { alertMetrics, decisionMetrics, watchLag } from './pipeline-metrics';
import { Replies } from './replies';
import { tokenKey, webhookKey } from './secrets';
import { laneReader } from '../replay/lane-reader';
import { StageStates, type LaneStates } from '../replay/lane-states';
import { openChecker } from '../verify/checker';
import { OnlineCheck } from '../verify/online-check';
import { readVerifyOptions } from '../verify/verify-config';
import { storedViewRecords } from '../reprocess/stored-views';
import { readFourEyes, SetProposals } from './set-proposals';
import { BatchReader, DecisionSink, LiveSink, QuarantineSink, type Taken } from './sinks';
import { LaneStatus } from './suite-status';
import { StoredDecisions, StoredQuarantine } from './suite-views';
import { tracingOf } from './tracing-of';

export interface SuiteOptions {
  /** Folder of everything the suite keeps; made where it is missing. */
  readonly dataDir: string;
  readonly lanes: number;
  readonly gateway: GatewayOptions;
  readonly logger: Logger;
  readonly env: NodeJS.ProcessEnv;
  /** Real servers in place of the embedded stores. */
  readonly servers?: Servers;
  /** Changes of definitions have to be approved with another key than the one that proposed them. Default: by WEIR_FOUR_EYES. */
  readonly fourEyes?: boolean;
}

/** Records in the logs that no decision has come for yet; above it the edge turns new ones away with 503. */
const backlogMax = 200_000;
const resendDeadlineMs = 10_000;
/** Records between checkpoints: a restart after a crash runs them again, a few seconds of work; less often, a busy state is packed once for many events. */
const checkpointRecords = 250_000;

/** The whole suite in one process: five stages per lane over one log, and the gateway in front. */
export class Suite {
  readonly replies = new Replies();
  readonly live = new LiveFeed();
  readonly health = new Health();
  readonly metrics = new Metrics().withProcessMetrics();
  readonly statistics = new FeatureStatisticsTable();
  private readonly hotKeys = new HotKeyWatch(this.metrics);
  readonly artifacts: ModelArtifacts;
  readonly tokeniser: Tokeniser;
  private readonly models = new SharedModels(new OnnxModelRuntime({ ownThreads: true }));
  private readonly approval: ModelApproval;
  private readonly explaining: ExplainThread;
  private readonly clock = new SystemClock();
  private stores!: Stores;
  private log!: HistoricLog;
  /** Cuts the log behind history. */
  retention!: LogRetention;
  private readonly historyOptions: HistoryOptions;
  private lanes: ReadonlyArray<{ readonly stages: Stages; readonly runner: LaneRunner; readonly cases: CaseSink }> = [];
  private nextOffsets: number[] = [];
  labels!: LabelWriter;
  definitions!: DefinitionsService;
  server!: GatewayServer;
  private backtests: BacktestService | undefined;
  private builds!: Builds;
  private reprocessing: ReprocessService | undefined;
  verification!: OnlineCheck;
  /** In front of the lanes; what the gateway sends events through. */
  edge!: LaneEdge;
  private reviews: ReviewQueue | undefined;
  private watch!: ModelWatch;
  /** Watches the models over time. */
  monitors!: Monitor;
  private ticks: { stop(): Promise<void> } | undefined;
  private webhooks: WebhookSender | undefined;
  /** Undefined where it is switched off. */
  history: HistoryService | undefined;
  private tracing: Tracing | undefined;
  private lag: { stop(): void } | undefined;
  private readonly countDecisions = decisionMetrics(this.metrics);
  private readonly countModels = modelMetrics(this.metrics);

  constructor(private readonly options: SuiteOptions) {
    mkdirSync(options.dataDir, { recursive: true });
    this.historyOptions = readHistoryOptions(options.env, options.dataDir);
    this.artifacts = new ModelArtifacts(join(options.dataDir, 'models'));
    this.explaining = new ExplainThread(join(options.dataDir, 'models'));
    this.approval = new ModelApproval({ runtime: this.models, artifacts: this.artifacts });
    this.tokeniser = new Tokeniser(tokenKey(join(options.dataDir, 'token.key'), options.env));
  }

  get registry(): Registry { return this.stores.registry; }

  /** In the order of start; stopped in reverse: the gateway first turns callers away, then the lanes finish what they took. */
  get resources(): readonly Resource[] {
    return [
      { name: 'stores', start: () => this.openStores(), stop: () => this.closeStores() },
      { name: 'lanes', start: () => this.startLanes(), stop: () => this.stopLanes() },
      { name: 'gateway', start: () => this.startGateway(), stop: () => this.server.stop() },
      { name: 'readiness', start: () => undefined, stop: () => this.health.beginStop() },
    ];
  }

  private async openStores(): Promise<void> {
    const { dataDir, lanes, servers } = this.options;
    this.tracing = await tracingOf('weir', this.options);
    const stores = await openStores({ dataDir, lanes, clock: this.clock, servers: servers ?? {} });
    this.log = await HistoricLog.open(stores.log, this.historyOptions.path);
    this.stores = { ...stores, log: this.log };
    this.nextOffsets = await Promise.all(Array.from({ length: lanes }, async (_, lane) => (await this.stores.log.bounds('transactions.raw', lane)).next));
    this.openHistory();
  }

  private openHistory(): void {
    const { dataDir, lanes, servers, logger } = this.options;
    if (!this.historyOptions.enabled) return;
    this.history = new HistoryService({ job: { ...this.historyOptions, dataDir, lanes, kafka: servers?.kafka }, log: this.stores.log, logger, metrics: this.metrics });
    this.history.start();
  }

  private async closeStores(): Promise<void> {
    const { log, online, decisions, registry } = this.stores;
    await this.history?.stop();
    await log.close();
    await online.close();
    await decisions.close();
    await registry.close();
    await this.tracing?.stop();
  }

  private async startLanes(): Promise<void> {
    const { log } = this.stores;
    const lineageEvents = new OpenLineageEmitter({ ...readOpenLineageOptions(this.options.env), logger: this.options.logger, clock: this.clock });
    this.definitions = new DefinitionsService({
      registry: this.stores.registry, log, clock: this.clock, checks: [...setChecks, webhookCheck(readWebhookOptions(this.options.env))], modelHash: (path) => this.artifacts.hashOf(path),
      approve: (set) => this.approval.approve(set), reached: (offsets) => this.reached(offsets), inForce: (set) => void lineageEvents.tell(set),
    });
    await this.definitions.restore();
    this.labels = new LabelWriter({ decisions: this.stores.decisions, cases: this.stores.cases, log, set: () => this.definitions.set, heldPath: join(this.options.dataDir, 'labels-held.json'), stored: () => this.reached(this.nextOffsets.map((next) => next - 1)) });
    await this.startWebhooks();
    this.watch = new ModelWatch({
      ...readModelsOptions(this.options.env), log, clock: this.clock, registry: this.stores.registry, definitions: this.definitions, metrics: this.metrics, logger: this.options.logger,
      told: (alerts) => this.live.alerts(alerts.map(liveAlert)),
    });
    this.builds = new Builds({ folder: join(this.options.dataDir, 'builds'), records: (lane) => (fromOffset, max) => log.read('transactions.raw', lane, fromOffset, max) });
    const foreign = this.options.lanes === 1 ? undefined : await ForeignLanes.open({ log, online: this.stores.online, decisions: this.stores.decisions, stageOf: (lane) => this.lanes[lane]?.stages.features, replicaOf: (lane) => ({ features: { built: this.builds.builtFor(lane) }, prepare: [this.builds.preparationFor(lane)] }) });
    this.lanes = Array.from({ length: this.options.lanes }, (_, lane) => this.buildLane(lane, foreign));
    for (const { runner } of this.lanes) await runner.restore();
    for (const { runner } of this.lanes) await runner.start();
    patternMetrics(this.metrics, () => this.lanes.map(({ stages }, lane) => ({ lane, stage: stages.patterns })));
    featureMetrics(this.metrics, () => this.lanes.map(({ stages }, lane) => ({ lane, stage: stages.features })));
    this.lag = watchLag(this.metrics, { stage: 'suite', end: async (lane) => (await log.bounds('transactions.raw', lane)).next, lanes: () => this.lanes.map(({ runner }, lane) => ({ lane, next: runner.position + 1 })) });
    this.watchFailures();
    await this.reached(this.nextOffsets.map((next) => next - 1));
    await this.definitions.reconcile(this.lanes.map(({ stages }) => stages.ingest.set));
    await this.labels.resume();
    this.edge = new LaneEdge({
      log, replies: this.replies, decisions: this.stores.decisions, set: () => this.definitions.set, tokeniser: this.tokeniser, backlogMax, tracing: this.tracing, backlog: () => this.replies.waiting, decided: (lane) => this.lanes[lane]?.runner.position ?? -1, simulate: (body, lane) => this.simulate(body, lane),
    });
    this.ticks = startTicks({ log, lanes: this.lanes.map((_, lane) => lane), clock: this.clock, onError: (error) => this.options.logger.error({ err: error }, 'a tick could not be written') });
    this.retention = new LogRetention({
      log: this.log, keepMs: this.historyOptions.logKeepMs, clock: this.clock, metrics: this.metrics, historyPosition: (lane) => this.history?.position(lane) ?? Promise.resolve(-1), statePosition: (lane) => this.lanes[lane]?.runner.publishedPosition ?? -1,
      onError: (error) => this.options.logger.warn({ err: error }, 'the log could not be cut; it is tried again'),
    });
    this.retention.start();
    this.watch.start();
    this.monitors = new Monitor({
      ...readMonitorOptions(this.options.env), dataDir: this.options.dataDir, lanes: this.options.lanes, decisions: this.stores.decisions, cases: this.stores.cases, artifacts: this.artifacts,
      set: () => this.definitions.set, events: this.watch.events, figures: () => this.watch.figures(), metrics: this.metrics, logger: this.options.logger,
    });
    this.monitors.start();
    this.health.add('definitions', () => (this.definitions.applied ? undefined : 'no definitions are in force yet'));
  }

  private get modelOptions(): Pick<ScoringOptions, 'budgets' | 'observe'> {
    const { budgetMs } = readModelsOptions(this.options.env);
    return { observe: (answered) => { this.countModels(answered); this.watch.note(answered); }, ...(budgetMs === null ? {} : { budgets: { modelMs: budgetMs } }) };
  }

  private buildLane(lane: number, foreign: ForeignLanes | undefined): { stages: Stages; runner: LaneRunner; cases: CaseSink } {
    const { log, online, decisions, quarantine } = this.stores;
    const stages = buildStages({ lane, runtime: this.models, loadFile: (path, sha256) => this.artifacts.read(path, sha256), models: this.modelOptions, built: this.builds.builtFor(lane),
      prepare: [...(foreign === undefined ? [] : [foreign.recallFor(lane)]), this.builds.preparationFor(lane)], ...(foreign === undefined ? {} : { foreign: foreign.shardsFor(lane) }) });
    const reader = new BatchReader(this.clock, () => (this.definitions.applied ? this.definitions.set : undefined));
    const cases = this.caseSink(reader);
    const runner = new LaneRunner({
      lane, log, store: online, chain: stages, clock: this.clock, checkpointRecords, hooks: laneMetrics(this.metrics, lane), recordsFirst: foreign !== undefined,
      sinks: [new DecisionSink(lane, reader, decisions), new QuarantineSink(quarantine), ...this.historySink(lane, reader), cases, this.alertSink(lane, stages, reader), ...(foreign === undefined ? [] : [new ListAdditionSink(log, lane)]), new MatchSink(log, lane, (pattern) => stages.patterns.entityOf(pattern)), new LiveSink(reader, this.live, (batch, taken) => this.noteBatch(batch, taken)), ...(this.tracing === undefined ? [] : [new TraceSink(this.tracing, this.options.logger)])],
      reply: (outcomes, batch) => this.reply(outcomes, reader.read(batch)), retriesMax: Infinity, onRetry: (error) => this.noteRetry(lane, error),
    });
    return { stages, runner, cases };
  }

  /** A lane whose outputs cannot be written (a full disk, a server that is away) waits for as long as it takes, and the process says so. */
  private noteRetry(lane: number, error: unknown): void {
    const name = `outputs of lane ${lane}`, { health, options: { logger } } = this;
    if (error === undefined) {
      if (health.remove(name)) logger.info({ lane }, 'what could not be written is written');
    } else if (health.add(name, () => (error instanceof Error ? error.message : 'cannot be written'))) logger.error({ lane, err: error }, 'a lane waits: what it has cannot be written; it is tried again');
  }

  /** What the lanes have taken so far is in the files of history. @throws WeirError WEIR_HISTORY_FAILED. */
  async flushHistory(): Promise<void> {
    for (const { runner } of this.lanes) await runner.checkpoint();
    await this.history?.flush();
  }

  private historyForAll(): History | undefined {
    const { history } = this;
    return history && { path: history.path, lanes: () => history.lanes(), flush: () => this.flushHistory(), compact: () => history.compact() };
  }

  private historySink(lane: number, reader: BatchReader): Sink[] {
    return this.history === undefined ? [] : [this.history.sink(lane, (batch, offset) => reader.read(batch).entitiesAt(offset))];
  }

  private caseSink(reader: BatchReader): CaseSink {
    return new CaseSink({
      reader, store: this.stores.cases, slaOf: ({ policy }) => (this.definitions.applied ? this.definitions.set.policies.get(policy)?.sla ?? [] : []),
      onError: (error) => this.options.logger.error({ err: error }, 'cases could not be opened; they go on waiting'),
    });
  }

  private alertSink(lane: number, stages: Stages, reader: BatchReader): AlertSink {
    const count = alertMetrics(this.metrics);
    return new AlertSink(lane, {
      log: this.stores.log, alertsOf: (item) => stages.scoring.alertsOf(item), entityOf: (item, batch) => entityOfLane(reader.read(batch).entitiesAt(item.offset), item.kind === 'event' ? stages.scoring.set?.sources.get(item.event.source)?.partitionBy : null),
      written: (alerts) => {
        for (const { alert } of alerts) count(alert);
        this.live.alerts(alerts.map(liveAlert));
      },
    });
  }

  private async startWebhooks(): Promise<void> {
    const { dataDir, env, logger } = this.options;
    this.webhooks = new WebhookSender({
      ...readWebhookOptions(env), log: this.stores.log, clock: this.clock, key: webhookKey(join(dataDir, 'webhook.key'), env), positionsPath: join(dataDir, 'webhooks.json'), metrics: this.metrics, logger,
    });
    await this.webhooks.start();
  }

  /** A lane that cannot go on makes the process not ready and ends it: whoever takes over replays from the log. */
  private watchFailures(): void {
    this.lanes.forEach(({ runner }, lane) => {
      runner.done().catch((error: unknown) => {
        this.health.add(`lane ${lane}`, () => (error instanceof Error ? error.message : 'the lane stopped'));
        this.options.logger.fatal({ lane, err: error }, 'a lane cannot go on');
        process.kill(process.pid, 'SIGTERM');
      });
    });
  }

  private async stopLanes(): Promise<void> {
    this.lag?.stop();
    this.reviews?.stop();
    this.watch.stop();
    await this.monitors.stop();
    await this.backtests?.stop();
    await this.reprocessing?.stop();
    await this.verification?.stop();
    await (this.retention as LogRetention | undefined)?.stop();
    await this.ticks?.stop();
    for (const { runner, stages } of this.lanes) {
      await runner.stop();
      await stages.scoring.close();
    }
    await this.models.close();
    await this.explaining.close();
    await this.webhooks?.stop();
    await this.builds.close();
  }

  /** Builds that the state as it is stored goes back to. */
  private async buildsInUse(): Promise<ReadonlySet<string>> {
    const stored = await Promise.all(this.lanes.map((_, lane) => storedViewRecords(this.stores.online, lane)));
    return new Set(stored.flat().flatMap(({ built }) => (built === undefined ? [] : [built.id])));
  }

  private async reached(offsets: readonly number[]): Promise<void> {
    await Promise.all(offsets.map((offset, lane) => (offset < 0 ? undefined : this.lanes[lane]?.runner.reached(offset))));
  }

  /** What decisions that callers were told of raised is written: matches, alerts, cases. Cases that cannot be opened now go on waiting. */
  private async raised(): Promise<void> {
    await stored(this.edge.told.raised, (lane, offset) => Promise.resolve((this.lanes[lane]?.runner.position ?? -1) >= offset));
    await Promise.allSettled(this.lanes.map(({ cases }) => cases.flush()));
  }

  private reply(outcomes: readonly Outcome[], taken: Taken): void {
    for (const outcome of outcomes) {
      if ('replyTo' in outcome && outcome.replyTo === undefined) continue;
      if (outcome.kind === 'event') {
        const decision = taken.decisionAt(outcome.offset);
        this.replies.deliver(outcome.lane, outcome.offset, decision === undefined ? { kind: 'accepted' } : { kind: 'decided', decision });
      } else if (outcome.kind === 'duplicate' || outcome.kind === 'conflict' || outcome.kind === 'quarantined') {
        this.replies.deliver(outcome.lane, outcome.offset, { kind: 'refused', refusal: outcome });
      }
    }
  }

  private noteBatch(batch: TakenBatch, taken: Taken): void {
    this.labels.decided(taken.rows).catch((error: unknown) => this.options.logger.error({ err: error }, 'labels that waited could not be sent; they go on waiting'));
    const nowMs = this.clock.nowMs();
    this.statistics.add(taken.rows, nowMs);
    this.hotKeys.add(taken.rows, nowMs);
    this.countDecisions(taken.rows);
    this.nextOffsets[batch.lane] = Math.max(this.nextOffsets[batch.lane] ?? 0, (batch.records.at(-1)?.offset ?? -1) + 1);
  }

  private async startGateway(): Promise<void> {
    const { log, registry, cases } = this.stores, { edge } = this;
    const decisions = new ToldDecisions(this.stores.decisions, edge.told), quarantine = new ToldQuarantine(this.stores.quarantine, edge.told), settled = (): Promise<void> => this.raised();
    const set = (): DefinitionsService['set'] => this.definitions.set;
    const writer = new LaneWriter(log, (offsets) => this.reached(offsets));
    const features = new LaneFeatures({ set, stages: this.lanes.map(({ stages }) => stages.features), clock: this.clock, tokeniser: this.tokeniser, statistics: this.statistics });
    const tokenOfEntity = (type: string, key: string): string => features.tokenised(type, key);
    const insight = new Insight({ resolved: (change) => this.definitions.resolved(change), stages: () => this.lanes.map(({ stages }) => stages), registry, decisions, explain: (model, row) => this.explaining.explain(model, row), nextOffsets: () => this.nextOffsets, tokenOfEntity });
    this.backtests = new BacktestService({
      place: suitePlaceOf(this.options.dataDir, { lanes: this.options.lanes, kafka: this.options.servers?.kafka, history: this.historyOptions.path }), env: this.options.env, clock: this.clock, modelsFolder: join(this.options.dataDir, 'models'), inForce: set,
      resolve: async (change) => { const changed = await this.definitions.resolved(change); await this.approval.approve(changed); return changed; },
    });
    const states = (): readonly LaneStates[] => this.lanes.map(({ stages }) => new StageStates(stages.features));
    this.reprocessing = new ReprocessService({
      folder: join(this.options.dataDir, 'builds'), log, builds: this.builds, clock: this.clock, set, states,
      bring: (byLane, isStill) => this.definitions.switchViews(byLane, isStill), onError: (error, id) => this.options.logger.error({ err: error, reprocess: id }, 'a view could not be built'),
    });
    this.verification = new OnlineCheck({
      ...readVerifyOptions(this.options.env), checker: openChecker({ dataDir: this.options.dataDir, lanes: this.options.lanes, kafka: this.options.servers?.kafka, history: this.historyOptions.path }, laneReader(log)), states, builtFor: (lane) => this.builds.builtFor(lane), hasBuilt: (lane, record) => this.builds.isWhole(lane, record), clock: this.clock, metrics: this.metrics,
      onError: (error) => this.options.logger.warn({ err: error }, 'served values could not be checked; it is tried again'),
    });
    this.verification.start();
    await this.reprocessing.resumeAll(await this.buildsInUse());
    const lists = new LaneLists({ set, store: () => this.firstLane.scoring.lists, writer, clock: this.clock, tokeniser: this.tokeniser });
    this.reviews = new ReviewQueue({
      cases, decisions, settled, lists, set, clock: this.clock, forwardLabels: (labels) => this.labels.forward(labels.map((label) => ({ ...label, source: label.source ?? 'review' }))),
      tokenOfField: (field, value) => features.tokenOfField(field, value), onError: (error) => this.options.logger.error({ err: error }, 'a resolution waits to reach the lanes'),
    });
    await this.reviews.resume();
    caseMetrics(this.metrics, { cases, clock: this.clock, onError: (error) => this.options.logger.warn({ err: error }, 'cases could not be counted') });
    this.server = new GatewayServer({
      cases: this.reviews, entities: new EntityViews({ decisions, cases, set, entityTypeOf: (name) => features.entityTypeOf(name), tokenOfEntity }),
      edge, features, definitions: this.definitions, proposals: new SetProposals({ required: this.fourEyes, registry, definitions: this.definitions, clock: this.clock }),
      decisions: new StoredDecisions({
        store: decisions, quarantine, insight, told: edge.told,
        progress: { next: async (lane) => (lane < log.lanes ? (await log.bounds('transactions.raw', lane)).next : 0), isStored: ({ lane, offset }) => Promise.resolve((this.lanes[lane]?.runner.position ?? -1) >= offset) },
      }),
      lists,
      snoozes: new LaneSnoozes({ set, state: () => this.firstLane.scoring.snoozes, writer, clock: this.clock, tokenOfEntity: (type, key) => features.tokenised(type, key) }),
      alerts: new StoredAlerts({ log, cases, clock: this.clock, settled }),
      matches: new StoredMatches({ log, tokenOf: tokenOfEntity, settled, standing: (pattern, of) => patternStanding(pattern, of, {
        set, stages: () => this.lanes.map(({ stages }) => stages.patterns), decisions, insight, entityTypeOf: (name) => features.entityTypeOf(name), tokenOf: tokenOfEntity,
      }) }),
      tables: new LaneTables({ set, rows: () => this.firstLane.features.tableRows, writer, tokeniser: this.tokeniser }),
      labels: this.labels, models: this.artifacts, monitors: this.monitors, backtests: this.backtests, reprocessing: this.reprocessing, verification: this.verification, hotKeys: this.hotKeys,
      status: new LaneStatus({ log, runners: this.lanes.map(({ runner }) => runner), definitions: this.definitions, startedAtMs: this.clock.nowMs() }),
      history: this.historyForAll(),
      quarantine: new StoredQuarantine(quarantine, edge, this.clock, resendDeadlineMs),
      keys: new RegistryKeys(registry), audit: new RegistryAudit(registry), live: this.live, tracing: this.tracing, health: this.health, metrics: this.metrics, logger: this.options.logger, clock: this.clock,
    }, this.options.gateway);
    await this.server.start();
  }

  private get fourEyes(): boolean { return this.options.fourEyes ?? readFourEyes(this.options.env); }

  private get firstLane(): Stages {
    const lane = this.lanes[0];
    if (lane === undefined) throw new WeirError('WEIR_NOT_FOUND', 'the suite has no lane yet');
    return lane.stages;
  }

  /** One event against the state of now, through every stage; nothing is kept. */
  private async simulate(body: RawBody, lane: number): Promise<RowAnswer> {
    const stages = this.lanes[lane]?.stages ?? this.firstLane;
    const nowMs = this.clock.nowMs();
    const record: RawRecord = { lane, offset: simulatedOffset, appendedAtMs: nowMs, body };
    const judged = stages.ingest.simulate(record);
    if (judged.kind === 'quarantined') return quarantinedAnswer(judged);
    if (judged.kind === 'duplicate') {
      const first = await this.stores.decisions.byId(decisionId({ lane, offset: judged.firstOffset }));
      if (first !== undefined) return { kind: 'decided', decision: JSON.parse(first.json) as Decision, duplicate: true };
    }
    if (judged.kind !== 'event') return { kind: 'accepted', id: decisionId(record), transactionId: null, duplicate: judged.kind === 'duplicate' };
    let item: Outcome = judged;
    for (const stage of stages.stages) item = await stage.simulate(item);
    if (item.kind !== 'event' || item.verdict === undefined) return { kind: 'accepted', id: decisionId(record), transactionId: judged.event.id, duplicate: false };
    return { kind: 'decided', decision: { verdict: item.verdict, meta: { decided_at: nowMs, latency_ms: { total: this.clock.nowMs() - nowMs }, trace_id: null } }, duplicate: false };
  }
}
