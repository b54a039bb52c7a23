import type { LaneRunnerHooks } from '@weir/pipeline';
import type { Metrics } from '@weir/platform';
import type { PatternStage } from '@weir/cep';

/** What a lane's runner reports, as metrics. Labels: the lane, and the stage. */
export function laneMetrics(metrics: Metrics, lane: number): Required<LaneRunnerHooks> {
  const stageSeconds = metrics.histogram({ service: 'pipeline', noun: 'stage_duration', help: 'Time a stage took for a batch.', labels: ['lane', 'stage'] }, 'seconds');
  const records = metrics.counter({ service: 'pipeline', noun: 'records', help: 'Records that went through all stages.', labels: ['lane'] });
  const batchSeconds = metrics.histogram({ service: 'pipeline', noun: 'batch_duration', help: 'From the log to the last sink, per batch.', labels: ['lane'] }, 'seconds');
  const checkpointSeconds = metrics.histogram({ service: 'pipeline', noun: 'checkpoint_duration', help: 'Publishing state and position.', labels: ['lane'] }, 'seconds');
  const checkpointBytes = metrics.counter({ service: 'pipeline', noun: 'checkpoint_bytes', help: 'State written by checkpoints, bytes.', labels: ['lane'] });
  const position = metrics.gauge({ service: 'pipeline', noun: 'checkpoint_position', help: 'Last record whose effects are in the store.', labels: ['lane'] }, 'offset');
  const label = { lane: String(lane) };
  return {
    stage: (stage, _records, ms) => stageSeconds.observe({ ...label, stage }, ms / 1_000),
    batch: (count, ms) => { records.inc(label, count); batchSeconds.observe(label, ms / 1_000); },
    checkpoint: (at, _entries, bytes, ms) => { position.set(label, at); checkpointBytes.inc(label, bytes); checkpointSeconds.observe(label, ms / 1_000); },
  };
}

/** What the lanes' patterns say of themselves, read when metrics are asked for. */
export function patternMetrics(metrics: Metrics, stages: () => readonly PatternStage[]): void {
  const perLane = (noun: string, unit: 'count' | 'bytes' | 'total', help: string, read: (stage: PatternStage) => number): void => {
    metrics.gauge({ service: 'cep', noun, help, labels: ['lane'] }, unit, (gauge) => stages().forEach((stage, lane) => gauge.set({ lane: String(lane) }, read(stage))));
  };
  perLane('keys', 'count', 'Keys with partial matches or noted events.', (stage) => stage.keyCount);
  perLane('state', 'bytes', 'State of patterns as it was last written.', (stage) => stage.stateBytes);
  perLane('late_events', 'total', 'Events of ordered patterns that came after the watermark had passed them; they were not matched.', (stage) => stage.lateEvents);
  perLane('limits', 'total', 'How often a pattern gave up partial matches of a key at its bound.', (stage) => stage.limitsReached);
  perLane('timeouts', 'total', 'Time-outs given, of patterns that ask for them.', (stage) => stage.timeoutsGiven);
}
