import { decisionId } from '@weir/contracts';
import { LabelBook } from '../src/backtest/label-book';
import { LocalSide } from '../src/backtest/local-side';
import { runVerify } from '../src/backtest/run-verify';
import { backtest, everything, pattern, readFrom, recordsOf, reportCounts, rules, runLive, setOf, shadowed, stagesOf, storedCounts, worldOf, type Counts, type World } from './parity-world';

/** The same definitions over the same events count the same: live with a crash in the middle, as shadow rules, and in a back-test. */

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0);

describe.each(['parity-1', 'parity-2'])('the definitions over the events of seed %s', (seed) => {
  const set = setOf(...rules);
  let world: World, live: Counts;
  beforeAll(async () => {
    world = await worldOf(set, seed);
    const { next } = await world.log.bounds('transactions.raw', 0);
    await runLive(world, { crashesAt: [Math.floor(next / 3), Math.floor(next / 2)], batchMax: 97 });
    live = storedCounts(world.rows);
  });

  it('make every rule, both lists and the pattern speak, so that the comparison says something', () => {
    expect(world.rows.size).toBeGreaterThan(2_000);
    const silent = [...rules, pattern].filter(({ name }) => (live.fired[String(name)] ?? 0) === 0).map(({ name }) => name);
    expect(silent).toEqual([]);
    expect(Math.min(...Object.values(live.outcomes))).toBeGreaterThan(0);
  });

  it('count the same in a back-test, and every decision is the stored one byte for byte', async () => {
    const report = await backtest(world, set);
    expect(reportCounts(report, 'before')).toEqual(live);
    expect(reportCounts(report, 'after')).toEqual(live);
    expect(report.sets.unchanged).toBe(true);
    expect(report.parity).toMatchObject({ compared: world.rows.size, same: world.rows.size, different: 0, not_stored: 0, degraded: 0, counts_equal: true, mismatches: [] });
    expect(report.examples).toEqual([]);
    expect(report.labelled.fraud + report.labelled.genuine).toBeGreaterThan(500);
  });

  it('count the same as shadow rules beside the live ones', async () => {
    const beside = setOf(...rules, ...shadowed);
    const shadowWorld = await worldOf(beside, seed);
    await runLive(shadowWorld, { crashesAt: [700], batchMax: 256 });
    const counts = storedCounts(shadowWorld.rows);
    expect(counts.outcomes).toEqual(live.outcomes);
    for (const { name } of [...rules, pattern]) expect([name, counts.fired[`shadow_${String(name)}`]]).toEqual([name, live.fired[String(name)]]);
  });

  it('count what a live run of a changed set counts, where the log had the set that was changed', async () => {
    const changed = setOf(...rules.map((rule) => (rule['name'] === 'large' ? { ...rule, when: 'tx.amount > 7000', weight: 0.6 } : rule)));
    const report = await backtest(world, changed);
    const changedWorld = await worldOf(changed, seed);
    await runLive(changedWorld, { crashesAt: [], batchMax: 500 });
    expect(reportCounts(report, 'before')).toEqual(live);
    expect(reportCounts(report, 'after')).toEqual(storedCounts(changedWorld.rows));
    expect(report.examples.length).toBeGreaterThan(0);
    for (const { before, after } of report.examples) expect(before.outcome).not.toBe(after.outcome);
    for (const groups of [report.weeks, report.segments]) {
      expect(groups.length).toBeGreaterThan(1);
      expect(groups.reduce((total, group) => total + sum(group.after), 0)).toBe(report.decisions);
    }
  });

  it('show a stored decision that was altered, with the part that differs, and one that is gone', async () => {
    const rows = new Map(world.rows);
    const [first = 0, second = 0] = [...rows.keys()].slice(40);
    rows.set(first, (rows.get(first) ?? '').replace(/"uses_24h":\d+/, '"uses_24h":99'));
    rows.delete(second);
    const records = await recordsOf(world);
    const report = await runVerify({
      lanes: [() => new LocalSide({ ...everything, stages: stagesOf(), records, labels: new LabelBook(), stored: { throughOffset: records.length, read: readFrom(rows) } })],
    });
    expect(report).toMatchObject({ compared: world.rows.size, same: world.rows.size - 2, different: 1, not_stored: 1, counts_equal: false });
    expect(report.mismatches).toEqual([
      { offset: first, id: decisionId({ lane: 0, offset: first }), kind: 'different', why: 'bug', reasons: [expect.stringMatching(/^features\.uses_24h: stored 99, replayed \d+$/)] },
      { offset: second, id: decisionId({ lane: 0, offset: second }), kind: 'not stored', why: 'bug', reasons: [expect.any(String)] },
    ]);
  });

  it.each([
    ['version', (text: string) => text.replace(/"set":"\w+"/, '"set":"another"')], ['warming', (text: string) => text.replace(/"uses_24h":"\w+"/, '"uses_24h":"WARMING"')],
    ['coarsened', (text: string) => text.replace(/"uses_24h":"\w+"/, '"uses_24h":"APPROXIMATE"')], ['ttl', (text: string) => text.replace(/"uses_24h":"\w+"/, '"uses_24h":"OUTSIDE_MAX_AGE"')],
  ] as const)('say why in a word: %s', async (why, alter) => {
    const rows = new Map(world.rows), [offset = 0] = [...rows.keys()].slice(40), records = await recordsOf(world);
    rows.set(offset, alter(rows.get(offset) ?? ''));
    const report = await runVerify({ lanes: [() => new LocalSide({ ...everything, stages: stagesOf(), records, labels: new LabelBook(), stored: { throughOffset: records.length, read: readFrom(rows) } })] });
    expect(report).toMatchObject({ different: 1, by_reason: { [why]: 1 }, mismatches: [{ offset, why }] });
  });
});
