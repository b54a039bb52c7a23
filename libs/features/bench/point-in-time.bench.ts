import { pointInTime, type PointInTimeRow } from '../src';
import { benchEvents, benchSet, randomNumbers, type Figure } from './bench-set';

/** Rows of two entities at random times over a history, swept once; half the rows as known. */
export async function* run(quick: boolean): AsyncIterable<Figure> {
  const set = benchSet();
  const eventCount = quick ? 100_000 : 500_000;
  const rowCount = quick ? 100_000 : 1_000_000;
  const events = benchEvents(set, eventCount, { cards: 10_000, merchants: 2_000, devices: 5_000, meanGapMs: 2_000, seed: 3 });
  const random = randomNumbers(4);
  const firstMs = events[0]?.timeMs ?? 0;
  const lastMs = events.at(-1)?.timeMs ?? 0;
  const rows = Array.from({ length: rowCount }, (): PointInTimeRow => ({ keys: { card_id: `c${Math.floor(random() * 10_000)}`, merchant_id: `m${Math.floor(random() * 2_000)}` }, timeMs: firstMs + Math.floor(random() * (lastMs - firstMs)), eventIndex: -1 }));
  for (const asKnown of [false, true]) {
    const started = process.cpuUsage();
    let answered = 0;
    pointInTime(set, events, rows, { asKnown, asDecided: false }, () => { answered++; });
    const { user, system } = process.cpuUsage(started);
    const work = `${eventCount} events, rows of a card and a merchant with 32 features${asKnown ? ', as known' : ''}`;
    yield { bench: 'point-in-time', metric: 'throughput', value: (answered * 1e6) / (user + system), unit: '/s', n: answered, work };
    yield { bench: 'point-in-time', metric: 'cpu_per_item', value: (user + system) / answered, unit: 'us', n: answered, work };
  }
}
