import type { LaneKeeper, WorkRunnerHooks } from '@weir/pipeline';
import type { Metrics } from '@weir/platform';
import type { EventLog, Topic } from '@weir/ports';

const lagEveryMs = 2_000;

/** What a service's lanes report: the names that the all-in-one has, and how far each lane is behind its input. */
export function workMetrics(metrics: Metrics, service: string, keeper: () => LaneKeeper, log: () => EventLog, input: Topic): (lane: number) => WorkRunnerHooks {
  const stageSeconds = metrics.histogram({ service: 'pipeline', noun: 'stage_duration', help: 'Time a stage took for a batch.', labels: ['lane', 'stage'] }, 'seconds');
  const records = metrics.counter({ service: 'pipeline', noun: 'records', help: 'Records that went through all stages.', labels: ['lane'] });
  const batchSeconds = metrics.histogram({ service: 'pipeline', noun: 'batch_duration', help: 'From the log to the last sink, per batch.', labels: ['lane'] }, 'seconds');
  const checkpointSeconds = metrics.histogram({ service: 'pipeline', noun: 'checkpoint_duration', help: 'Publishing state and position.', labels: ['lane'] }, 'seconds');
  const checkpointBytes = metrics.counter({ service: 'pipeline', noun: 'checkpoint_bytes', help: 'State written by checkpoints, bytes.', labels: ['lane'] });
  const position = metrics.gauge({ service: 'pipeline', noun: 'checkpoint_position', help: 'Last record whose effects are in the store.', labels: ['lane'] }, 'offset');
  const lag = metrics.gauge({ service: 'pipeline', noun: 'lane_lag', help: 'Records of a service\'s input that it has not taken yet.', labels: ['lane', 'stage'] }, 'count');
  const owned = metrics.gauge({ service: 'pipeline', noun: 'lanes_owned', help: 'Lanes that this process runs.', labels: ['stage'] }, 'count', (gauge) => gauge.set({ stage: service }, keeper().lanes.length));
  void owned;
  setInterval(() => {
    for (const lane of keeper().lanes) {
      const runner = keeper().runner(lane);
      if (runner !== undefined) log().bounds(input, lane).then(({ next }) => lag.set({ lane: String(lane), stage: service }, Math.max(0, next - runner.next)), () => undefined);
    }
  }, lagEveryMs).unref();
  return (lane) => {
    const label = { lane: String(lane) };
    return {
      taken: (_count, ms) => stageSeconds.observe({ ...label, stage: service }, ms / 1_000),
      through: (count, ms) => { records.inc(label, count); batchSeconds.observe(label, ms / 1_000); },
      checkpoint: (at, _entries, bytes, ms) => { position.set(label, at); checkpointBytes.inc(label, bytes); checkpointSeconds.observe(label, ms / 1_000); },
    };
  };
}
