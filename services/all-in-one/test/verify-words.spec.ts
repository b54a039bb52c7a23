import type { RawBody, RawRecord } from '@weir/contracts';
import { documentsFromJson, resolveSet } from '@weir/definitions';
import { Metrics } from '@weir/platform';
import { forSeedsAsync } from '@weir/testkit';
import { LabelBook } from '../src/backtest/label-book';
import { LocalSide } from '../src/backtest/local-side';
import { runVerify, type VerifyReport } from '../src/backtest/run-verify';
import { readPacks } from '../src/backtest/stored-rows';
import { buildFollowedStages } from '../src/replay/followed-stages';
import { laneReader } from '../src/replay/lane-reader';
import type { ReadLane } from '../src/replay/shard-replica';
import { setChecks } from '../src/set-checks';
import { openChecker } from '../src/verify/checker';
import { StageStates } from '../src/replay/lane-states';
import { OnlineCheck } from '../src/verify/online-check';
import { noFiles, NoModels, TestLanes } from './lanes-kit';

/** A lane served one event that the log, as it is read again, does not have: what each difference is put down to. */

const set = resolveSet(documentsFromJson([
  { kind: 'Source', name: 'transactions', id: 'id', time: 'at', partition_by: 'card', decide: true, late: { out_of_orderness: '5s' }, fields: { id: 'string!', card: 'string!', amount: 'money!' } },
  { kind: 'Entity', name: 'card', key: 'card' },
  { kind: 'FeatureView', name: 'cards', entity: 'card', source: 'transactions', features: [{ name: 'n', agg: 'count' }, { name: 'total', agg: 'sum', of: 'amount', windows: ['1d'] }] },
]), undefined, { checks: setChecks });
const startMs = Date.UTC(2026, 0, 5);
const payment = (id: string, card: string, atSeconds: number): RawBody => ({ kind: 'event', source: 'transactions', json: JSON.stringify({ id, card, at: startMs + atSeconds * 1_000, amount: 100 }), receivedAtMs: startMs + 600_000, idempotency: undefined, replyTo: undefined });

/** By card: the event that the log lost, and what came after it. */
const lost = ['plain-0', 'tied-0', 'late-0'];
const bodies = [
  payment('plain-0', 'plain', 10), payment('tied-0', 'tied', 20), payment('late-0', 'late', 30), payment('same-0', 'same', 35),
  payment('plain-1', 'plain', 40), payment('tied-1', 'tied', 60), payment('tied-2', 'tied', 60), payment('late-1', 'late', 50), payment('same-1', 'same', 70),
];

async function served(): Promise<{ readonly world: TestLanes; readonly read: ReadLane }> {
  let made: TestLanes | undefined;
  await forSeedsAsync(1, async (random) => {
    made = new TestLanes(1, random);
    await made.append(set, { kind: 'definitions', setId: set.id, json: set.canonicalJson });
    await made.start();
    for (const body of bodies) await made.append(set, body);
    await made.settle();
  });
  const world = made as unknown as TestLanes, all = laneReader(world.log);
  return { world, read: async (lane, from, max) => (await all(lane, from, max)).map(withoutLost) };
}

function withoutLost(record: RawRecord): RawRecord {
  const { body } = record;
  return body.kind === 'event' && lost.some((id) => body.json.includes(`"${id}"`)) ? { ...record, body: { kind: 'tick' } } : record;
}

describe('what differs from the log is put down to what happened', () => {
  it('for decisions: an event behind another one in time is late, one of the same time a tie, any other a bug', async () => {
    const { world, read } = await served(), stored = world.storedOf(0);
    const report = await runVerify({
      lanes: [() => new LocalSide({
        fromMs: -Infinity, toMs: Infinity, amountField: 'amount', segment: undefined, labels: new LabelBook(), stored: { throughOffset: Infinity, read: stored }, records: (async function* () { yield* await read(0, 0, 1_000); })(),
        stages: buildFollowedStages({ lane: 0, lanes: 1, read, stored, runtime: new NoModels(), loadFile: noFiles }),
      })],
    });
    const words = new Map(report.mismatches.map(({ offset, why }) => [offset - 1, why]));
    expect(Object.fromEntries([...words].map(([index, why]) => [/"id":"([^"]+)"/.exec((bodies[index] as { json: string }).json)?.[1], why]))).toEqual({
      'plain-0': 'bug', 'tied-0': 'bug', 'late-0': 'bug', 'plain-1': 'bug', 'tied-1': 'bug', 'tied-2': 'tie', 'late-1': 'late',
    });
    expect(report).toMatchObject({ compared: 9, same: 2, different: 7, by_reason: { bug: 5, tie: 1, late: 1 } });
    await world.kill();
  });

  it('for decisions whose records the log does not have: in its midst and at its end', async () => {
    const { world, read } = await served(), stored = world.storedOf(0), rows = [...world.rows.values()].sort((a, b) => a.offset - b.offset);
    const store = { range: (_lane: number, from: number, max: number) => Promise.resolve(rows.filter(({ offset }) => offset >= from).slice(0, max)) };
    const verify = (range: { readonly fromMs: number; readonly toMs: number }): Promise<VerifyReport> => runVerify({
      lanes: [() => new LocalSide({
        ...range, amountField: 'amount', segment: undefined, labels: new LabelBook(), stored: { throughOffset: 9, read: stored, packs: readPacks(store, 0) }, records: (async function* () { yield* (await read(0, 0, 1_000)).filter(({ offset }) => offset !== 4 && offset < 8); })(),
        stages: buildFollowedStages({ lane: 0, lanes: 1, read, stored, runtime: new NoModels(), loadFile: noFiles }),
      })],
    });
    const report = await verify({ fromMs: -Infinity, toMs: Infinity });
    expect(report.compared).toBe(bodies.length);
    expect(report.mismatches.filter(({ reasons }) => /no record/.test(reasons[0] ?? ''))).toEqual([4, 8, 9].map((offset) => ({ offset, id: `d-0-${offset}`, kind: 'not replayed', why: 'bug', reasons: ['a decision is stored, and the log has no record here'] })));
    expect((await verify({ fromMs: startMs + 60_000, toMs: Infinity })).mismatches.filter(({ reasons }) => /no record/.test(reasons[0] ?? '')).map(({ offset }) => offset)).toEqual([9]);
    await world.kill();
  });

  it('for served values: by the events of their key', async () => {
    const { world, read } = await served(), metrics = new Metrics();
    const check = new OnlineCheck({
      checker: openChecker({ dataDir: '/nowhere', lanes: 1, kafka: undefined, history: '/nowhere' }, read), states: () => world.stages.map(({ features }) => new StageStates(features)), builtFor: () => () => undefined, hasBuilt: () => Promise.resolve(false),
      clock: world.clock, metrics, share: 0, restMs: 1_000, onError: (error) => { throw error; },
    });
    const { examples, byReason, same } = await check.pass(1);
    expect(Object.fromEntries(examples.map(({ key, reason }) => [key, reason]))).toEqual({ plain: 'bug', tied: 'tie', late: 'late' });
    expect({ byReason, same }).toMatchObject({ byReason: { bug: 1, tie: 1, late: 1 }, same: 1 });
    expect((await metrics.text()).body).toMatch(/weir_verify_online_keys_total\{became="late"\} 1\n/);
    await check.stop();
    await world.kill();
  });
});
