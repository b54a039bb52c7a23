import { Health } from './health';
import { metricName, Metrics } from './metrics';

describe('Health', () => {
  it('is ready when every check holds, and names what is missing', () => {
    const health = new Health();
    let loaded = false;
    health.add('log', () => undefined);
    health.add('model', () => (loaded ? undefined : 'fraud_xgb is loading'));
    expect(health.ready()).toEqual({ status: 'unavailable', ready: ['log'], missing: [{ name: 'model', why: 'fraud_xgb is loading' }] });
    loaded = true;
    expect(health.ready()).toEqual({ status: 'ok', ready: ['log', 'model'], missing: [] });
  });

  it('takes a check that throws for one that does not hold', () => {
    const health = new Health();
    health.add('store', () => { throw new Error('connection lost'); });
    expect(health.ready().missing).toEqual([{ name: 'store', why: 'connection lost' }]);
  });

  it('is not ready once stopping, and still live', () => {
    const health = new Health();
    health.beginStop();
    expect(health.ready().status).toBe('unavailable');
    expect(health.live()).toEqual({ status: 'ok' });
  });
});

describe('Metrics', () => {
  it('gives the same metric for the same name, and its text', async () => {
    const metrics = new Metrics();
    const name = { service: 'feature-store', noun: 'rows', help: 'rows written', labels: ['kind'] } as const;
    metrics.counter(name).inc({ kind: 'online' }, 2);
    metrics.counter(name).inc({ kind: 'online' });
    expect((await metrics.text()).body).toContain('weir_feature_store_rows_total{kind="online"} 3');
  });

  it.each([['Gateway', 'requests'], ['gateway', 'requests-made'], ['gateway', '']])('refuses %s / %s as a name', (service, noun) => {
    expect(() => metricName({ service, noun }, 'total')).toThrow(RangeError);
  });
});
