import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

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
export const latencyBucketsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/**
 * The metrics of one process, named `weir_<service>_<noun>_<unit>`. The same name asked for twice gives the same metric, so two
 * services in one process may share it. A label has few values known beforehand: never an id, never what a caller chose.
 */
export class Metrics {
  readonly registry = new Registry();

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

  /** Adds what Node tells of itself: CPU, memory, event loop lag (`process_*`, `nodejs_*`). Once a process. */
  withProcessMetrics(): this {
    collectDefaultMetrics({ register: this.registry });
    return this;
  }

  /** Prometheus text and its content type. */
  async text(): Promise<{ body: string; contentType: string }> {
    return { body: await this.registry.metrics(), contentType: this.registry.contentType };
  }
}

const wordsPattern = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/** @throws RangeError for words that Prometheus, or our convention, does not allow. */
export function metricName(name: { readonly service: string; readonly noun: string }, unit: MetricUnit): string {
  const service = name.service.replaceAll('-', '_');
  if (!wordsPattern.test(service) || !wordsPattern.test(name.noun)) throw new RangeError(`metric name: ${name.service}, ${name.noun}`);
  return `weir_${service}_${name.noun}_${unit}`;
}
