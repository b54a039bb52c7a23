import type { LaneRunnerHooks } from '@weir/pipeline';
import type { Metrics } from '@weir/platform';

/** What a lane's runner reports, as metrics. Labels: the lane, and the stage. */
export function laneMetrics(metrics: Metrics, lane: number): LaneRunnerHooks {
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
