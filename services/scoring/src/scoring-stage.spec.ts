import type { LaneItem, ListChange, PatternMatch, Verdict } from '@weir/contracts';
import type { StageState } from '@weir/pipeline';
import { verdictJson } from '@weir/rules';
import { forSeedsAsync, type SeededRandom } from '@weir/testkit';
import { fresh, FunctionRuntime, inputs, Lane, model, rule, setOf, stageOf, startMs } from '../test/lane';
import type { ScoringStage } from './scoring-stage';

const verdicts = (items: readonly LaneItem[]): Verdict[] => items.flatMap((item) => (item.kind === 'event' && item.verdict ? [item.verdict] : []));
const put = (list: string, value: string, more: Partial<Extract<ListChange, { op: 'put' }>> = {}): ListChange => ({ op: 'put', list, value, fromMs: null, untilMs: null, by: 'ann', reason: '', ...more });
const remove = (list: string, value: string): ListChange => ({ op: 'remove', list, value, by: 'ann' });
const stateOf = (bytes: ReadonlyMap<string, Uint8Array>): StageState => ({ get: (key) => bytes.get(key), scan: (prefix) => [...bytes].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)) });
function save(stage: ScoringStage, into: Map<string, Uint8Array>): void {
  for (const [key, value] of stage.takeChanges()) if (value) into.set(key, value); else into.delete(key);
}

const loop = [
  { kind: 'List', name: 'blocked', of: 'card_id', effect: 'hard', ttl: '10s' }, { kind: 'List', name: 'nets', of: 'ip', match: 'cidr', effect: 'watch' },
  rule('large', 'tx.amount > 100', { weight: 0.4, then: [{ add_to_list: { list: 'blocked', value: 'tx.card_id' } }] }), rule('net', 'tx.ip in lists.nets', { weight: 0.2, then: [{ add_to_list: { list: 'nets', value: 'tx.ip', ttl: '1h' } }] }),
];

describe('ScoringStage', () => {
  it('lists a card from the next event on, in the same batch and at the same instant, until the ttl is over', async () => {
    const lane = new Lane(setOf(...loop)).event({ amount: 500 }, { atMs: startMs }).event({ amount: 1 }, { atMs: startMs }).event({ amount: 1, card_id: 'c2' }, { atMs: startMs }).event({ amount: 1 }, { atMs: startMs - 1 }).event({ amount: 1 }, { atMs: startMs + 9_999 }).event({ amount: 1 }, { atMs: startMs + 10_000 });
    expect(verdicts(await stageOf().process(lane.items)).map(({ decided_by, list_changes }) => [decided_by, list_changes])).toEqual([
      ['score', [{ list: 'blocked', value: 'c1', until: startMs + 10_000 }]], ['hard_list', []], ['score', []], ['score', []], ['hard_list', []], ['score', []],
    ]);
  });

  it('takes list changes, snoozes and sets from their place in the lane on', async () => {
    const lane = new Lane(setOf(...loop)).event({}).lists(put('blocked', 'c1')).event({}).lists(remove('blocked', 'c1')).event({ amount: 500 })
      .lists({ op: 'snooze', rule: 'large', entity: 'card', key: 'c1', untilMs: startMs + 3_600_000, by: 'ann' }).event({ amount: 500, card_id: 'c1' }, { atMs: startMs + 60_000 }).definitions(setOf(rule('none', 'tx.amount > 400', { outcome: 'block' }))).event({ amount: 500 }, { atMs: startMs + 61_000 });
    const decided = verdicts(await stageOf().process(lane.items));
    expect(decided.map(({ decided_by, rules, snoozed }) => [decided_by, rules, snoozed])).toEqual([['fallback', [], []], ['hard_list', [], []], ['score', ['large'], []], ['score', [], ['large']], ['block_rule', ['none'], []]]);
    expect(new Set(decided.map(({ set }) => set)).size).toBe(2);
  });

  it('decides nothing before the first set, and passes events of other sources and control records on', async () => {
    const lane = new Lane(setOf()).event({}).event({}, { source: 'logins' }).tick();
    const [definitions, ...rest] = lane.items;
    expect(verdicts(await stageOf().process(rest))).toEqual([]);
    const out = await stageOf().process([definitions, ...rest].filter((item) => item !== undefined));
    expect(out).toEqual(lane.items);
    expect(verdicts(out).map(({ source }) => source)).toEqual(['transactions']);
  });

  it('gives the same verdicts and the same state however the lane is cut, with crashes between and after batches', async () => {
    await forSeedsAsync(12, async (random) => {
      const items = randomLane(random).items;
      const whole = stageOf({ runtime: modelRuntime() }), wholeState = new Map<string, Uint8Array>();
      const expected = verdicts(await whole.process(fresh(items))).map(verdictJson);
      save(whole, wholeState);

      let stage = stageOf({ runtime: modelRuntime() }), position = 0;
      const saved = new Map<string, Uint8Array>(), got = new Map<number, string>();
      for (let at = 0; at < items.length; ) {
        const batch = fresh(items.slice(at, at + random.int(1, 12)));
        await stage.process(batch);
        for (const item of batch) if (item.kind === 'event' && item.verdict) got.set(item.offset, verdictJson(item.verdict));
        at += batch.length;
        if (random.chance(0.5)) {
          save(stage, saved);
          position = at;
        }
        if (!random.chance(0.25)) continue;
        stage = stageOf({ runtime: modelRuntime() });
        await stage.restore(stateOf(saved));
        at = position;
      }
      save(stage, saved);
      expect([...got].sort(([a], [b]) => a - b).map(([, json]) => json)).toEqual(expected);
      expect(new Map([...saved].sort())).toEqual(new Map([...wholeState].sort()));
    });
  });

  it('simulates what it would decide now, and changes nothing', async () => {
    const stage = stageOf(), lane = new Lane(setOf(...loop));
    await stage.process(lane.items);
    [...stage.takeChanges()];
    const [, asked] = lane.event({ amount: 500 }).items;
    if (asked?.kind !== 'event') throw new RangeError('no event');
    const answer = await stage.simulate(asked);
    expect(answer.kind === 'event' && answer.verdict?.rules).toEqual(['large']);
    expect(asked.verdict).toBeUndefined();
    expect([...stage.takeChanges()]).toEqual([]);
    expect(stage.lists.entries('blocked')).toEqual([]);
  });

  it('decides an event whose features could not be read, degraded, with every rule on them unknown', async () => {
    const lane = new Lane(setOf(rule('count', 'features.tx_count_1h > 3'), rule('k', 'true'))).event({});
    const [verdict] = verdicts(await stageOf().process(lane.items.map((item) => (item.kind === 'event' ? { ...item, vector: undefined } : item))));
    expect(verdict).toMatchObject({ unknown: ['count'], rules: ['k'], outcome: 'review', decided_by: 'fallback', degraded: true, degraded_why: ['the features could not be read'] });
  });

  it('asks no model where every policy calls the lane too far behind, decides with rules and lists, and asks again for the next', async () => {
    const lane = new Lane(setOf(inputs('tx:v'), model('m', 'champion'), rule('k', 'true'), { kind: 'Policy', name: 'p', max_lag: 100 }));
    for (const backlog of [undefined, 100, 101, 5]) lane.event({ v: 2 }, backlog === undefined ? {} : { backlog });
    const asked: number[] = [];
    const decided = verdicts(await stageOf({ runtime: modelRuntime(), observe: ({ rows }) => asked.push(rows) }).process(lane.items));
    expect(decided.map(({ model: answer, degraded, outcome, rules }) => [answer?.p ?? null, degraded, outcome, rules])).toEqual([[0.1, false, 'approve', ['k']], [0.1, false, 'approve', ['k']], [null, true, 'review', ['k']], [0.1, false, 'approve', ['k']]]);
    expect(asked).toEqual([3]);
  });

  it('forgets list entries that no event can see any more', async () => {
    const stage = stageOf(), lane = new Lane(setOf({ ...loop[0] }, { ...loop[2] }));
    for (let i = 0; i < 100; i++) lane.event({ amount: 500, card_id: `c${i}` }, { atMs: startMs + i * 600_000 });
    await stage.process(lane.items);
    expect(stage.lists.entries('blocked').length).toBeLessThan(20);
    expect(stage.lists.entries('blocked').at(-1)?.value).toBe('c99');
  });
});

const modelRuntime = (): FunctionRuntime => new FunctionRuntime({ 'm.onnx': ([v]) => (v === undefined || Number.isNaN(v) ? Number.NaN : Math.abs(v) / 20) });

function randomLane(random: SeededRandom): Lane {
  const sets = [setOf(...loop), setOf(...loop, inputs('tx:v'), model('m', 'champion'), rule('sure', 'score > 0.2', { weight: 0.1 })), setOf(...loop, { kind: 'List', name: 'extra', of: 'card_id', effect: 'block' }), setOf(...loop, inputs('tx:v'), model('m', 'champion'), { kind: 'Policy', name: 'p', max_lag: 500 }, { kind: 'Policy', name: 'q', when: '"c1" in lists.blocked || tx.card_id in lists.blocked', max_lag: 20, on_degraded: 'continue' })];
  const lane = new Lane(random.pick(sets));
  for (let i = 0; i < 120; i++) {
    const card = `c${random.int(1, 4)}`, atMs = startMs + i * 2_000 - random.int(0, 4_000) + (i > 60 ? 7_200_000 : 0);
    switch (random.int(0, 12)) {
      case 0: lane.lists(put(random.pick(['blocked', 'nets', 'extra']), random.pick([card, '10.0.0.0/24']), { untilMs: random.chance(0.5) ? null : atMs + 20_000 })); break;
      case 1: lane.lists(remove(random.pick(['blocked', 'nets']), card)); break;
      case 2: lane.lists({ op: 'snooze', rule: 'large', entity: 'card', key: card, untilMs: atMs + 10_000, by: '' }); break;
      case 3: if (random.chance(0.3)) lane.definitions(random.pick(sets)); break;
      case 4: lane.tick(); break;
      default: lane.event({ amount: random.pick([1, 50, 500]), card_id: card, v: random.chance(0.2) ? null : random.float() * 10, ip: random.pick(['10.0.0.7', '10.0.1.7', 'none', null]) }, { atMs, ...(random.chance(0.3) ? { backlog: random.pick([10, 200, 900]) } : {}) });
    }
  }
  return lane;
}

describe('alerts', () => {
  const pattern = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ kind: 'Pattern', name, key: 'card', pattern: [{ name: 'a', where: 'tx.amount > 5' }], ...more });
  const match = (name: string, more: Partial<PatternMatch> = {}): PatternMatch => ({ pattern: name, version: 1, mode: 'live', kind: 'match', key: 'c1', events: { a: ['t0'] }, firstTimeMs: startMs, lastTimeMs: startMs, byEvent: true, ...more });

  it('are the score’s, those of actions, and those of matches given by time alone; each with an id of its own', async () => {
    const set = setOf(rule('told', 'tx.amount > 1', { weight: 0.9, then: [{ alert: 'critical' }, { webhook: 'https://example.test/hook' }] }), rule('quiet', 'true'), pattern('p', { then: [{ alert: 'low' }] }), pattern('q'), pattern('s', { mode: 'shadow' }));
    const lane = new Lane(set).event({ amount: 2 }, { matches: [match('p'), match('p')] }).tick([match('q', { byEvent: false }), match('q', { byEvent: false }), match('s', { byEvent: false, mode: 'shadow' }), match('q', { byEvent: false, kind: 'timeout' })]).event({ amount: 1 });
    const stage = stageOf();
    const out = await stage.process(lane.items);
    const alerts = out.map((item) => stage.alertsOf(item));
    expect(alerts.map((each) => each.map(({ id, data, webhooks }) => [id, data.severity, webhooks.length]))).toEqual([
      [], [['a-0-1-score-default', 'high', 0], ['a-0-1-rule-told', 'critical', 1], ['a-0-1-pattern-p-c1', 'low', 0]], [['a-0-2-pattern-q-c1', 'high', 0]], [],
    ]);
    expect(alerts[1]?.[1]).toMatchObject({ specversion: '1.0', type: 'weir.alert.v1', source: '/weir/lanes/0', subject: 't1', data: { decision_id: 'd-0-1', score: 0.9, outcome: 'block', transaction: { amount: 2 }, raised_by: { kind: 'rule', name: 'told' } } });
    await stage.process(new Lane(setOf()).items);
    expect(stage.alertsOf(out[1] as LaneItem)).toEqual(alerts[1]);
  });
});
