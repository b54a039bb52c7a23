import type { Metrics } from '@weir/platform';
import type { ModelAnswered } from '@weir/scoring';

/** Counts what models answer, where they are asked. */
export function modelMetrics(metrics: Metrics): (answered: ModelAnswered) => void {
  const rows = metrics.counter({ service: 'models', noun: 'rows', help: 'Rows that models were asked, by what came: an answer, NaN, or none for the model failed or was too late.', labels: ['model', 'version', 'result'] });
  const seconds = metrics.histogram({ service: 'models', noun: 'call_duration', help: 'Time a model took for a batch.', labels: ['model'] }, 'seconds');
  return (answered) => {
    const { model: { name, version }, failed, unanswered } = answered, labels = { model: name, version: String(version) };
    if (failed > 0) rows.inc({ ...labels, result: 'failed' }, failed);
    if (unanswered > 0) rows.inc({ ...labels, result: 'unanswered' }, unanswered);
    const scored = answered.rows - failed - unanswered;
    if (scored > 0) rows.inc({ ...labels, result: 'answered' }, scored);
    seconds.observe({ model: name }, answered.tookMs / 1_000);
  };
}
