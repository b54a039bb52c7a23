import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LaneOwnership, type LaneChange, type PlatformaticEventLog } from '@weir/adapters/kafka';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import type { RedisOnlineStore, RedisReplies } from '@weir/adapters/redis';
import { PatternWork } from '@weir/cep';
import { FeatureWork } from '@weir/feature-store';
import { decodeSimulation, encodeSimulation, LaneKeeper, retrying, simulationAddress, startTicks, WorkRunner, type LaneWork, type WorkRunnerHooks } from '@weir/pipeline';
import { Health, HealthServer, Metrics, type Logger, type Resource, type Tracing } from '@weir/platform';
import { SystemClock, type Topic } from '@weir/ports';
import { traceBatch, tracedIn, traceIdsOf } from '../suite/batch-traces';
import { featureMetrics, patternMetrics } from '../suite/lane-metrics';
import { ModelArtifacts } from '../suite/model-artifacts';
import { modelMetrics } from '../suite/models/model-metrics';
import { SharedModels } from '../suite/models/shared-models';
import { alertMetrics, decisionMetrics } from '../suite/pipeline-metrics';
import { tracingOf } from '../suite/tracing-of';
import { buildWork } from './lane-work';
import { ModelReports } from './model-reports';
import { kafkaOptions, openBuild, openLog, openReplies, openState } from './open-servers';
import type { ServiceConfig, StageName } from './service-config';
import { workMetrics } from './work-metrics';

/** A broker that is not there yet when the service starts is waited for so often, 5 s at most in between. */
const firstLookRetriesMax = 20;

/** What each service reads: its lanes are shared out by this topic. */
const inputOf: Readonly<Record<StageName, Topic>> = { ingest: 'transactions.raw', 'feature-store': 'transactions', cep: 'features', scoring: 'signals' };

/** Who goes on with what a service hands over. */
const nextOf: Readonly<Partial<Record<StageName, StageName>>> = { ingest: 'feature-store', 'feature-store': 'cep', cep: 'scoring' };

/**
 * One service alone in its process: a member of its group, running its part of the lanes it was given. Any number of processes may be started; one that has no lane
 * stands by. A lane moves with its published state.
 */
export class StageService {
  readonly health = new Health();
  readonly metrics = new Metrics().withProcessMetrics();
  private readonly clock = new SystemClock();
  private readonly artifacts: ModelArtifacts;
  private readonly models = new SharedModels(new OnnxModelRuntime({ ownThreads: true }));
  private readonly server: HealthServer;
  private readonly watch: ReturnType<typeof workMetrics>;
  private log!: PlatformaticEventLog;
  private store!: RedisOnlineStore;
  private replies!: RedisReplies;
  private keeper!: LaneKeeper;
  private ownership: LaneOwnership | undefined;
  private readonly ticksByLane = new Map<number, { stop(): Promise<void> }>();
  private tracing: Tracing | undefined;
  private readonly workByLane = new Map<number, LaneWork>();
  private readonly countDecisions: ReturnType<typeof decisionMetrics> | undefined;
  private readonly countAlert: ReturnType<typeof alertMetrics> | undefined;
  private readonly countModels: ReturnType<typeof modelMetrics> | undefined;
  private readonly modelReports = new ModelReports(() => this.replies);
  private joined = false;

  constructor(private readonly name: StageName, private readonly config: ServiceConfig, private readonly logger: Logger, private readonly env: NodeJS.ProcessEnv = process.env) {
    mkdirSync(resolve(config.dataDir), { recursive: true });
    this.artifacts = new ModelArtifacts(join(resolve(config.dataDir), 'models'));
    this.server = new HealthServer({ health: this.health, metrics: this.metrics, logger, host: config.httpHost, port: config.httpPort });
    this.watch = workMetrics(this.metrics, { service: name, keeper: () => this.keeper, log: () => this.log, input: inputOf[name] });
    this.countDecisions = name === 'scoring' ? decisionMetrics(this.metrics) : undefined;
    this.countAlert = name === 'scoring' ? alertMetrics(this.metrics) : undefined;
    this.countModels = name === 'scoring' ? modelMetrics(this.metrics) : undefined;
    if (name === 'cep') patternMetrics(this.metrics, () => this.stagesOf(PatternWork));
    if (name === 'feature-store') featureMetrics(this.metrics, () => this.stagesOf(FeatureWork));
  }

  /** The stages of the lanes that are run here now. */
  private stagesOf<W extends { readonly stage: unknown }>(kind: abstract new (...args: never[]) => W): ReadonlyArray<{ readonly lane: number; readonly stage: W['stage'] }> {
    return this.keeper.lanes.flatMap((lane) => { const work = this.workByLane.get(lane); return work instanceof kind ? [{ lane, stage: work.stage }] : []; });
  }

  get port(): number { return this.server.port; }

  /** In the order of start; stopped in reverse: first the lanes are given up with their state published. */
  get resources(): readonly Resource[] {
    return [
      { name: 'traces', start: async () => { this.tracing = await tracingOf(this.name, { env: this.env, logger: this.logger, instance: this.config.instance }); }, stop: () => this.tracing?.stop() },
      { name: 'servers', start: () => this.open(), stop: () => this.close() },
      { name: 'lanes', start: () => this.join(), stop: () => this.leave() },
      this.server,
      { name: 'readiness', start: () => undefined, stop: () => this.health.beginStop() },
    ];
  }

  private open(): void {
    this.log = openLog(this.config);
    this.store = openState(this.config, this.name);
    this.replies = openReplies(this.config);
    this.keeper = new LaneKeeper({
      build: async (lane) => {
        // A Redis that came back empty, or behind, is filled again from the topics.
        this.store.beginAnew(lane);
        if (this.name === 'scoring') await this.log.claim(lane);
        const work = buildWork(this.name, lane, { lanes: this.config.lanes, clock: this.clock, log: this.log, replies: this.replies, store: this.store, openBuild: openBuild(this.config), artifacts: this.artifacts, runtime: this.models, modelBudgetMs: this.config.modelBudgetMs, decided: (decision) => this.countDecisions?.([{ decision }]), raised: (alert) => this.countAlert?.(alert), answered: (answered) => { this.countModels?.(answered); this.modelReports.note(answered); } });
        this.workByLane.set(lane, work);
        return new WorkRunner({ lane, log: this.log, store: this.store, clock: this.clock, hooks: this.watched(lane), checkpointMs: this.config.checkpointMs, work });
      },
      onRestart: (lane, error) => {
        this.watch.restarted();
        this.logger.warn({ lane, err: error }, 'a lane stopped and starts again from its published state');
      },
      onFatal: (lane, error) => {
        this.health.add(`lane ${lane}`, () => (error instanceof Error ? error.message : 'the lane stopped'));
        this.logger.fatal({ lane, err: error }, 'a lane cannot go on');
        process.kill(process.pid, 'SIGTERM');
      },
    });
    this.health.add('group', () => (this.joined ? undefined : 'has not joined its group yet'));
    this.health.add('lanes', () => (this.keeper.isReading ? undefined : 'a lane is not being read'));
  }

  /** Metrics of every batch; spans, and a line, of those with a traced request in them. */
  private watched(lane: number): WorkRunnerHooks {
    const hooks = this.watch.hooks(lane), { tracing } = this;
    if (tracing === undefined) return hooks;
    return {
      ...hooks,
      taken: (inputs, ms) => {
        hooks.taken(inputs, ms);
        const traced = tracedIn(inputs), endMs = this.clock.nowMs();
        if (traced.length === 0) return;
        traceBatch(tracing, { stage: this.name, lane, records: inputs.length, startMs: endMs - ms, endMs }, traced);
        this.logger.info({ lane, records: inputs.length, ms: Math.round(ms * 1_000) / 1_000, trace_id: traceIdsOf(traced) }, 'traced');
      },
    };
  }

  private async close(): Promise<void> {
    this.watch.stop();
    this.modelReports.stop();
    await this.models.close();
    await this.log.close();
    await this.replies.close();
    await this.store.close();
  }

  private async join(): Promise<void> {
    const { config } = this;
    await retrying(() => this.log.bounds(inputOf[this.name], 0), { retriesMax: firstLookRetriesMax }); // makes the topic where it is missing
    this.ownership = new LaneOwnership({
      ...kafkaOptions(config), group: `${config.prefix}.${this.name}`, topic: inputOf[this.name], sessionTimeoutMs: config.sessionMs,
      ...(config.instanceId === undefined ? {} : { instanceId: `${this.name}-${config.instanceId}` }), onChange: (change) => this.change(change), onTrouble: (error) => this.logger.warn({ err: error }, 'the group of this service is joined again'),
    });
    this.ownership.failed.catch((error: unknown) => {
      this.logger.fatal({ err: error }, 'the group of this service cannot be kept');
      process.kill(process.pid, 'SIGTERM');
    });
    await this.ownership.start();
    this.joined = true;
  }

  private async change({ owned, gained, lost }: LaneChange): Promise<void> {
    this.logger.info({ owned, gained, lost }, 'lanes');
    await Promise.all(lost.map(async (lane) => {
      await this.ticksByLane.get(lane)?.stop();
      this.ticksByLane.delete(lane);
      await this.keeper.lose(lane, { checkpoint: this.leaving });
    }));
    for (const lane of gained) {
      this.keeper.gain(lane);
      this.replies.subscribe(simulationAddress(this.name, lane), (asked) => { for (const each of asked) void this.simulate(lane, each); }).catch((error: unknown) => this.logger.warn({ lane, err: error }, 'simulations are not heard'));
      if (this.name === 'ingest') this.ticksByLane.set(lane, startTicks({ log: this.log, lanes: [lane], clock: this.clock, onError: (error) => this.logger.error({ lane, err: error }, 'a tick could not be written') }));
    }
  }

  /** Passes a simulation on, or answers it. Whoever asked gives up by himself where this fails. */
  private async simulate(lane: number, bytes: Uint8Array): Promise<void> {
    const asked = decodeSimulation(bytes), work = this.keeper.runner(lane) === undefined ? undefined : this.workByLane.get(lane);
    if (asked === undefined || work === undefined) return;
    try {
      const step = await work.simulate(asked.payload, this.clock.nowMs()), next = nextOf[this.name];
      if (step.kind === 'answer') this.replies.send(asked.address, step.reply({ lane, offset: asked.ticket }));
      else if (next !== undefined) this.replies.send(simulationAddress(next, lane), encodeSimulation({ ...asked, payload: step.payload }));
    } catch (error) {
      this.logger.warn({ lane, err: error }, 'a simulation could not be answered');
    }
  }

  private leaving = false;
  private async leave(): Promise<void> {
    this.leaving = true;
    // Who stands by takes over at once. Where nobody does, a named instance that is back within the session has its lanes again without a rebalance.
    await this.ownership?.close({ keep: this.config.instanceId !== undefined && !(await this.ownership.hasOthers()) });
  }
}
