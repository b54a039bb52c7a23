import { layout, makeDecision } from '../../test/in-memory-suite';
import { decisionSchema } from '../schemas/decision.schema';
import { decisionJson } from './decision-json';
import { decisionRecord } from './decision-record';

const decision = makeDecision({ offset: 7, transactionId: 'quote " and ☂', amount: 3_000_000, eventTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6), tx: { transaction_id: 'x', note: '"', nested: { deep: [1] } } });

describe('a decision as text', () => {
  it('is the text of its record, value by value', () => {
    expect(JSON.parse(decisionJson(decision))).toEqual(JSON.parse(JSON.stringify(decisionRecord(decision))));
  });

  it('keeps what a verdict need not have', () => {
    const whole = { ...decision, verdict: { ...decision.verdict, marks: ['amount:max'], snoozed: ['r'], lists_read: [['l', 'v']] as const, explored: true, source: 'transactions' } };
    expect(JSON.parse(decisionJson(whole))).toEqual(JSON.parse(JSON.stringify(decisionRecord(whole))));
  });

  it('is what the schema says', () => {
    expect(() => decisionSchema.parse(JSON.parse(decisionJson(decision)))).not.toThrow();
  });

  it('of a source without features has none', () => {
    const bare = { ...decision, verdict: { ...decision.verdict, vector: { layout: { ...layout, names: [], types: [] }, numbers: new Float64Array(0), others: [], statuses: new Uint8Array(0) } } };
    expect(JSON.parse(decisionJson(bare))).toMatchObject({ features: {}, statuses: {} });
  });

  it('of one read back from history is the same again', () => {
    expect(decisionJson(decisionRecord(decision))).toBe(JSON.stringify(decisionRecord(decision)));
  });
});
