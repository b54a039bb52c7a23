import { join } from 'node:path';
import { GatewayServer, type GatewayOptions, type History } from '@weir/gateway';
import { startTicks } from '@weir/pipeline';
import type { Logger, Metrics, Resource, Tracing } from '@weir/platform';
import type { Registry } from '@weir/ports';
import { HistoricLog } from '../history/historic-log';
import { HistoryService } from '../history/history-service';
import { LogRetention } from '../history/log-retention';
import { Builds } from '../reprocess/builds';
import type { OnlineCheck } from '../verify/online-check';
import { liveAlert } from './alerts/alert-sink';
import type { WebhookSender } from './alerts/webhook-sender';
import type { DefinitionsService } from './definitions-service';
import { GatewayBackend } from './gateway-backend';
import { GatewayBasis } from './gateway-basis';
import { Governance } from './governance';
import type { LabelWriter } from './label-writer';
import { LaneEdge } from './lane-edge';
import type { ModelArtifacts } from './model-artifacts';
import type { Monitor } from './monitor/monitor';
import { OpenLineageEmitter, readOpenLineageOptions } from './open-lineage';
import { openStores, type Servers, type Stores } from './open-stores';
import { readFourEyes } from './set-proposals';
import { SuiteLanes } from './suite-lanes';
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

/** The whole suite in one process: five stages per lane over one log, and the gateway in front. */
export class Suite {
  private readonly basis: GatewayBasis;
  private stores!: Stores;
  private log!: HistoricLog;
  /** Cuts the log behind history. */
  retention!: LogRetention;
  private governance!: Governance;
  private builds!: Builds;
  private lanes!: SuiteLanes;
  /** In front of the lanes; what the gateway sends events through. */
  edge!: LaneEdge;
  private backend: GatewayBackend | undefined;
  server!: GatewayServer;
  private ticks: { stop(): Promise<void> } | undefined;
  private webhooks: WebhookSender | undefined;
  /** Undefined where it is switched off. */
  history: HistoryService | undefined;
  private tracing: Tracing | undefined;

  constructor(private readonly options: SuiteOptions) {
    const { dataDir, lanes, env, logger, servers } = options;
    this.basis = new GatewayBasis({ dataDir, ownDir: dataDir, lanes, kafka: servers?.kafka, env, logger });
  }

  get registry(): Registry { return this.stores.registry; }
  get metrics(): Metrics { return this.basis.metrics; }
  get artifacts(): ModelArtifacts { return this.basis.artifacts; }
  get definitions(): DefinitionsService { return this.governance.definitions; }
  get labels(): LabelWriter { return this.governance.labels; }
  get monitors(): Monitor { return this.governance.monitors; }
  get verification(): OnlineCheck {
    if (this.backend === undefined) throw new Error('the suite has not been started');
    return this.backend.verification;
  }

  /** In the order of start; stopped in reverse: the gateway first turns callers away, then the lanes finish what they took. */
  get resources(): readonly Resource[] {
    return [
      { name: 'stores', start: () => this.openStores(), stop: () => this.closeStores() },
      { name: 'lanes', start: () => this.startLanes(), stop: () => this.stopLanes() },
      { name: 'gateway', start: () => this.startGateway(), stop: () => this.server.stop() },
      { name: 'readiness', start: () => undefined, stop: () => this.basis.health.beginStop() },
    ];
  }

  private async openStores(): Promise<void> {
    const { dataDir, lanes, servers } = this.options, { clock, history } = this.basis;
    this.tracing = await tracingOf('weir', this.options);
    const stores = await openStores({ dataDir, lanes, clock, servers: servers ?? {} });
    this.log = await HistoricLog.open(stores.log, history.path);
    this.stores = { ...stores, log: this.log };
    this.openHistory();
  }

  private openHistory(): void {
    const { dataDir, lanes, servers, logger } = this.options, { history, metrics } = this.basis;
    if (!history.enabled) return;
    this.history = new HistoryService({ job: { ...history, dataDir, lanes, kafka: servers?.kafka }, log: this.log, logger, metrics });
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
    const { basis, stores, log, tracing, history, options: { dataDir, env, logger } } = this, { clock, live } = basis;
    const lineageEvents = new OpenLineageEmitter({ ...readOpenLineageOptions(env), logger, clock });
    const governance = this.governance = new Governance({
      basis, stores, modelLog: log, told: (alerts) => live.alerts(alerts.map(liveAlert)), reached: (offsets) => this.lanes.reached(offsets), stored: () => this.lanes.reachedAll(), inForce: (set) => void lineageEvents.tell(set),
    });
    await governance.definitions.restore();
    this.webhooks = basis.webhooks(log);
    await this.webhooks.start();
    const builds = this.builds = new Builds({ folder: join(dataDir, 'builds'), records: (lane) => (fromOffset, max) => log.read('transactions.raw', lane, fromOffset, max) });
    const lanes = this.lanes = new SuiteLanes({ basis, stores, builds, governance, history, tracing });
    await lanes.start();
    this.edge = new LaneEdge({
      log, replies: basis.replies, decisions: stores.decisions, set: () => governance.set, tokeniser: basis.tokeniser, backlogMax, tracing, backlog: () => basis.replies.waiting, decided: (lane) => lanes.position(lane), simulate: (body, lane) => lanes.simulate(body, lane),
    });
    this.ticks = startTicks({ log, lanes: Array.from({ length: log.lanes }, (_, lane) => lane), clock, onError: (error) => logger.error({ err: error }, 'a tick could not be written') });
    this.startRetention();
    await governance.start({ guards: true });
  }

  private startRetention(): void {
    const { basis: { clock, metrics, history: { logKeepMs }, warned }, log } = this;
    this.retention = new LogRetention({
      log, keepMs: logKeepMs, clock, metrics, historyPosition: (lane) => this.history?.position(lane) ?? Promise.resolve(-1), statePosition: (lane) => this.lanes.publishedPosition(lane),
      onError: warned('the log could not be cut; it is tried again'),
    });
    this.retention.start();
  }

  private async stopLanes(): Promise<void> {
    await this.governance.stop();
    await this.backend?.stop();
    await this.retention.stop();
    await this.ticks?.stop();
    await this.lanes.stop();
    await this.basis.close();
    await this.webhooks?.stop();
    await this.builds.close();
  }

  private async startGateway(): Promise<void> {
    const { basis, stores, governance, lanes, edge, builds, tracing, options: { gateway, fourEyes, env } } = this;
    this.backend = new GatewayBackend({ basis, stores, governance, lanes, edge, builds, tracing, history: this.historyForAll(), isStored: ({ lane, offset }) => Promise.resolve(lanes.position(lane) >= offset), settled: () => lanes.raised(edge.told), fourEyes: fourEyes ?? readFourEyes(env) });
    await this.backend.start();
    this.server = new GatewayServer(this.backend.dependencies, gateway);
    await this.server.start();
  }

  /** What the lanes have taken so far is in the files of history. @throws WeirError WEIR_HISTORY_FAILED. */
  async flushHistory(): Promise<void> {
    await this.lanes.checkpoint();
    await this.history?.flush();
  }

  private historyForAll(): History | undefined {
    const { history } = this;
    return history && { path: history.path, lanes: () => history.lanes(), flush: () => this.flushHistory(), compact: () => history.compact() };
  }
}
