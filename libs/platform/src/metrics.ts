import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics, type OpenMetricsContentType } from 'prom-client';

/** Part of the name of every metric, so that whoever reads a number knows what it is a number of. */
export type MetricUnit = 'total' | 'seconds' | 'milliseconds' | 'bytes' | 'ratio' | 'count' | 'offset' | 'info';

export interface MetricName<Label extends string = never> {
  /** `ingest`, `gateway`, … */
  readonly service: string;
  /** What is measured, in words joined by `_`: `requests`, `lane_lag`. */
  readonly noun: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

/** Seconds; from what one decision in memory takes to what a caller gives up at. */
const latencyBucketsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/**
 * The metrics of one process, named `weir_<service>_<noun>_<unit>`. The same name asked for twice gives the same metric, so two
 * services in one process may share it. A label has few values known beforehand: never an id, never what a caller chose.
 */
export class Metrics {
  /** Of OpenMetrics, for exemplars; whoever does not ask for them gets the older text. */
  readonly registry = openMetrics();

  counter<Label extends string = never>(name: MetricName<Label>): Counter<Label> {
    const full = metricName(name, 'total');
    const known = this.registry.getSingleMetric(full);
    if (known instanceof Counter) return known;
    return new Counter({ name: full, help: name.help, labelNames: [...(name.labels ?? [])], registers: [this.registry] });
  }

  gauge<Label extends string = never>(name: MetricName<Label>, unit: MetricUnit, collect?: (gauge: Gauge<Label>) => void | Promise<void>): Gauge<Label> {
    const full = metricName(name, unit);
    const known = this.registry.getSingleMetric(full);
    if (known instanceof Gauge) return known;
    const gauge: Gauge<Label> = new Gauge({
      name: full, help: name.help, labelNames: [...(name.labels ?? [])], registers: [this.registry],
      ...(collect === undefined ? {} : { collect: () => collect(gauge) }),
    });
    return gauge;
  }

  histogram<Label extends string = never>(name: MetricName<Label>, unit: MetricUnit, buckets: readonly number[] = latencyBucketsSeconds): Histogram<Label> {
    const full = metricName(name, unit);
    const known = this.registry.getSingleMetric(full);
    if (known instanceof Histogram) return known;
    return new Histogram({ name: full, help: name.help, labelNames: [...(name.labels ?? [])], buckets: [...buckets], registers: [this.registry] });
  }

  /** A histogram whose values may name the trace they were seen in. */
  tracedHistogram<Label extends string>(name: MetricName<Label>, unit: MetricUnit): TracedHistogram<Label> {
    const full = metricName(name, unit);
    const known = this.registry.getSingleMetric(full);
    const histogram: Histogram<string> = known instanceof Histogram ? known : new Histogram<string>({ name: full, help: name.help, labelNames: [...(name.labels ?? [])], buckets: [...latencyBucketsSeconds], registers: [this.registry], enableExemplars: true });
    return {
      of: (labels) => {
        const child = histogram.labels(labels);
        return { observe: (value, traceId) => { if (traceId === undefined) child.observe(value); else histogram.observe({ labels, value, exemplarLabels: { trace_id: traceId } }); } };
      },
    };
  }

  /** Adds what Node tells of itself: CPU, memory, event loop lag (`process_*`, `nodejs_*`). Once a process. */
  withProcessMetrics(): this {
    collectDefaultMetrics({ register: this.registry });
    return this;
  }

  /** All metrics as text, in the form that `accept`, a header, asks for: OpenMetrics with exemplars, else Prometheus text. */
  async text(accept?: string): Promise<{ body: string; contentType: string }> {
    const body = await this.registry.metrics();
    return accept?.includes('application/openmetrics-text') === true ? { body, contentType: Registry.OPENMETRICS_CONTENT_TYPE } : { body: withoutExemplars(body), contentType: Registry.PROMETHEUS_CONTENT_TYPE };
  }
}

export interface TracedHistogram<Label extends string> { of(labels: Readonly<Record<Label, string>>): { observe(value: number, traceId?: string | undefined): void } }

function openMetrics(): Registry<OpenMetricsContentType> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

/** OpenMetrics as the text that came before it: counters are named in full, exemplars and the end are left out. */
const withoutExemplars = (text: string): string => text
  .replace(/^# HELP (\S+) (.*)\n# TYPE \1 counter$/gm, '# HELP $1_total $2\n# TYPE $1_total counter')
  .replace(/^([^#\n].*?) # \{.*$/gm, '$1')
  .replace(/\n# EOF\n$/, '\n');

const wordsPattern = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/** @throws RangeError for words that Prometheus, or our convention, does not allow. */
export function metricName(name: { readonly service: string; readonly noun: string }, unit: MetricUnit): string {
  const service = name.service.replaceAll('-', '_');
  if (!wordsPattern.test(service) || !wordsPattern.test(name.noun)) throw new RangeError(`metric name: ${name.service}, ${name.noun}`);
  return `weir_${service}_${name.noun}_${unit}`;
}
