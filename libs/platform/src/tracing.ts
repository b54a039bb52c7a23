import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Attributes, type Context, type Link, type Span, type Tracer } from '@opentelemetry/api';
import type { TracerProvider } from '@opentelemetry/sdk-trace';
import { isSampled, parseTraceparent, traceparentOf, type TraceContext } from '@weir/contracts';
import type { Logger } from './logger';
import type { TracingOptions } from './tracing-options';

/** Spans that wait to be sent; above it the newest are dropped, never the work they tell of. */
const spansWaitingMax = 4_096, spansPerRequestMax = 512, sendEveryMs = 1_000, sendWithinMs = 5_000;
/** Links of a span: a batch names so many of the requests in it. */
const linksMax = 128;

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span that goes on. */
export interface OpenSpan {
  readonly traceId: string;
  /** Its context, for whoever goes on with the trace. */
  readonly traceparent: string;
  end(result?: { readonly attributes?: SpanAttributes; /** What went wrong; of ours alone, not of a caller's. */ readonly error?: string | undefined }): void;
}

/** A span that is over. */
export interface DoneSpan {
  readonly kind: 'internal' | 'consumer' | 'producer';
  /** undefined: a trace of its own. */
  readonly parent: string | undefined;
  /** Our clock, ms since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes?: SpanAttributes;
  /** Contexts of other traces that it is about. */
  readonly links?: readonly string[];
}

const kinds = { internal: SpanKind.INTERNAL, consumer: SpanKind.CONSUMER, producer: SpanKind.PRODUCER, server: SpanKind.SERVER } as const;

export interface TracingService { readonly name: string; readonly instance: string; readonly version: string }

/** Opens the way to a collector. What it costs, also in memory, is paid only where traces are asked for: the SDK is loaded here. */
export async function openTracing(options: TracingOptions, service: TracingService, logger: Logger): Promise<Tracing> {
  const [{ AlwaysOnSampler, BatchSpanProcessor, TracerProvider: Provider }, { OTLPTraceExporter }, { resourceFromAttributes }, names] = await Promise.all([
    import('@opentelemetry/sdk-trace'), import('@opentelemetry/exporter-trace-otlp-http'), import('@opentelemetry/resources'), import('@opentelemetry/semantic-conventions'),
  ]);
  const provider = new Provider({
    sampler: new AlwaysOnSampler(), // what is not recorded is never begun: `Tracing` decides
    spanLimits: { linkCountLimit: linksMax },
    resource: resourceFromAttributes({
      [names.ATTR_SERVICE_NAME]: service.name, [names.ATTR_SERVICE_VERSION]: service.version, 'service.namespace': 'weir', 'service.instance.id': service.instance,
    }),
    spanProcessors: [new BatchSpanProcessor({
      exporter: new OTLPTraceExporter({ url: options.url, timeoutMillis: sendWithinMs }), maxQueueSize: spansWaitingMax, maxExportBatchSize: spansPerRequestMax, scheduledDelayMillis: sendEveryMs, exportTimeoutMillis: sendWithinMs,
    })],
  });
  return new Tracing(provider, options, logger);
}

/**
 * Spans of one process. Which requests are traced is decided once, where they come in: those of a caller who records his own trace, and a share of the others, both together
 * bounded by a number a second. From there on the context travels with the record, and what has none costs nothing.
 */
export class Tracing {
  private readonly tracer: Tracer;
  private second = 0;
  private begun = 0;

  constructor(private readonly provider: Pick<TracerProvider, 'getTracer' | 'forceFlush' | 'shutdown'>, private readonly options: Pick<TracingOptions, 'ratio' | 'tracesPerSecondMax'>, private readonly logger: Logger) {
    this.tracer = provider.getTracer('weir');
  }

  /** A request that comes in, with what its caller says of a trace. `traceparent`: what goes on with the request, recorded or not. */
  enter(name: string, request: { readonly traceparent: string | undefined; readonly attributes?: SpanAttributes }, random: () => number = Math.random): { readonly span: OpenSpan | undefined; readonly traceparent: string | undefined } {
    const parent = parseTraceparent(request.traceparent);
    if (parent === undefined ? random() >= this.options.ratio : !parent.sampled) return { span: undefined, traceparent: parent && traceparentOf(parent) };
    if (!this.hasRoom()) return { span: undefined, traceparent: parent && traceparentOf({ ...parent, sampled: false }) };
    const span = this.open(name, 'server', parent, request.attributes);
    return { span, traceparent: span.traceparent };
  }

  /** A part of a trace; undefined where its parent is not recorded. */
  begin(name: string, part: { readonly kind: keyof typeof kinds; readonly parent: string | undefined; readonly attributes?: SpanAttributes }): OpenSpan | undefined {
    if (!isSampled(part.parent)) return undefined;
    const parent = parseTraceparent(part.parent);
    return parent && this.open(name, part.kind, parent, part.attributes);
  }

  /** Gives its context, for links. */
  record(name: string, { kind, parent, startMs, endMs, attributes, links = [] }: DoneSpan): string {
    const span = this.tracer.startSpan(name, {
      kind: kinds[kind], startTime: startMs, ...(attributes === undefined ? {} : { attributes }), links: links.slice(0, linksMax).flatMap(linkTo),
    }, contextOf(parseTraceparent(parent)));
    span.end(Math.max(startMs, endMs));
    return traceparentOf(contextIn(span));
  }

  /** Everything that is over is sent. */
  flush(): Promise<void> { return this.provider.forceFlush(); }

  /** Sends what is left; a collector that is away stops nobody. */
  async stop(): Promise<void> {
    try {
      await this.provider.shutdown();
    } catch (error) {
      this.logger.warn({ err: error }, 'the last spans could not be sent');
    }
  }

  private open(name: string, kind: keyof typeof kinds, parent: TraceContext | undefined, attributes: Attributes | undefined): OpenSpan {
    const span = this.tracer.startSpan(name, { kind: kinds[kind], ...(attributes === undefined ? {} : { attributes }) }, contextOf(parent));
    const context = contextIn(span);
    return {
      traceId: context.traceId, traceparent: traceparentOf(context),
      end: (result = {}) => {
        if (result.attributes !== undefined) span.setAttributes(result.attributes);
        if (result.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: result.error });
        span.end();
      },
    };
  }

  private hasRoom(): boolean {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.second) { this.second = second; this.begun = 0; }
    if (this.begun >= this.options.tracesPerSecondMax) return false;
    this.begun += 1;
    return true;
  }
}

const contextOf = (parent: TraceContext | undefined): Context => (parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: TraceFlags.SAMPLED, isRemote: true }));

function contextIn(span: Span): TraceContext {
  const { traceId, spanId } = span.spanContext();
  return { traceId, spanId, sampled: true };
}

function linkTo(traceparent: string): Link[] {
  const context = parseTraceparent(traceparent);
  return context === undefined ? [] : [{ context: { ...context, traceFlags: TraceFlags.SAMPLED, isRemote: true } }];
}
