import type { LaneRunnerHooks } from '@weir/pipeline';
import type { Metrics } from '@weir/platform';
import type { PatternStage } from '@weir/cep';
import type { FeatureStage } from '@weir/feature-store';
import { pipelineMetrics } from './pipeline-metrics';

/** What a lane's runner reports, as metrics. Labels: the lane, and the stage. */
export function laneMetrics(metrics: Metrics, lane: number): Required<LaneRunnerHooks> {
  const pipeline = pipelineMetrics(metrics), label = String(lane);
  return {
    stage: (stage, _records, ms) => pipeline.stage(label, stage, ms),
    batch: (count, ms) => pipeline.through(label, count, ms),
    checkpoint: (at, _entries, bytes, ms) => pipeline.checkpoint(label, at, bytes, ms),
    waited: (ms) => pipeline.waited(label, ms),
    output: (sink, ms) => pipeline.output(label, sink, ms),
  };
}

/** How often the states of features were in memory, read when metrics are asked for. */
export function featureMetrics(metrics: Metrics, stages: () => ReadonlyArray<{ readonly lane: number; readonly stage: FeatureStage }>): void {
  const perLane = (noun: string, help: string, read: (stage: FeatureStage) => number): void => {
    metrics.gauge({ service: 'feature_store', noun, help, labels: ['lane'] }, 'total', (gauge) => stages().forEach(({ lane, stage }) => gauge.set({ lane: String(lane) }, read(stage))));
  };
  perLane('state_reads', 'States of entities that events asked for.', (stage) => stage.stateReads);
  perLane('state_loads', 'Those that were not in memory and came from the store.', (stage) => stage.stateLoads);
}

/** What the lanes' patterns say of themselves, read when metrics are asked for. */
export function patternMetrics(metrics: Metrics, stages: () => ReadonlyArray<{ readonly lane: number; readonly stage: PatternStage }>): void {
  const perLane = (noun: string, unit: 'count' | 'bytes' | 'total', help: string, read: (stage: PatternStage) => number): void => {
    metrics.gauge({ service: 'cep', noun, help, labels: ['lane'] }, unit, (gauge) => stages().forEach(({ lane, stage }) => gauge.set({ lane: String(lane) }, read(stage))));
  };
  perLane('keys', 'count', 'Keys with partial matches or noted events.', (stage) => stage.keyCount);
  perLane('state', 'bytes', 'State of patterns as it was last written.', (stage) => stage.stateBytes);
  perLane('late_events', 'total', 'Events of ordered patterns that came after the watermark had passed them; they were not matched.', (stage) => stage.lateEvents);
  perLane('limits', 'total', 'How often a pattern gave up partial matches of a key at its bound.', (stage) => stage.limitsReached);
  perLane('timeouts', 'total', 'Time-outs given, of patterns that ask for them.', (stage) => stage.timeoutsGiven);
}
