/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbDecisionReader, LmdbLogReader, LmdbOutcomeLog } from '@weir/adapters/lmdb';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import { resolveCanonicalSet } from '@weir/definitions';
import { answerFeatureCase } from '@weir/features';
import { IngestStage } from '@weir/ingest';
import { decodeRawRecord, runOffline, Tokeniser } from '@weir/pipeline';
import type { DecisionRow, EventLog, HistoryRecord } from '@weir/ports';
import { forSeedsAsync } from '@weir/testkit';
import { HistoryWriter } from '../src/history/history-writer';
import { vectorOf } from '../src/history/history-job';
import { acceptedEvents } from '../src/offline/accepted-events';
import { answerRows } from '../src/offline/answer-rows';
import { openSource } from '../src/offline/lane-source';
import { unpackDecision } from '../src/suite/decision-rows';
import { definitionsText, SuiteFixture, TestFolder } from './suite-fixture';

const startMs = Date.UTC(2026, 0, 5);
const tablesText = `${definitionsText}
---
{ kind: Table, name: customers, key: card_id, fields: { card_id: string!, level: int } }
`;

/** Payments over few cards; some broken, some sent twice, some far too old. */
const eventOf = (index: number): Record<string, unknown> => ({
  transaction_id: index % 13 === 12 ? `t${index - 1}` : `t${index}`, event_time: startMs + index * 20_000 - (index % 29 === 28 ? 72 * 3_600_000 : 0), _received_at: startMs + index * 20_000,
  card_id: `c${index % 7}`, merchant_id: `m${index % 3}`, amount: index % 17 === 16 ? 'broken' : 1_000 + index,
});

async function sendAll(fixture: SuiteFixture, from: number, to: number): Promise<void> {
  const answer = await fixture.ask('POST', '/transactions/batch', Array.from({ length: to - from }, (_, index) => JSON.stringify(eventOf(from + index))).join('\n'), { 'content-type': 'application/x-ndjson' });
  expect(answer.status).toBe(200);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const unpacking = { unpack: unpackDecision, vectorOf };
const historyOf = (data: string): ParquetOfflineStore => new ParquetOfflineStore({ path: join(data, 'history'), readOnly: true, unpacking });

/** What the log and ingest say of each record, and what was decided. */
async function wanted(data: string): Promise<{ readonly records: HistoryRecord[]; readonly decisions: DecisionRow[] }> {
  const log = new LmdbLogReader(join(data, 'log')), reader = new LmdbDecisionReader(join(data, 'decisions'), unpackDecision), { next } = log.bounds('transactions.raw', 0);
  const raw = log.read('transactions.raw', 0, 0, next), decisions = reader.range(0, 0, next), decisionByOffset = new Map(decisions.map((row) => [row.offset, row]));
  const records: HistoryRecord[] = [];
  for await (const { outcomes } of runOffline({ ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [] }, raw.map((record) => decodeRawRecord(0, record)))) {
    for (const outcome of outcomes) {
      const record = raw[outcome.offset];
      if (record === undefined) throw new Error('an outcome without a record');
      const event = outcome.kind === 'event' ? outcome : undefined, quarantined = outcome.kind === 'quarantined' ? outcome : undefined;
      records.push({
        lane: 0, offset: outcome.offset, appendedAtMs: record.appendedAtMs, key: record.key, headers: record.headers, value: record.value, kind: record.headers['weir-kind'] ?? 'event',
        outcome: event ? 'accepted' : outcome.kind === 'duplicate' || outcome.kind === 'conflict' || outcome.kind === 'quarantined' ? outcome.kind : 'control',
        source: event?.event.source ?? record.headers['weir-source'] ?? null, id: event?.event.id ?? (outcome.kind === 'duplicate' ? outcome.id : (quarantined?.id ?? null)), eventTimeMs: event?.event.timeMs ?? null,
        receivedAtMs: event?.receivedAtMs ?? Number(record.headers['weir-received-at'] ?? record.appendedAtMs), reason: quarantined?.reason ?? null, field: quarantined?.field ?? null,
        entities: event === undefined ? [] : (decisionByOffset.get(outcome.offset)?.entities ?? expect.any(Array) as unknown as string[]),
      });
    }
  }
  for (const { json } of decisions) expect(json).toContain('"outcome"'); // unpacked while the store is open
  await log.close();
  await reader.close();
  return { records, decisions };
}

const plain = (record: HistoryRecord): unknown => ({ ...record, value: Buffer.from(record.value).toString('latin1') });

async function expectWhole(data: string): Promise<void> {
  const history = historyOf(data), { records, decisions } = await wanted(data);
  const kept = await all(history.scan(0, 0)), later = records.slice(kept.length);
  expect(kept.map(plain)).toEqual(records.slice(0, kept.length).map(plain));
  expect(later.filter(({ kind }) => kind !== 'tick')).toEqual([]); // ticks go on coming
  const found = await all(history.decisions({}));
  expect(found.map(({ json }) => json)).toEqual(decisions.map(({ json }) => json));
  expect(found.map(({ packed: _packed, json: _json, ...row }) => row)).toEqual(decisions.map(({ packed: _packed, json: _json, ...row }) => row));
  await history.close();
}

describe('the history of a running suite', () => {
  const folder = new TestFolder(), data = join(folder.path, 'data');
  let fixture = new SuiteFixture(data);
  afterAll(async () => { await fixture.stop(); folder.remove(); });

  it('has every record of the lane with what became of it, and every decision', async () => {
    await fixture.start();
    expect((await fixture.apply(tablesText)).status).toBe(200);
    await sendAll(fixture, 0, 150);
    expect((await fixture.ask('PUT', '/lists/blocked_cards/entries/c3', { ttl: '1h', reason: 'test' })).status).toBeLessThan(300);
    expect((await fixture.ask('POST', '/labels', { labels: [{ transaction_id: 't5', fraud: true, by: 'x', at: startMs + 9_000_000, source: 'test' }] })).status).toBe(200);
    await sendAll(fixture, 150, 400);
    await fixture.suite.flushHistory();
    await expectWhole(data);
    const history = historyOf(data), kinds = new Set((await all(history.query({}))).map(({ kind, outcome, reason }) => [kind, outcome, reason].join(' ')));
    await history.close();
    expect([...kinds].sort()).toEqual(expect.arrayContaining(['definitions control ', 'event accepted ', 'event duplicate ', 'event quarantined invalid', 'list control ']));
  });

  it('goes on where it ended, and takes up what was written while it was switched off', async () => {
    await fixture.stop();
    fixture = new SuiteFixture(data, { env: { WEIR_HISTORY: 'false' } });
    await fixture.start();
    expect(fixture.suite.history).toBeUndefined();
    await sendAll(fixture, 400, 600);
    await fixture.stop();
    fixture = new SuiteFixture(data);
    await fixture.start();
    await sendAll(fixture, 600, 700);
    await fixture.suite.flushHistory();
    await expectWhole(data);
  });

  it('gives for each decided event what was served, bit for bit, though half of it is not in files yet', async () => {
    await sendAll(fixture, 700, 900);
    const source = await openSource({ data }, { local: () => { throw new Error('the suite has a key'); }, ofKey: (path) => new Tokeniser(Buffer.from(readFileSync(path, 'utf8').trim(), 'hex')) });
    const decisions = (await all(source.history?.decisions() ?? (async function* () { /* none */ })())).map(({ json }) => JSON.parse(json) as { transaction_id: string; event_time: string; tx: Record<string, unknown>; features: unknown; statuses: unknown });
    expect(decisions.length).toBeGreaterThan(700);
    const rows = decisions.map(({ transaction_id, tx, event_time }) => ({ transaction_id, card_id: tx['card_id'], merchant_id: tx['merchant_id'], time: event_time }));
    const ask = async (of: readonly object[], how: { asKnown: boolean; asDecided: boolean }): Promise<unknown[]> => (await all(answerRows({ source, rows: (async function* () { yield* of as Record<string, unknown>[]; })(), ...how, eventsMax: 70 }))).map((line) => JSON.parse(line) as unknown);
    expect(await ask(rows, { asKnown: false, asDecided: true })).toEqual(decisions.map(({ features, statuses }, index) => ({ ...rows[index], features, statuses })));

    // Raw card numbers, rows of no event among others, in any order: the same as all in memory.
    const events = (await all(acceptedEvents(source))).map(({ event }) => event), mixed = rows.map((row, index) => (index % 3 === 0 ? { card_id: `c${index % 7}`, merchant_id: row.merchant_id, time: startMs + index * 11_000 } : row)).reverse();
    for (const how of [{ asKnown: false, asDecided: false }, { asKnown: true, asDecided: false }, { asKnown: false, asDecided: true }]) {
      const tokens = mixed.map((row) => ({ ...row, card_id: source.tokeniser.token(String(row.card_id)) }));
      const inMemory = answerFeatureCase({ set: source.set, acceptedEvents: events, rows: tokens, ...how });
      expect(await ask(mixed, how)).toEqual(JSON.parse(JSON.stringify(inMemory.map((answer, index) => ({ ...answer, ...mixed[index] })))));
    }
    await expect(ask([{ card_id: 'c1', time: 'yesterday' }], { asKnown: false, asDecided: false })).rejects.toThrow(/row 1: time/);
    await source.close();
  });

  it('is whole wherever its writer is killed', async () => {
    await fixture.stop();
    await forSeedsAsync(2, async (random) => {
      const path = join(folder.path, `again-${random.int(0, 1e9)}`);
      const log = new LmdbLogReader(join(data, 'log')), outcomes = new LmdbOutcomeLog(join(data, 'outcomes'));
      const decisions = new LmdbDecisionReader(join(data, 'decisions'), unpackDecision);
      const records: Pick<EventLog, 'bounds' | 'read'> = { bounds: (topic, lane) => Promise.resolve(log.bounds(topic, lane)), read: (topic, lane, from, max) => Promise.resolve(log.read(topic, lane, from, Math.min(max, random.int(1, 300)))) };
      const { next } = log.bounds('transactions.raw', 0);
      for (let kills = 0; kills < 200; kills++) {
        const store = new ParquetOfflineStore({ path, unpacking, rowsPerFile: random.int(20, 200) }), writer = new HistoryWriter({ lanes: 1, log: records, decisions, outcomes, store });
        for (let steps = random.int(0, 6); steps > 0 && await writer.step(); steps--) if (random.chance(0.3)) await writer.flush();
        if (random.chance(0.2)) await store.compact();
        else await store.tidy(0); // no writing is under way any more
        const files = store.lanes()[0];
        if (files !== undefined && random.chance(0.3)) { // killed between the name of a join and the end of what it replaced, or half-way through a file
          const day = join(path, 'lane=0', readdirSync(join(path, 'lane=0'))[0] ?? '');
          mkdirSync(day, { recursive: true });
          if (files.last - files.first > 5) writeFileSync(join(day, `${String(files.first).padStart(16, '0')}-${String(files.first + 2).padStart(16, '0')}.parquet`), 'stale');
          writeFileSync(join(path, `writing-9-${kills}.tmp`), 'half');
        }
        if (files?.last === next - 1) break;
      }
      const history = new ParquetOfflineStore({ path, unpacking });
      expect((await all(history.scan(0, 0))).map(({ offset }) => offset)).toEqual(Array.from({ length: next }, (_, offset) => offset));
      await history.close();
      for (const each of [log, outcomes, decisions]) await each.close();
    });
    await fixture.start();
  });
});

describe('the history of several lanes', () => {
  const folder = new TestFolder(), data = join(folder.path, 'data'), lanes = 3;
  const fixture = new SuiteFixture(data, { lanes });
  afterAll(async () => { await fixture.stop(); folder.remove(); });

  it('has every lane as its log has it, and every decision', async () => {
    await fixture.start();
    expect((await fixture.apply(definitionsText)).status).toBe(200);
    await sendAll(fixture, 0, 300);
    await fixture.suite.flushHistory();
    const history = historyOf(data), log = new LmdbLogReader(join(data, 'log')), decided = new LmdbDecisionReader(join(data, 'decisions'), unpackDecision);
    const lanesWithEvents: number[] = [], ids: string[] = [];
    for (let lane = 0; lane < lanes; lane++) {
      const kept = await all(history.scan(lane, 0)), raw = log.read('transactions.raw', lane, 0, kept.length), rows = decided.range(lane, 0, kept.length);
      expect(kept.map(({ offset, key, headers, value }) => ({ offset, key, headers, value: Buffer.from(value).toString('latin1') }))).toEqual(raw.map(({ offset, key, headers, value }) => ({ offset, key, headers, value: Buffer.from(value).toString('latin1') })));
      expect((await all(history.decisions({ lane }))).map(({ offset, transactionId }) => [offset, transactionId])).toEqual(rows.map(({ offset, transactionId }) => [offset, transactionId]));
      if (rows.length > 0) lanesWithEvents.push(lane);
      ids.push(...rows.map(({ transactionId }) => transactionId));
    }
    await Promise.all([history.close(), log.close(), decided.close()]);
    expect(lanesWithEvents.length).toBeGreaterThan(1);
    expect(new Set(ids).size).toBeGreaterThan(240); // an id is judged in its lane, so one sent twice may be decided in two
  });

  it('is what states are computed again from, in every lane', async () => {
    const figures = await fixture.suite.verification.pass(1);
    expect([figures.different, figures.same > 10]).toEqual([0, true]);
  });
});
