import { InMemorySuite } from '../../test/in-memory-suite';
import { LatencyHistogram } from './latency-window';
import { decisionsShownMax, LiveFeed, type LiveClient } from './live-feed';

class Reader implements LiveClient {
  text = '';
  ended = false;
  write(text: string): void { this.text += text; }
  end(): void { this.ended = true; }
  events(name: string): unknown[] {
    return this.text.split('\n\n').filter((block) => block.includes(`event: ${name}\n`)).map((block): unknown => JSON.parse(block.slice(block.indexOf('data: ') + 6)));
  }
}

function feedOver(suite: InMemorySuite): LiveFeed {
  const { live, clock, health } = suite.dependencies;
  const feed = new LiveFeed({ live, clock, health, clientsMax: 2 });
  feed.start();
  return feed;
}

const submit = (suite: InMemorySuite, count: number, amount = 1) => suite.dependencies.edge.submit(
  Array.from({ length: count }, (_, index) => ({ json: '', event: { transaction_id: `${amount}-${index}`, amount }, receivedAtMs: undefined, idempotency: undefined })),
  { source: undefined, wait: 'decided', deadlineMs: undefined },
);

describe('the live feed', () => {
  it('shows decisions as they are taken, and counts all of a second', async () => {
    const suite = new InMemorySuite();
    const feed = feedOver(suite);
    const reader = new Reader();
    feed.join(reader);
    await submit(suite, 2);
    await submit(suite, 1, 5_000_000);
    feed.endSecond();
    expect(reader.events('decision')).toHaveLength(3);
    expect(reader.events('second')).toEqual([expect.objectContaining({ approve: 2, review: 0, block: 1, p50_ms: expect.any(Number) as number })]);
    expect(reader.events('health')).toEqual([{ status: 'ok', ready: [], missing: [] }]);
    feed.stop();
    expect(reader.ended).toBe(true);
  });

  it('shows no more than a reader can read, and still counts them all', async () => {
    const suite = new InMemorySuite();
    const feed = feedOver(suite);
    const reader = new Reader();
    feed.join(reader);
    await submit(suite, 500);
    feed.endSecond();
    expect(reader.events('decision')).toHaveLength(decisionsShownMax);
    expect(reader.events('second')).toEqual([expect.objectContaining({ approve: 500 })]);
    feed.stop();
  });

  it('tells who comes later what was, and takes no more than allowed', async () => {
    const suite = new InMemorySuite();
    const feed = feedOver(suite);
    await submit(suite, 3);
    feed.endSecond();
    const reader = new Reader();
    expect([feed.join(reader), feed.join(new Reader()), feed.join(new Reader())]).toEqual([true, true, false]);
    expect(reader.events('history')).toEqual([{ seconds: [expect.objectContaining({ approve: 3 })] }]);
    expect(reader.events('decision')).toHaveLength(3);
    feed.stop();
  });

  it('passes alerts on', () => {
    const suite = new InMemorySuite();
    const feed = feedOver(suite);
    const reader = new Reader();
    feed.join(reader);
    suite.alert({ atMs: suite.nowMs, severity: 'high', transactionId: 't-1', text: 'score above 0.8' });
    expect(reader.events('alert')).toEqual([{ at: '2026-03-01T12:00:00.000Z', severity: 'high', transaction_id: 't-1', text: 'score above 0.8' }]);
    feed.stop();
  });
});

describe('the latency histogram', () => {
  it.each([[0.5, 50], [0.99, 99], [1, 100]])('tells quantile %d to within a fifth', (fraction, exact) => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 100; ms++) histogram.add(ms);
    const told = histogram.quantile(fraction) ?? 0;
    expect(told).toBeGreaterThanOrEqual(exact);
    expect(told).toBeLessThanOrEqual(exact * 1.21);
  });
  it('has none of nothing', () => {
    expect(new LatencyHistogram().quantile(0.5)).toBeNull();
  });
});
