import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { DecisionProto, numberRecords, runOffline } from '@weir/pipeline';
import { verdictJson } from '@weir/rules';
import { SeededRandom } from '@weir/testkit';
import { laneBodies } from '../../test/services-kit';
import { buildStages } from '../chain';
import { faultName, faultPlan } from './fault-plan';
import { effectsOf, judge } from './judgement';
import { Ledger } from './ledger';
import type { Decided, TopicContents } from './topics';
import { DecisionReader, digestOfLine } from './verdict-digest';

const decided = (more: Partial<Decided> = {}): Decided => ({ decision: 'd-0-1', outcome: 'approve', score: 0.1, digest: 'same', degraded: false, atMs: 1_000, times: 1, ...more });
const topicsOf = (byTransaction: Readonly<Record<string, Decided>>, more: Partial<TopicContents> = {}): TopicContents => ({ byTransaction: new Map(Object.entries(byTransaction)), originsTwice: 0, alerts: 0, alertsTwice: 0, quarantined: 0, ...more });

function ledgerOf(ids: readonly string[], dueMs = 900): Ledger {
  const ledger = new Ledger();
  for (const id of ids) { ledger.due(id, dueMs); ledger.acknowledge(id, dueMs + 50); ledger.tell(id, { decision: 'd-0-1', outcome: 'approve', score: 0.1 }); }
  return ledger;
}

describe('The ledger of a torture', () => {
  const withoutFaults = new Map([['a', 'same'], ['b', 'same']]);

  it('finds nothing where everything was decided once and as without faults', () => {
    expect(judge(ledgerOf(['a', 'b']), topicsOf({ a: decided(), b: decided({ atMs: 1_700 }) }), withoutFaults)).toMatchObject({ transactions: 2, decided: 2, lost: [], doubled: 0, different: [], toldOtherwise: [], longestGapMs: 700 });
  });

  it.each<[string, TopicContents, object]>([
    ['lost, without a decision', topicsOf({ a: decided() }), { lost: ['b'] }],
    ['doubled, decided under two origins', topicsOf({ a: decided(), b: decided({ times: 3 }) }), { doubled: 2 }],
    ['doubled, where the topic holds an origin or an alert twice', topicsOf({ a: decided(), b: decided() }, { originsTwice: 1, alertsTwice: 1 }), { doubled: 2 }],
    ['different from the run without faults', topicsOf({ a: decided(), b: decided({ digest: 'other' }) }), { different: ['b'], degraded: 0 }],
    ['degraded, which is counted apart', topicsOf({ a: decided(), b: decided({ digest: 'other', degraded: true }) }), { different: [], degraded: 1 }],
    ['told otherwise than it stands in the topic', topicsOf({ a: decided(), b: decided({ outcome: 'block' }) }), { toldOtherwise: ['b'] }],
  ])('finds a transaction that was %s', (_what, topics, expected) => {
    expect(judge(ledgerOf(['a', 'b']), topics, withoutFaults)).toMatchObject(expected);
  });

  it('does not call lost what nobody acknowledged', () => {
    const ledger = ledgerOf(['a']);
    ledger.due('b', 950);
    expect(judge(ledger, topicsOf({ a: decided() }), withoutFaults).lost).toEqual([]);
  });

  it('measures a fault by the transactions that had to wait, and blames it until the next', () => {
    const ledger = new Ledger();
    const times = [[100, 120], [1_000, 6_500], [5_000, 7_000], [8_000, 8_010], [20_000, 23_000]] as const;
    times.forEach(([dueMs], index) => ledger.due(String(index), dueMs));
    const topics = topicsOf(Object.fromEntries(times.map(([, atMs], index) => [String(index), decided({ atMs })])));
    const faults = [{ fault: 'stop ingest', startedMs: 900, endedMs: 5_900 }, { fault: 'slow redis', startedMs: 9_000, endedMs: 9_500 }, { fault: 'kill cep', startedMs: 19_000, endedMs: 19_000 }];
    expect(effectsOf(faults, ledger, topics)).toEqual([{ outageMs: 6_100, recoveryMs: 1_100, behindMax: 2 }, { outageMs: 0, recoveryMs: 0, behindMax: 0 }, { outageMs: 4_000, recoveryMs: 4_000, behindMax: 1 }]);
  });
});

describe('What the topic holds, read by the published files alone', () => {
  it('is what the run without faults writes, and any change of it shows', async () => {
    const stages = buildStages({ lane: 0, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('no model')) });
    const proto = new DecisionProto(), reader = new DecisionReader(), meta = { decided_at: 5, latency_ms: { scoring: 1 }, trace_id: null };
    let compared = 0;
    for await (const { outcomes } of runOffline(stages, numberRecords(laneBodies(new SeededRandom(5), 200), { controlAtMs: 0 }))) {
      for (const outcome of outcomes) {
        if (outcome.kind !== 'event' || outcome.verdict === undefined) continue;
        const { verdict } = outcome, line = digestOfLine(verdictJson(verdict)), read = reader.read(proto.encode({ verdict, meta }));
        expect([read.transactionId, read.digest]).toEqual([line.transactionId, line.digest]);
        expect(reader.read(proto.encode({ verdict: { ...verdict, score: verdict.score + 1e-9 }, meta })).digest).not.toBe(line.digest);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(100);
  });
});

describe('The plan of faults', () => {
  const names = (seed: number, quick: boolean, count: number): string[] => {
    const plan: string[] = [];
    for (const fault of faultPlan(new SeededRandom(seed), { quick })) if (plan.push(faultName(fault)) === count) break;
    return plan;
  };

  it('is the same for the same seed, and another for another', () => {
    expect(names(3, false, 40)).toEqual(names(3, false, 40));
    expect(names(3, false, 40)).not.toEqual(names(4, false, 40));
  });

  it('does every fault in each round, and in a short one every sort', () => {
    const round = new Set(names(1, false, 32));
    expect(round.size).toBe(32);
    expect(new Set(names(1, true, 99).map((name) => name.split(' ')[0]))).toEqual(new Set(['kill', 'stop', 'broker-kill', 'redis-empty', 'cut']));
  });
});
