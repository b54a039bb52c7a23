import type { Decision } from '@weir/contracts';
import type { Metrics } from '@weir/platform';
import { degradedCause, degradedCauses } from '@weir/rules';
import type { Alert } from '@weir/scoring';

/** How often the ends of the lanes' inputs are looked up for the lag. */
const lagEveryMs = 2_000;

/** What lanes report, in one process and in a service alone. `stage` is the service whose input it is; of the whole suite in one process `suite`. */
export interface PipelineMetrics {
  stage(lane: string, stage: string, ms: number): void;
  through(lane: string, records: number, ms: number): void;
  checkpoint(lane: string, at: number, bytes: number, ms: number): void;
  waited(lane: string, ms: number): void;
  output(lane: string, output: string, ms: number): void;
}

/** The metrics of lanes; asked for twice they are the same. */
export function pipelineMetrics(metrics: Metrics): PipelineMetrics {
  const stageSeconds = metrics.histogram({ service: 'pipeline', noun: 'stage_duration', help: 'Time a stage took for a batch.', labels: ['lane', 'stage'] }, 'seconds');
  const records = metrics.counter({ service: 'pipeline', noun: 'records', help: 'Records that went through all stages.', labels: ['lane'] });
  const batchSeconds = metrics.histogram({ service: 'pipeline', noun: 'batch_duration', help: 'From the log to the last sink, per batch.', labels: ['lane'] }, 'seconds');
  const checkpointSeconds = metrics.histogram({ service: 'pipeline', noun: 'checkpoint_duration', help: 'Publishing state and position.', labels: ['lane'] }, 'seconds');
  const checkpointBytes = metrics.counter({ service: 'pipeline', noun: 'checkpoint_bytes', help: 'State written by checkpoints, bytes.', labels: ['lane'] });
  const position = metrics.gauge({ service: 'pipeline', noun: 'checkpoint_position', help: 'Last record whose effects are in the store.', labels: ['lane'] }, 'offset');
  const waitedMs = metrics.counter({ service: 'pipeline', noun: 'backpressured_milliseconds', help: 'Time that a lane was not read because as many batches as allowed were under way, ms.', labels: ['lane'] });
  const outputSeconds = metrics.histogram({ service: 'pipeline', noun: 'output_duration', help: 'Time that an output took, per call.', labels: ['lane', 'output'] }, 'seconds');
  return {
    stage: (lane, stage, ms) => stageSeconds.observe({ lane, stage }, ms / 1_000),
    through: (lane, count, ms) => { records.inc({ lane }, count); batchSeconds.observe({ lane }, ms / 1_000); },
    checkpoint: (lane, at, bytes, ms) => { position.set({ lane }, at); checkpointBytes.inc({ lane }, bytes); checkpointSeconds.observe({ lane }, ms / 1_000); },
    waited: (lane, ms) => waitedMs.inc({ lane }, ms),
    output: (lane, output, ms) => outputSeconds.observe({ lane, output }, ms / 1_000),
  };
}

/** A lane of this process: its number, and the first record of its input that it has not taken. */
export interface ReadLane { readonly lane: number; readonly next: number }

/** Records of the input that the lanes of this process have not taken, looked up every other second. Until `stop`. */
export function watchLag(metrics: Metrics, of: { readonly stage: string; readonly lanes: () => readonly ReadLane[]; readonly end: (lane: number) => Promise<number> }): { stop(): void } {
  const lag = metrics.gauge({ service: 'pipeline', noun: 'lane_lag', help: 'Records of a lane\'s input that have not been taken yet.', labels: ['lane', 'stage'] }, 'count');
  const timer = setInterval(() => {
    for (const { lane, next } of of.lanes()) of.end(lane).then((end) => lag.set({ lane: String(lane), stage: of.stage }, Math.max(0, end - next)), () => undefined); // the log is away: the last figure stands
  }, lagEveryMs).unref();
  return { stop: () => clearInterval(timer) };
}

/** Counts alerts by what raised them. */
export function alertMetrics(metrics: Metrics): (alert: Pick<Alert, 'data'>) => void {
  const raised = metrics.counter({ service: 'alerts', noun: 'raised', help: 'Alerts written to the topic, by what raised them.', labels: ['kind'] });
  return ({ data }) => raised.inc({ kind: data.raised_by.kind });
}

const outcomes = ['approve', 'review', 'block'] as const;

/** Counts decisions by outcome, whether something that they depend on was missing, and what. */
export function decisionMetrics(metrics: Metrics): (rows: ReadonlyArray<{ readonly decision: Pick<Decision, 'verdict'> }>) => void {
  const counter = metrics.counter({ service: 'scoring', noun: 'decisions', help: 'Decisions, by outcome and whether they are degraded.', labels: ['outcome', 'degraded'] });
  const counters = outcomes.flatMap((outcome) => [counter.labels({ outcome, degraded: 'false' }), counter.labels({ outcome, degraded: 'true' })]);
  const degraded = metrics.counter({ service: 'scoring', noun: 'degraded', help: 'Degraded decisions, by what was missing: a model, the features, or time (more waited than max_lag of the policy).', labels: ['cause'] });
  const byCause = Object.fromEntries(degradedCauses.map((cause) => [cause, degraded.labels({ cause })]));
  for (const each of [...counters, ...Object.values(byCause)]) each.inc(0); // a share of nothing is 0, not absent
  return (rows) => {
    const counts = new Uint32Array(counters.length);
    for (const { decision: { verdict } } of rows) {
      const at = outcomes.indexOf(verdict.outcome) * 2 + (verdict.degraded ? 1 : 0);
      counts[at] = (counts[at] ?? 0) + 1;
      if (verdict.degraded) for (const cause of new Set(verdict.degraded_why.map(degradedCause))) byCause[cause]?.inc(1);
    }
    counts.forEach((count, at) => { if (count > 0) counters[at]?.inc(count); });
  };
}
