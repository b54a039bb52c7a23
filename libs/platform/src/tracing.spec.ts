import { traceIdOf } from '@weir/contracts';
import { createLogger } from './logger';
import { TraceReceiver } from './testing';
import { openTracing, type Tracing } from './tracing';
import { readTracingOptions } from './tracing-options';

const logger = createLogger({ service: 'test', level: 'silent' });
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736', spanId = '00f067aa0ba902b7';
const callers = `00-${traceId}-${spanId}-01`, callersUnrecorded = `00-${traceId}-${spanId}-00`;

describe('whether traces are taken', () => {
  it.each([
    ['not without a collector', {}, undefined],
    ['where there is one', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }, { url: 'http://collector:4318/v1/traces', ratio: 0.01, tracesPerSecondMax: 50 }],
    ['at the address for traces alone', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b:4318/x', OTEL_TRACES_SAMPLER_ARG: '1' }, { url: 'http://b:4318/x', ratio: 1, tracesPerSecondMax: 50 }],
    ['not where it is switched off', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, undefined],
    ['not where no exporter is wanted', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_TRACES_EXPORTER: 'none' }, undefined],
  ])('%s', (_what, env, expected) => { expect(readTracingOptions(env)).toEqual(expected); });

  it.each([['OTEL_TRACES_SAMPLER_ARG', '1.5'], ['OTEL_TRACES_SAMPLER_ARG', 'all'], ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector'], ['WEIR_TRACES_PER_SECOND_MAX', '0']])('%s=%s is refused', (name, value) => {
    expect(() => readTracingOptions({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', [name]: value })).toThrow(new RegExp(name));
  });
});

describe('Tracing', () => {
  const receiver = new TraceReceiver();
  const open = (ratio: number, tracesPerSecondMax = 10_000): Promise<Tracing> => openTracing({ url: `${receiver.endpoint}/v1/traces`, ratio, tracesPerSecondMax }, { name: 'test', instance: 'one', version: '1' }, logger);
  beforeAll(() => receiver.start());
  afterAll(() => receiver.stop());

  it("goes on with a caller's trace, from the request to what is done for it, and sends it by OTLP", async () => {
    const tracing = await open(0);
    const { span, traceparent } = tracing.enter('POST /x', { traceparent: callers, attributes: { 'http.route': '/x' } });
    expect(traceIdOf(traceparent)).toBe(traceId);
    const part = tracing.begin('publish', { kind: 'producer', parent: traceparent });
    tracing.record('stage', { kind: 'consumer', parent: part?.traceparent, startMs: 1_000, endMs: 2_000, links: [callers, 'no context'] });
    part?.end();
    span?.end({ attributes: { 'http.response.status_code': 500 }, error: 'status 500' });
    await tracing.stop();
    const spans = await receiver.trace(traceId, ({ length }) => length === 3);
    const [request, publish, stage] = ['POST /x', 'publish', 'stage'].map((name) => spans.find((each) => each.name === name));
    expect(request).toMatchObject({ service: 'test', parentSpanId: spanId, kind: 2, error: true, attributes: { 'http.route': '/x', 'http.response.status_code': 500 } });
    expect(publish).toMatchObject({ parentSpanId: request?.spanId, kind: 4, error: false });
    expect(stage).toMatchObject({ parentSpanId: publish?.spanId, kind: 5, links: [{ traceId, spanId }] });
  });

  it.each([
    ['begins none where the share is 0', 0, undefined, undefined],
    ['records none of a caller who does not, and passes it on', 1, callersUnrecorded, callersUnrecorded],
    ['begins none of nonsense', 0, 'nonsense', undefined],
  ])('%s', async (_what, ratio, given, passed) => {
    const tracing = await open(ratio);
    expect(tracing.enter('x', { traceparent: given }, () => 0.5)).toEqual({ span: undefined, traceparent: passed });
    expect(tracing.begin('y', { kind: 'producer', parent: passed })).toBeUndefined();
    await tracing.stop();
  });

  it.each([[0.25, 0.2, true], [0.25, 0.25, false], [1, 0.999, true]])('of a share of %d a request that draws %d begins one: %s', async (ratio, drawn, begins) => {
    const tracing = await open(ratio);
    expect(tracing.enter('x', { traceparent: undefined }, () => drawn).span !== undefined).toBe(begins);
    await tracing.stop();
  });

  it('takes part in so many traces a second and no more, whatever callers ask for', async () => {
    const tracing = await open(1, 3);
    const entered = Array.from({ length: 100 }, () => tracing.enter('x', { traceparent: callers }));
    const recorded = entered.filter(({ span }) => span !== undefined).length;
    expect(recorded).toBeGreaterThanOrEqual(3);
    expect(recorded).toBeLessThan(entered.length); // seconds may begin on the way
    expect(entered.find(({ span }) => span === undefined)?.traceparent).toMatch(/-00$/);
    await tracing.stop();
  });

  it('stops, and nothing is thrown, where the collector is away', async () => {
    const tracing = await openTracing({ url: 'http://127.0.0.1:1/v1/traces', ratio: 1, tracesPerSecondMax: 10 }, { name: 'test', instance: 'one', version: '1' }, logger);
    tracing.enter('x', { traceparent: undefined }).span?.end();
    await expect(tracing.stop()).resolves.toBeUndefined();
  });
});
