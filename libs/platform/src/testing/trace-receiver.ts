import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedSpan {
  readonly service: string; readonly name: string; readonly traceId: string; readonly spanId: string; readonly parentSpanId: string | undefined;
  readonly kind: number; readonly error: boolean; readonly attributes: Readonly<Record<string, unknown>>; readonly links: ReadonlyArray<{ readonly traceId: string; readonly spanId: string }>;
}

interface OtlpAttribute { readonly key: string; readonly value: Readonly<Record<string, unknown>> }
interface OtlpSpan extends Omit<ReceivedSpan, 'service' | 'attributes' | 'links' | 'error'> { readonly attributes: readonly OtlpAttribute[]; readonly links?: ReceivedSpan['links']; readonly status?: { readonly code?: number } }
interface OtlpBody { readonly resourceSpans: ReadonlyArray<{ readonly resource: { readonly attributes: readonly OtlpAttribute[] }; readonly scopeSpans: ReadonlyArray<{ readonly spans: readonly OtlpSpan[] }> }> }

const valuesOf = (attributes: readonly OtlpAttribute[]): Record<string, unknown> => Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** A collector: takes spans by OTLP/HTTP in JSON and keeps them. */
export class TraceReceiver {
  readonly spans: ReceivedSpan[] = [];
  private readonly waiting = new Set<() => void>();
  private server: Server | undefined;

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
        if (request.url === '/v1/traces' && request.method === 'POST') this.take(JSON.parse(Buffer.concat(parts).toString('utf8')) as OtlpBody);
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    await new Promise<void>((ready) => { server.listen(0, '127.0.0.1', ready); });
    this.server = server;
  }

  /** What goes into OTEL_EXPORTER_OTLP_ENDPOINT. */
  get endpoint(): string { return `http://127.0.0.1:${(this.server?.address() as AddressInfo).port}`; }

  /** Resolves with the spans of a trace once there are as many as `isWhole` wants. */
  async trace(traceId: string, isWhole: (spans: readonly ReceivedSpan[]) => boolean): Promise<readonly ReceivedSpan[]> {
    for (;;) {
      const spans = this.spans.filter((span) => span.traceId === traceId);
      if (isWhole(spans)) return spans;
      await new Promise<void>((come) => this.waiting.add(come));
    }
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise<void>((closed) => { if (this.server === undefined) closed(); else this.server.close(() => closed()); });
  }

  private take({ resourceSpans }: OtlpBody): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = String(valuesOf(resource.attributes)['service.name']);
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) this.spans.push({ ...span, service, attributes: valuesOf(span.attributes), links: span.links ?? [], error: span.status?.code === 2 });
    }
    for (const come of this.waiting) come();
    this.waiting.clear();
  }
}
