#!/usr/bin/env node
/**
 * The dashboards as code: `node deploy/grafana/dashboards.cjs` writes dashboards/*.json; with `--check` it says whether they are what it would write.
 * That the metrics they name are there: services/all-in-one/test/operating.spec.ts.
 */
const fs = require('node:fs');
const path = require('node:path');

const panel = (title, unit, targets, more = {}) => ({ title, unit, targets: Array.isArray(targets) ? targets : [[targets, '']], ...more });

const boards = {
  decisions: {
    title: 'Weir: decisions',
    panels: [
      panel('Events by what became of them', 'reqps', [['sum by (became) (rate(weir_gateway_rows_total[$__rate_interval]))', '{{became}}']]),
      panel('Without a decision in time', 'percentunit', 'sum(rate(weir_gateway_rows_total{became="pending"}[5m])) / sum(rate(weir_gateway_rows_total[5m]))'),
      panel('Requests by status', 'reqps', [['sum by (status) (rate(weir_gateway_requests_total[$__rate_interval]))', '{{status}}']]),
      panel('Latency of POST /transactions', 's', [0.5, 0.95, 0.99].map((share) => [`histogram_quantile(${share}, sum by (le) (rate(weir_gateway_request_duration_seconds_bucket{endpoint="POST /transactions"}[$__rate_interval])))`, `p${share * 100}`])),
      panel('Slowest endpoints, p99', 's', [['topk(5, histogram_quantile(0.99, sum by (le, endpoint) (rate(weir_gateway_request_duration_seconds_bucket[$__rate_interval]))))', '{{endpoint}}']]),
      panel('Decisions by outcome', 'reqps', [['sum by (outcome) (rate(weir_scoring_decisions_total[$__rate_interval]))', '{{outcome}}']]),
      panel('Degraded decisions', 'percentunit', 'sum(rate(weir_scoring_decisions_total{degraded="true"}[5m])) / sum(rate(weir_scoring_decisions_total[5m]))'),
      panel('Degraded by cause', 'reqps', [['sum by (cause) (rate(weir_scoring_degraded_total[$__rate_interval]))', '{{cause}}']]),
      panel('Alerts', 'reqps', [['sum by (kind) (rate(weir_alerts_raised_total[$__rate_interval]))', '{{kind}}']]),
      panel('Answers of models', 'reqps', [['sum by (model, result) (rate(weir_models_rows_total[$__rate_interval]))', '{{model}} {{result}}']]),
      panel('Being answered', 'short', [['sum by (kind) (weir_gateway_in_flight_count)', '{{kind}}'], ['sum(weir_gateway_stream_clients_count)', 'streams']]),
    ],
  },
  pipeline: {
    title: 'Weir: lanes and stages',
    panels: [
      panel('Records by lane', 'reqps', [['sum by (lane) (rate(weir_pipeline_records_total[$__rate_interval]))', 'lane {{lane}}']]),
      panel('Time per record by stage', 's', [['sum by (stage) (rate(weir_pipeline_stage_duration_seconds_sum[$__rate_interval])) / scalar(sum(rate(weir_pipeline_records_total[$__rate_interval])))', '{{stage}}']]),
      panel('From the log to the last sink, p99', 's', [['histogram_quantile(0.99, sum by (le, lane) (rate(weir_pipeline_batch_duration_seconds_bucket[$__rate_interval])))', 'lane {{lane}}']]),
      panel('Lag', 'short', [['max by (lane, stage) (weir_pipeline_lane_lag_count)', '{{stage}}, lane {{lane}}']]),
      panel('Back-pressure', 'ms', [['sum by (lane, service) (rate(weir_pipeline_backpressured_milliseconds_total[$__rate_interval]))', '{{service}}, lane {{lane}}']]),
      panel('Outputs, time of a write', 's', [['sum by (output) (rate(weir_pipeline_output_duration_seconds_sum[$__rate_interval])) / sum by (output) (rate(weir_pipeline_output_duration_seconds_count[$__rate_interval]))', '{{output}}']]),
      panel('States found in memory', 'percentunit', [['1 - sum by (lane) (rate(weir_feature_store_state_loads_total[$__rate_interval])) / sum by (lane) (rate(weir_feature_store_state_reads_total[$__rate_interval]))', 'lane {{lane}}']]),
      panel('Share of the hottest key', 'percentunit', [['max by (entity) (weir_gateway_hot_key_share_ratio)', '{{entity}}']]),
      panel('Lanes owned', 'short', [['sum by (stage) (weir_pipeline_lanes_owned_count)', '{{stage}}']]),
      panel('State of patterns', 'bytes', [['sum by (lane) (weir_cep_state_bytes)', 'lane {{lane}}']]),
      panel('Checkpoints, p99', 's', [['histogram_quantile(0.99, sum by (le, lane) (rate(weir_pipeline_checkpoint_duration_seconds_bucket[$__rate_interval])))', 'lane {{lane}}']]),
      panel('State written', 'Bps', [['sum by (lane) (rate(weir_pipeline_checkpoint_bytes_total[$__rate_interval]))', 'lane {{lane}}']]),
      panel('Published position', 'short', [['max by (lane) (weir_pipeline_checkpoint_position_offset)', 'lane {{lane}}']]),
      panel('CPU', 'percentunit', [['rate(process_cpu_seconds_total{job="weir"}[$__rate_interval])', '{{service}} {{instance}}']]),
      panel('Memory', 'bytes', [['process_resident_memory_bytes{job="weir"}', '{{service}} {{instance}}']]),
      panel('Event loop late by, p99', 's', [['nodejs_eventloop_lag_p99_seconds{job="weir"}', '{{service}} {{instance}}']]),
    ],
  },
};

const datasource = { type: 'prometheus', uid: 'prometheus' };
const width = 12, height = 8, perRow = 2;

const dashboard = (uid, { title, panels }) => ({
  uid: `weir-${uid}`, title, tags: ['weir'], schemaVersion: 39, refresh: '10s', time: { from: 'now-30m', to: 'now' }, timezone: 'utc', editable: false,
  panels: panels.map(({ title: name, unit, targets }, index) => ({
    id: index + 1, type: 'timeseries', title: name, datasource,
    gridPos: { x: (index % perRow) * width, y: Math.floor(index / perRow) * height, w: width, h: height },
    fieldConfig: { defaults: { unit, min: 0, custom: { lineWidth: 1, fillOpacity: 10, showPoints: 'never' } }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
    targets: targets.map(([expr, legendFormat], place) => ({ refId: String.fromCharCode(65 + place), datasource, expr, legendFormat })),
  })),
});

const folder = path.join(__dirname, 'dashboards');
const files = Object.entries(boards).map(([name, board]) => [path.join(folder, `${name}.json`), `${JSON.stringify(dashboard(name, board), null, 1)}\n`]);

if (process.argv[2] !== '--check') {
  fs.mkdirSync(folder, { recursive: true });
  for (const [file, text] of files) fs.writeFileSync(file, text);
} else {
  const wrong = files.filter(([file, text]) => !fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text).map(([file]) => `${path.basename(file)} is not what dashboards.cjs writes`);
  if (wrong.length > 0) {
    process.stderr.write(`${wrong.join('\n')}\n`);
    process.exit(1);
  }
}
