import { TraceReceiver } from '@weir/platform/testing';
import { definitionsText, SuiteFixture, TestFolder } from './suite-fixture';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const headerOf = (trace: string, flags = '01'): { traceparent: string } => ({ traceparent: `00-${trace}-00f067aa0ba902b7-${flags}` });
const stages = ['ingest', 'feature-store', 'cep', 'scoring'];
const event = (id: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ transaction_id: id, event_time: Date.now(), card_id: '4111', merchant_id: 'm', amount: 5_000, ...more });

describe('The trace of a transaction', () => {
  const receiver = new TraceReceiver(), folder = new TestFolder();
  let fixture: SuiteFixture;
  beforeAll(async () => {
    await receiver.start();
    fixture = new SuiteFixture(folder.path, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_TRACES_SAMPLER_ARG: '0', WEIR_MONITOR: 'false' } });
    await fixture.start();
    expect((await fixture.apply(definitionsText)).status).toBe(200);
  });
  afterAll(async () => {
    await fixture.stop();
    await receiver.stop();
    folder.remove();
  });

  it('goes from the request through every stage, and its id stands in the decision and beside the latency', async () => {
    const answer = await fixture.ask('POST', '/transactions', event('a'), headerOf(traceId));
    expect(answer).toMatchObject({ status: 200, json: { meta: { trace_id: traceId } } });
    const spans = await receiver.trace(traceId, ({ length }) => length >= 2 + stages.length);
    const request = spans.find(({ name }) => name === 'POST /transactions'), publish = spans.find(({ name }) => name === 'transactions.raw publish');
    expect(request).toMatchObject({ service: 'weir', parentSpanId: '00f067aa0ba902b7', attributes: { 'http.response.status_code': 200 } });
    expect(publish?.parentSpanId).toBe(request?.spanId);
    expect(spans.filter(({ name }) => name.endsWith(' process')).map(({ name, parentSpanId }) => [name, parentSpanId]).sort()).toEqual(stages.map((stage) => [`${stage} process`, publish?.spanId]).sort());
    const batch = receiver.spans.find(({ name, links }) => name === 'scoring batch' && links.some((link) => link.traceId === traceId));
    expect(spans.find(({ name }) => name === 'scoring process')?.links).toEqual([expect.objectContaining({ spanId: batch?.spanId })]);
    const metrics = await fixture.ask('GET', '/metrics', undefined, { accept: 'application/openmetrics-text; version=1.0.0' });
    expect(String(metrics.json['text'])).toMatch(new RegExp(`weir_gateway_request_duration_seconds_bucket\\{.*endpoint="POST /transactions".* # \\{trace_id="${traceId}"\\}`));
  });

  it.each([['a caller who does not record', headerOf('b'.repeat(32), '00'), 'b'.repeat(32)], ['nobody', {}, null], ['nonsense', { traceparent: 'nonsense' }, null]])('is not recorded for %s', async (who, headers, id) => {
    const before = receiver.spans.length;
    expect(await fixture.ask('POST', '/transactions', event(`quiet ${who}`), headers)).toMatchObject({ status: 200, json: { meta: { trace_id: id } } });
    expect(receiver.spans.slice(before).filter(({ traceId: of }) => of === id)).toEqual([]);
  });

  it('is one for all rows of a batch', async () => {
    const ofBatch = 'c'.repeat(32);
    const answer = await fixture.ask('POST', '/transactions/batch', [event('r1'), event('r2'), event('r3')], headerOf(ofBatch));
    expect((answer.json['results'] as Array<{ meta: { trace_id: string } }>).map(({ meta }) => meta.trace_id)).toEqual([ofBatch, ofBatch, ofBatch]);
    const spans = await receiver.trace(ofBatch, (some) => some.length >= 2 + 3 * stages.length);
    expect(new Set(spans.filter(({ name }) => name === 'scoring process').map(({ attributes }) => attributes['weir.offset'])).size).toBe(3);
  });
});
