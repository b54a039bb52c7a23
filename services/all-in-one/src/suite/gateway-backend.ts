import { join } from 'node:path';
import type { DefinitionSet } from '@weir/definitions';
import type { GatewayDependencies, History } from '@weir/gateway';
import type { Tracing } from '@weir/platform';
import { BacktestService } from '../backtest/backtest-service';
import { laneReader } from '../replay/lane-reader';
import type { Builds } from '../reprocess/builds';
import { ReprocessService, type ReprocessServiceOptions } from '../reprocess/reprocess-service';
import { openChecker } from '../verify/checker';
import { OnlineCheck } from '../verify/online-check';
import { readVerifyOptions } from '../verify/verify-config';
import { StoredAlerts } from './alerts/alert-views';
import { ToldDecisions, ToldQuarantine } from './answered-reads';
import { caseMetrics } from './cases/case-metrics';
import { ReviewQueue } from './cases/review-queue';
import { EntityViews } from './entity-views';
import type { GatewayBasis } from './gateway-basis';
import type { Governance } from './governance';
import { Insight } from './insight';
import { LaneLists, LaneTables, LaneWriter } from './lane-changes';
import type { LaneEdge } from './lane-edge';
import { LaneFeatures } from './lane-features';
import { LaneSnoozes } from './lane-snoozes';
import type { LaneViews } from './lane-views';
import { patternStanding } from './matches/pattern-standing';
import { StoredMatches } from './matches/stored-matches';
import type { Stores } from './open-stores';
import { RegistryAudit, RegistryKeys } from './registry-views';
import { SetProposals } from './set-proposals';
import { LaneStatus } from './suite-status';
import { StoredDecisions, StoredQuarantine, type LaneProgress } from './suite-views';

export interface GatewayBackendOptions {
  readonly basis: GatewayBasis;
  readonly stores: Pick<Stores, 'log' | 'registry' | 'decisions' | 'quarantine' | 'cases'>;
  readonly governance: Governance;
  readonly lanes: LaneViews;
  readonly edge: LaneEdge;
  readonly builds: Builds;
  /** How views that were built come into the lanes; default: they read the builds themselves, and a record switches. */
  readonly bring?: ReprocessServiceOptions['bring'];
  /** Resolves when all that is in the lanes is decided and its decision is here; not given where decisions are stored by who decides. */
  readonly caughtUp?: () => Promise<void>;
  /** What became of a record is stored: its decision or its refusal, where it has one. */
  readonly isStored: LaneProgress['isStored'];
  /** Resolves when what decisions that callers were told of raised is written: matches, alerts, cases. */
  readonly settled: () => Promise<void>;
  readonly history: History | undefined;
  readonly tracing: Tracing | undefined;
  /** Changes of definitions have to be approved by somebody else. */
  readonly fourEyes: boolean;
}

/** How long an event that is sent again is waited for, ms. */
const resendDeadlineMs = 10_000;

/** Everything a gateway asks for, over the lanes as they are seen; the same in one process and in one of its own. */
export class GatewayBackend {
  readonly dependencies: GatewayDependencies;
  /** Checks served values. */
  readonly verification: OnlineCheck;
  private readonly backtests: BacktestService;
  private readonly reprocessing: ReprocessService;
  private readonly reviews: ReviewQueue;
  private readonly set = (): DefinitionSet => this.options.governance.set;

  /** @throws WeirError WEIR_USAGE. */
  constructor(private readonly options: GatewayBackendOptions) {
    const { basis, stores: { log, registry, cases }, governance: { definitions, labels, monitors }, lanes, edge, tracing, history, isStored, caughtUp, settled, fourEyes } = options;
    const { clock, tokeniser, metrics, health, live, hotKeys, statistics, artifacts, options: { logger } } = basis, { set } = this;
    const decisions = new ToldDecisions(options.stores.decisions, edge.told), quarantine = new ToldQuarantine(options.stores.quarantine, edge.told);
    const writer = new LaneWriter(log, (offsets) => lanes.reached(offsets));
    const features = new LaneFeatures({ set, stages: lanes.features, clock, tokeniser, statistics });
    const entityTypeOf = (name: string): string => features.entityTypeOf(name), tokenOfEntity = (type: string, key: string): string => features.tokenised(type, key);
    const insight = new Insight({ resolved: (change) => definitions.resolved(change), registry, decisions, explain: (model, row) => basis.explaining.explain(model, row), nextOffsets: () => lanes.nextOffsets, tokenOfEntity });
    const lists = new LaneLists({ set, store: () => lanes.lists(), writer, clock, tokeniser });
    this.backtests = this.backtestService();
    this.reprocessing = this.reprocessService();
    this.verification = this.onlineCheck();
    this.reviews = new ReviewQueue({
      cases, decisions, settled, lists, set, clock, forwardLabels: (rows) => labels.forward(rows.map((label) => ({ ...label, source: label.source ?? 'review' }))),
      tokenOfField: (field, value) => features.tokenOfField(field, value), onError: (error) => logger.error({ err: error }, 'a resolution waits to reach the lanes'),
    });
    caseMetrics(metrics, { cases, clock, onError: basis.warned('cases could not be counted') });
    const next = async (lane: number): Promise<number> => (lane < log.lanes ? (await log.bounds('transactions.raw', lane)).next : 0);
    this.dependencies = {
      edge, features, definitions, lists, labels, monitors, tracing, history, health, metrics, live, hotKeys, logger, clock, models: artifacts,
      cases: this.reviews, backtests: this.backtests, reprocessing: this.reprocessing, verification: this.verification,
      decisions: new StoredDecisions({ store: decisions, quarantine, insight, told: edge.told, progress: { next, isStored }, caughtUp }), quarantine: new StoredQuarantine(quarantine, edge, clock, resendDeadlineMs),
      entities: new EntityViews({ decisions, cases, set, entityTypeOf, tokenOfEntity }), alerts: new StoredAlerts({ log, cases, clock, settled }),
      matches: new StoredMatches({ log, tokenOf: tokenOfEntity, settled, standing: (pattern, of) => patternStanding(pattern, of, { set, stages: () => lanes.patterns(), decisions, insight, entityTypeOf, tokenOf: tokenOfEntity }) }),
      proposals: new SetProposals({ required: fourEyes, registry, definitions, clock }), snoozes: new LaneSnoozes({ set, state: () => lanes.snoozes(), writer, clock, tokenOfEntity }),
      tables: new LaneTables({ set, rows: () => lanes.tables(), writer, tokeniser }), status: new LaneStatus({ log, runners: lanes.progress, definitions, startedAtMs: clock.nowMs() }),
      keys: new RegistryKeys(registry), audit: new RegistryAudit(registry),
    };
  }

  /** What was under way goes on. */
  async start(): Promise<void> {
    this.verification.start();
    await this.reprocessing.resumeAll(await this.options.lanes.buildsInUse());
    await this.reviews.resume();
  }

  async stop(): Promise<void> {
    this.reviews.stop();
    await this.backtests.stop();
    await this.reprocessing.stop();
    await this.verification.stop();
  }

  private backtestService(): BacktestService {
    const { basis: { place, modelsFolder, approval, clock, options: { env } }, governance: { definitions } } = this.options;
    return new BacktestService({
      place, env, clock, modelsFolder, inForce: this.set,
      resolve: async (change) => { const changed = await definitions.resolved(change); await approval.approve(changed); return changed; },
    });
  }

  private reprocessService(): ReprocessService {
    const { basis: { place, clock, options: { logger } }, stores: { log }, governance: { definitions }, lanes, builds, bring } = this.options;
    return new ReprocessService({
      folder: join(place.dataDir, 'builds'), log, builds, clock, set: this.set, states: () => lanes.states,
      bring: bring ?? ((byLane, isStill) => definitions.switchViews(byLane, isStill)), onError: (error, id) => logger.error({ err: error, reprocess: id }, 'a view could not be built'),
    });
  }

  private onlineCheck(): OnlineCheck {
    const { basis: { place, clock, metrics, warned, options: { env } }, stores: { log }, lanes, builds } = this.options;
    return new OnlineCheck({
      ...readVerifyOptions(env), checker: openChecker(place, laneReader(log)), states: () => lanes.states, builtFor: (lane) => builds.builtFor(lane), hasBuilt: (lane, record) => builds.isWhole(lane, record),
      clock, metrics, onError: warned('served values could not be checked; it is tried again'),
    });
  }
}
