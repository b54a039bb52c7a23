import type { LaneItem, Verdict } from '@weir/contracts';
import { FunctionRuntime, inputs, Lane, model, rule, setOf, stageOf } from '../test/lane';

const verdicts = (items: readonly LaneItem[]): Verdict[] => items.flatMap((item) => (item.kind === 'event' && item.verdict ? [item.verdict] : []));
const never = (): Promise<number> => new Promise(() => undefined);

describe('models', () => {
  it('see a row per event: null is NaN, a bool 0 or 1, features beside fields', async () => {
    const runtime = new FunctionRuntime({ 'm.onnx': () => 0.5 }, 4);
    const lane = new Lane(setOf(inputs('tx:v', 'tx:ok', 'by_card:tx_count_1h', 'tx:amount'), model('m', 'champion'))).event({ v: 1.5, ok: true, amount: 7 }, { count: 3 }).event({ ok: false }, { count: null });
    await stageOf({ runtime }).process(lane.items);
    expect(runtime.batches).toEqual([[[1.5, 1, 3, 7], [Number.NaN, 0, Number.NaN, Number.NaN]]]);
  });

  it('are asked once a batch, each of them, and stay loaded from set to set while they are the same', async () => {
    const runtime = new FunctionRuntime({ 'm.onnx': () => 0.25, 's.onnx': () => 0.75, 'x.onnx': () => 0.1 });
    const stage = stageOf({ runtime });
    const lane = new Lane(setOf(inputs('tx:v'), model('m', 'champion'), model('s', 'shadow'))).event({}).event({}).event({});
    expect(verdicts(await stage.process(lane.items)).map(({ model: answered, other_models, score }) => [answered, other_models, score])).toEqual(new Array(3).fill([{ name: 'm', version: 1, p: 0.25 }, { s: 0.75 }, 0.25]));
    expect(runtime.batches.map((batch) => batch.length)).toEqual([3, 3]);
    await stage.process(new Lane(setOf(inputs('tx:v'), model('m', 'champion'), model('x', 'shadow'), rule('r', 'true'))).items);
    expect([runtime.loads, runtime.closed]).toEqual([['m.onnx', 's.onnx', 'x.onnx'], ['s.onnx']]);
  });

  it('that give NaN give no answer: p counts as 0, the record says so, and nothing is degraded', async () => {
    const runtime = new FunctionRuntime({ 'm.onnx': () => Number.NaN });
    const [verdict] = verdicts(await stageOf({ runtime }).process(new Lane(setOf(inputs('tx:v'), model('m', 'champion'), rule('r', 'true', { weight: 0.2 }))).event({}).items));
    expect(verdict).toMatchObject({ model: { name: 'm', p: null }, score: 0.2, outcome: 'approve', degraded: false });
  });

  it.each([
    ['throws', { 'm.onnx': () => { throw new Error('broken'); } }, 'model m failed'], ['is too late', { 'm.onnx': never }, 'model m gave no answer within 20 ms'], ['cannot be loaded', {}, 'model m could not be loaded'],
  ])('when the champion %s, every transaction is decided all the same, marked degraded with the reason', async (_, scores, why) => {
    const stage = stageOf({ runtime: new FunctionRuntime(scores), budgets: { modelMs: 20 } });
    const decided = verdicts(await stage.process(new Lane(setOf(inputs('tx:v'), model('m', 'champion'), rule('r', 'true'))).event({}).event({}).items));
    expect(decided.map(({ degraded, degraded_why, outcome, decided_by, overruled }) => [degraded, degraded_why, outcome, decided_by, overruled])).toEqual(new Array(2).fill([true, [why], 'review', 'fallback', ['score']]));
  });

  it('in the shadow may fail and degrade nothing', async () => {
    const runtime = new FunctionRuntime({ 'm.onnx': () => 0.1 });
    const [verdict] = verdicts(await stageOf({ runtime }).process(new Lane(setOf(inputs('tx:v'), model('m', 'champion'), model('s', 'shadow'))).event({}).items));
    expect(verdict).toMatchObject({ degraded: false, score: 0.1, other_models: { s: null } });
  });

  it('of which one is a challenger: it answers for its share, chosen by the id, and its p is p there', async () => {
    const runtime = new FunctionRuntime({ 'm.onnx': () => 0.1, 'c.onnx': () => 0.9 });
    const lane = new Lane(setOf(inputs('tx:v'), model('m', 'champion'), model('c', 'challenger', { share: 0.25 }), rule('sure', 'score > 0.5')));
    for (let i = 0; i < 2_000; i++) lane.event({ transaction_id: `t-${i}` });
    const decided = verdicts(await stageOf({ runtime }).process(lane.items));
    const challenged = decided.filter((verdict) => verdict.model?.name === 'c');
    expect(challenged.length / decided.length).toBeCloseTo(0.25, 1);
    expect(challenged.every(({ score, rules, other_models }) => score === 0.9 && rules[0] === 'sure' && other_models['m'] === 0.1)).toBe(true);
    expect(decided.filter((verdict) => verdict.model?.name === 'm').every(({ score, other_models }) => score === 0.1 && other_models['c'] === 0.9)).toBe(true);
  });
});
