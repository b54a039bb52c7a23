import type { LaneKeeper, WorkRunnerHooks } from '@weir/pipeline';
import type { Metrics } from '@weir/platform';
import type { EventLog, Topic } from '@weir/ports';
import { pipelineMetrics, watchLag } from '../suite/pipeline-metrics';

export interface WorkMetricsOptions { readonly service: string; readonly keeper: () => LaneKeeper; readonly log: () => EventLog; readonly input: Topic }

/** What a service's lanes report: the names that the suite in one process has, with how far each lane is behind its input. */
export function workMetrics(metrics: Metrics, { service, keeper, log, input }: WorkMetricsOptions): { readonly hooks: (lane: number) => Required<WorkRunnerHooks>; readonly restarted: () => void; stop(): void } {
  const pipeline = pipelineMetrics(metrics);
  metrics.gauge({ service: 'pipeline', noun: 'lanes_owned', help: 'Lanes that this process runs.', labels: ['stage'] }, 'count', (gauge) => gauge.set({ stage: service }, keeper().lanes.length));
  const restarts = metrics.counter({ service: 'pipeline', noun: 'lane_restarts', help: 'Times that a lane started again from its published state.', labels: ['stage'] });
  restarts.inc({ stage: service }, 0);
  const lag = watchLag(metrics, { stage: service, end: async (lane) => (await log().bounds(input, lane)).next, lanes: () => keeper().lanes.flatMap((lane) => { const runner = keeper().runner(lane); return runner === undefined ? [] : [{ lane, next: runner.next }]; }) });
  return {
    restarted: () => restarts.inc({ stage: service }), stop: () => lag.stop(),
    hooks: (lane) => {
      const label = String(lane);
      return {
        taken: (_inputs, ms) => pipeline.stage(label, service, ms),
        through: (inputs, ms) => pipeline.through(label, inputs.length, ms),
        checkpoint: (at, _entries, bytes, ms) => pipeline.checkpoint(label, at, bytes, ms),
        waited: (ms) => pipeline.waited(label, ms),
        output: (topic, ms) => pipeline.output(label, topic, ms),
      };
    },
  };
}
