import { decisionId, WeirError, type Decision, type RawBody, type RawRecord } from '@weir/contracts';
import type { PatternStage } from '@weir/cep';
import type { RowAnswer } from '@weir/gateway';
import { LaneRunner, simulatedOffset, type Outcome, type Sink, type TakenBatch } from '@weir/pipeline';
import type { Tracing } from '@weir/platform';
import type { ListStore, Snoozes } from '@weir/rules';
import type { ScoringOptions } from '@weir/scoring';
import { buildStages, type Stages } from '../chain';
import type { HistoryService } from '../history/history-service';
import { StageStates, type LaneStates } from '../replay/lane-states';
import type { Builds } from '../reprocess/builds';
import { storedViewRecords } from '../reprocess/stored-views';
import { AlertSink, liveAlert } from './alerts/alert-sink';
import { stored, type Told } from './answered-reads';
import { TraceSink } from './batch-traces';
import { CaseSink } from './cases/case-sink';
import { entityOfLane } from './decision-rows';
import { ForeignLanes } from './foreign-lanes';
import type { GatewayBasis } from './gateway-basis';
import type { Governance } from './governance';
import type { TableRows } from './lane-changes';
import { quarantinedAnswer } from './lane-edge';
import { featureMetrics, laneMetrics, patternMetrics } from './lane-metrics';
import type { LaneViews } from './lane-views';
import { ListAdditionSink } from './list-additions';
import { MatchSink } from './matches/match-sink';
import { modelMetrics } from './models/model-metrics';
import { readModelsOptions } from './models/models-config';
import type { Stores } from './open-stores';
import { alertMetrics, decisionMetrics, watchLag } from './pipeline-metrics';
import { BatchReader, DecisionSink, LiveSink, QuarantineSink, type Taken } from './sinks';

export interface SuiteLanesOptions {
  readonly basis: GatewayBasis;
  readonly stores: Stores;
  readonly builds: Builds;
  readonly governance: Governance;
  /** Undefined where none is kept. */
  readonly history: HistoryService | undefined;
  /** Undefined where no traces are taken. */
  readonly tracing: Tracing | undefined;
}

interface Lane { readonly stages: Stages; readonly runner: LaneRunner; readonly cases: CaseSink }

/** Records between checkpoints: a restart after a crash runs them again, a few seconds of work; less often, a busy state is packed once for many events. */
const checkpointRecords = 250_000;

/** The lanes of a suite in one process: five stages each, who gets what they give, and how they are asked. */
export class SuiteLanes implements LaneViews {
  private lanes: readonly Lane[] = [];
  private nextByLane: number[] = [];
  private lag: { stop(): void } | undefined;
  private readonly countDecisions;
  private readonly countModels;
  private readonly countAlert;

  constructor(private readonly options: SuiteLanesOptions) {
    const { metrics } = options.basis;
    this.countDecisions = decisionMetrics(metrics);
    this.countModels = modelMetrics(metrics);
    this.countAlert = alertMetrics(metrics);
  }

  /** Resolves when every lane is through what its log holds. */
  async start(): Promise<void> {
    const { basis: { metrics }, stores: { log }, governance: { definitions } } = this.options;
    this.nextByLane = await Promise.all(Array.from({ length: log.lanes }, (_, lane) => this.end(lane)));
    const foreign = log.lanes === 1 ? undefined : await this.openForeign();
    this.lanes = Array.from({ length: log.lanes }, (_, lane) => this.build(lane, foreign));
    for (const { runner } of this.lanes) await runner.restore();
    for (const { runner } of this.lanes) await runner.start();
    patternMetrics(metrics, () => this.lanes.map(({ stages }, lane) => ({ lane, stage: stages.patterns })));
    featureMetrics(metrics, () => this.lanes.map(({ stages }, lane) => ({ lane, stage: stages.features })));
    this.lag = watchLag(metrics, { stage: 'suite', end: (lane) => this.end(lane), lanes: () => this.lanes.map(({ runner }, lane) => ({ lane, next: runner.position + 1 })) });
    this.watchFailures();
    await this.reachedAll();
    await definitions.reconcile(this.lanes.map(({ stages }) => stages.ingest.set));
  }

  /** They finish what they took. */
  async stop(): Promise<void> {
    this.lag?.stop();
    for (const { runner, stages } of this.lanes) {
      await runner.stop();
      await stages.scoring.close();
    }
  }

  /** The last record of a lane that is through; -1 for none. */
  position(lane: number): number { return this.lanes[lane]?.runner.position ?? -1; }
  /** The last record whose effects are in the lane's stored state; -1 for none. */
  publishedPosition(lane: number): number { return this.lanes[lane]?.runner.publishedPosition ?? -1; }

  get nextOffsets(): readonly number[] { return this.nextByLane; }
  get progress(): readonly LaneRunner[] { return this.lanes.map(({ runner }) => runner); }
  get features(): ReadonlyArray<Stages['features']> { return this.lanes.map(({ stages }) => stages.features); }
  get states(): readonly LaneStates[] { return this.features.map((stage) => new StageStates(stage)); }
  patterns(): readonly PatternStage[] { return this.lanes.map(({ stages }) => stages.patterns); }
  lists(): ListStore { return this.first.scoring.lists; }
  snoozes(): Snoozes { return this.first.scoring.snoozes; }
  tables(): TableRows { return this.first.features.tableRows; }

  async reached(offsetByLane: readonly number[]): Promise<void> {
    await Promise.all(offsetByLane.map((offset, lane) => (offset < 0 ? undefined : this.lanes[lane]?.runner.reached(offset))));
  }

  /** Of all records that are known now. */
  reachedAll(): Promise<void> { return this.reached(this.nextByLane.map((next) => next - 1)); }

  /** Resolves when what decisions that callers were told of raised is written: matches, alerts, cases. Cases that cannot be opened now go on waiting. */
  async raised(told: Told): Promise<void> {
    await stored(told.raised, (lane, offset) => Promise.resolve(this.position(lane) >= offset));
    await Promise.allSettled(this.lanes.map(({ cases }) => cases.flush()));
  }

  async buildsInUse(): Promise<ReadonlySet<string>> {
    const records = await Promise.all(this.lanes.map((_, lane) => storedViewRecords(this.options.stores.online, lane)));
    return new Set(records.flat().flatMap(({ built }) => (built === undefined ? [] : [built.id])));
  }

  /** Their state is stored as of what they have taken. */
  async checkpoint(): Promise<void> {
    for (const { runner } of this.lanes) await runner.checkpoint();
  }

  /** One event against the state of now, through every stage; nothing is kept. */
  async simulate(body: RawBody, lane: number): Promise<RowAnswer> {
    const { stores: { decisions }, basis: { clock } } = this.options;
    const stages = this.lanes[lane]?.stages ?? this.first;
    const nowMs = clock.nowMs();
    const record: RawRecord = { lane, offset: simulatedOffset, appendedAtMs: nowMs, body };
    const judged = stages.ingest.simulate(record);
    if (judged.kind === 'quarantined') return quarantinedAnswer(judged);
    if (judged.kind === 'duplicate') {
      await this.lanes[lane]?.runner.reached(judged.firstOffset); // it may be answered and not stored yet
      const first = await decisions.byId(decisionId({ lane, offset: judged.firstOffset }));
      if (first !== undefined) return { kind: 'decided', decision: JSON.parse(first.json) as Decision, duplicate: true };
    }
    if (judged.kind !== 'event') return { kind: 'accepted', id: decisionId(record), transactionId: null, duplicate: judged.kind === 'duplicate' };
    let item: Outcome = judged;
    for (const stage of stages.stages) item = await stage.simulate(item);
    if (item.kind !== 'event' || item.verdict === undefined) return { kind: 'accepted', id: decisionId(record), transactionId: judged.event.id, duplicate: false };
    return { kind: 'decided', decision: { verdict: item.verdict, meta: { decided_at: nowMs, latency_ms: { total: clock.nowMs() - nowMs }, trace_id: null } }, duplicate: false };
  }

  private get first(): Stages {
    const lane = this.lanes[0];
    if (lane === undefined) throw new WeirError('WEIR_NOT_FOUND', 'the suite has no lane yet');
    return lane.stages;
  }

  private async end(lane: number): Promise<number> { return (await this.options.stores.log.bounds('transactions.raw', lane)).next; }

  private openForeign(): Promise<ForeignLanes> {
    const { stores: { log, online, decisions }, builds } = this.options;
    return ForeignLanes.open({ log, online, decisions, stageOf: (lane) => this.lanes[lane]?.stages.features, replicaOf: (lane) => ({ features: { built: builds.builtFor(lane) }, prepare: [builds.preparationFor(lane)] }) });
  }

  private get modelOptions(): Pick<ScoringOptions, 'budgets' | 'observe'> {
    const { basis: { options: { env } }, governance: { watch } } = this.options, { budgetMs } = readModelsOptions(env);
    return { observe: (answered) => { this.countModels(answered); watch.note(answered); }, ...(budgetMs === null ? {} : { budgets: { modelMs: budgetMs } }) };
  }

  private build(lane: number, foreign: ForeignLanes | undefined): Lane {
    const { basis: { models, artifacts, clock, metrics }, stores: { log, online }, builds, governance: { definitions } } = this.options;
    const stages = buildStages({
      lane, runtime: models, loadFile: (path, sha256) => artifacts.read(path, sha256), models: this.modelOptions, built: builds.builtFor(lane),
      prepare: [...(foreign === undefined ? [] : [foreign.recallFor(lane)]), builds.preparationFor(lane)], ...(foreign === undefined ? {} : { foreign: foreign.shardsFor(lane) }),
    });
    const reader = new BatchReader(clock, () => (definitions.applied ? definitions.set : undefined)), cases = this.caseSink(reader);
    const runner = new LaneRunner({
      lane, log, store: online, chain: stages, clock, checkpointRecords, hooks: laneMetrics(metrics, lane), recordsFirst: foreign !== undefined, sinks: this.sinks(lane, { stages, reader, cases, foreign }),
      reply: (outcomes, batch) => this.reply(outcomes, reader.read(batch)), retriesMax: Infinity, onRetry: (error) => this.noteRetry(lane, error),
    });
    return { stages, runner, cases };
  }

  private sinks(lane: number, { stages, reader, cases, foreign }: Omit<Lane, 'runner'> & { readonly reader: BatchReader; readonly foreign: ForeignLanes | undefined }): Sink[] {
    const { basis: { live, options: { logger } }, stores: { log, decisions, quarantine }, history, tracing } = this.options;
    return [
      new DecisionSink(lane, reader, decisions), new QuarantineSink(quarantine), ...(history === undefined ? [] : [history.sink(lane, (batch, offset) => reader.read(batch).entitiesAt(offset))]),
      cases, this.alertSink(lane, stages, reader), ...(foreign === undefined ? [] : [new ListAdditionSink(log, lane)]), new MatchSink(log, lane, (pattern) => stages.patterns.entityOf(pattern)),
      new LiveSink(reader, live, (batch, taken) => this.noteBatch(batch, taken)), ...(tracing === undefined ? [] : [new TraceSink(tracing, logger)]),
    ];
  }

  private caseSink(reader: BatchReader): CaseSink {
    const { basis: { options: { logger } }, stores: { cases }, governance: { definitions } } = this.options;
    return new CaseSink({
      reader, store: cases, slaOf: ({ policy }) => (definitions.applied ? definitions.set.policies.get(policy)?.sla ?? [] : []), onError: (error) => logger.error({ err: error }, 'cases could not be opened; they go on waiting'),
    });
  }

  private alertSink(lane: number, stages: Stages, reader: BatchReader): AlertSink {
    return new AlertSink(lane, {
      log: this.options.stores.log, alertsOf: (item) => stages.scoring.alertsOf(item), entityOf: (item, batch) => entityOfLane(reader.read(batch).entitiesAt(item.offset), item.kind === 'event' ? stages.scoring.set?.sources.get(item.event.source)?.partitionBy : null),
      written: (alerts) => {
        for (const { alert } of alerts) this.countAlert(alert);
        this.options.basis.live.alerts(alerts.map(liveAlert));
      },
    });
  }

  private reply(outcomes: readonly Outcome[], taken: Taken): void {
    const { replies } = this.options.basis;
    for (const outcome of outcomes) {
      if ('replyTo' in outcome && outcome.replyTo === undefined) continue;
      if (outcome.kind === 'event') {
        const decision = taken.decisionAt(outcome.offset);
        replies.deliver(outcome.lane, outcome.offset, decision === undefined ? { kind: 'accepted' } : { kind: 'decided', decision });
      } else if (outcome.kind === 'duplicate' || outcome.kind === 'conflict' || outcome.kind === 'quarantined') {
        replies.deliver(outcome.lane, outcome.offset, { kind: 'refused', refusal: outcome });
      }
    }
  }

  private noteBatch(batch: TakenBatch, taken: Taken): void {
    const { basis: { noteDecided, options: { logger } }, governance: { labels } } = this.options;
    labels.decided(taken.rows).catch((error: unknown) => logger.error({ err: error }, 'labels that waited could not be sent; they go on waiting'));
    noteDecided(taken.rows);
    this.countDecisions(taken.rows);
    this.nextByLane[batch.lane] = Math.max(this.nextByLane[batch.lane] ?? 0, (batch.records.at(-1)?.offset ?? -1) + 1);
  }

  /** A lane whose outputs cannot be written (a full disk, a server that is away) waits for as long as it takes, and the process says so. */
  private noteRetry(lane: number, error: unknown): void {
    const name = `outputs of lane ${lane}`, { health, options: { logger } } = this.options.basis;
    if (error === undefined) {
      if (health.remove(name)) logger.info({ lane }, 'what could not be written is written');
    } else if (health.add(name, () => (error instanceof Error ? error.message : 'cannot be written'))) logger.error({ lane, err: error }, 'a lane waits: what it has cannot be written; it is tried again');
  }

  /** A lane that cannot go on makes the process not ready and ends it: whoever takes over replays from the log. */
  private watchFailures(): void {
    const { health, options: { logger } } = this.options.basis;
    this.lanes.forEach(({ runner }, lane) => {
      runner.done().catch((error: unknown) => {
        health.add(`lane ${lane}`, () => (error instanceof Error ? error.message : 'the lane stopped'));
        logger.fatal({ lane, err: error }, 'a lane cannot go on');
        process.kill(process.pid, 'SIGTERM');
      });
    });
  }
}
