import type { LaneKeeper, WorkRunnerHooks } from '@weir/pipeline';
import type { Metrics } from '@weir/platform';
import type { EventLog, Topic } from '@weir/ports';
import { laneMetrics } from '../suite/lane-metrics';

const lagEveryMs = 2_000;

/** What a service's lanes report: the names that the all-in-one has, and how far each lane is behind its input. */
export function workMetrics(metrics: Metrics, service: string, keeper: () => LaneKeeper, log: () => EventLog, input: Topic): (lane: number) => WorkRunnerHooks {
  const lag = metrics.gauge({ service: 'pipeline', noun: 'lane_lag', help: 'Records of a service\'s input that it has not taken yet.', labels: ['lane', 'stage'] }, 'count');
  metrics.gauge({ service: 'pipeline', noun: 'lanes_owned', help: 'Lanes that this process runs.', labels: ['stage'] }, 'count', (gauge) => gauge.set({ stage: service }, keeper().lanes.length));
  setInterval(() => {
    for (const lane of keeper().lanes) {
      const runner = keeper().runner(lane);
      if (runner !== undefined) log().bounds(input, lane).then(({ next }) => lag.set({ lane: String(lane), stage: service }, Math.max(0, next - runner.next)), () => undefined);
    }
  }, lagEveryMs).unref();
  return (lane) => {
    const { stage, batch, checkpoint } = laneMetrics(metrics, lane);
    return { taken: (count, ms) => stage(service, count, ms), through: batch, checkpoint };
  };
}
