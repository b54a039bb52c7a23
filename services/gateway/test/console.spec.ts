import { parseBlock, serverSentEvents } from '../console/src/api/server-sent-events';
import { milliseconds, plain, signed } from '../console/src/format';
import { filterDecisions } from '../console/src/live/decision-filter';
import { decisionRecord } from '../src/decisions/decision-record';
import { makeDecision } from './in-memory-suite';

describe('the event stream as the console reads it', () => {
  it.each([['event: decision\nid: d-0-1\ndata: {"a":1}', 'decision', '{"a":1}'], ['data: x\ndata: y', 'message', 'x\ny'], ['retry: 2000', 'message', '']])('%j', (block, name, data) => {
    expect(parseBlock(block)).toEqual({ name, data });
  });

  it('puts events together however they were cut', async () => {
    const bytes = new TextEncoder().encode('event: a\ndata: "ü☂"\n\nevent: b\ndata: 2\n\n');
    for (let size = 1; size <= bytes.length; size++) {
      const stream = new ReadableStream<Uint8Array>({ start: (controller) => {
        for (let from = 0; from < bytes.length; from += size) controller.enqueue(bytes.slice(from, from + size));
        controller.close();
      } });
      const events = [];
      for await (const event of serverSentEvents(stream)) events.push(event);
      expect(events).toEqual([{ name: 'a', data: '"ü☂"' }, { name: 'b', data: '2' }]);
    }
  });
});

describe('the filter of decisions', () => {
  const decisions = [1, 1_500_000, 3_000_000].map((amount, offset) => decisionRecord(makeDecision({ offset, transactionId: `t-${offset}`, amount, eventTimeMs: 0, tx: { merchant_id: `shop-${offset}` } })));
  it.each([
    ['', ['approve', 'review', 'block'], ['t-0', 't-1', 't-2']], ['SHOP-1', ['approve', 'review', 'block'], ['t-1']], ['large_amount shop-2', ['block'], ['t-2']], ['', ['review'], ['t-1']], ['large_amount', ['approve'], []],
  ] as const)('%j among %j', (text, outcomes, expected) => {
    expect(filterDecisions(decisions, { text, outcomes: new Set(outcomes) }).map(({ transaction_id }) => transaction_id)).toEqual(expected);
  });
});

describe('values as the console shows them', () => {
  it.each([[null, '–'], [[], 'none'], [['a', 2], 'a, 2'], [{ a: 1 }, 'a: 1'], [true, 'true']])('%j is %s', (value, text) => {
    expect(plain(value)).toBe(text);
  });
  it.each([[undefined, '–'], [0.123, '0.12 ms'], [3.21, '3.2 ms'], [12_345, '12.3 s']])('%s ms is %s', (value, text) => {
    expect(milliseconds(value)).toBe(text);
  });
  it('signs are told', () => {
    expect([signed(0.5), signed(-0.25)]).toEqual(['+0.500', '−0.250']);
  });
});
