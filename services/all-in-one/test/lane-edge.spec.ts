/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { MemoryEventLog } from '@weir/adapters/memory';
import { LmdbDecisionStore } from '@weir/adapters/lmdb';
import type { RowAnswer, SubmittedRow } from '@weir/gateway';
import { decodeRawRecord, Tokeniser } from '@weir/pipeline';
import { LaneEdge } from '../src/suite/lane-edge';
import { Replies } from '../src/suite/replies';
import { definitionSet, definitionsWith, TestFolder } from './suite-fixture';

const folder = new TestFolder();
const decisions = new LmdbDecisionStore({ path: folder.path, lanes: 1 });
afterAll(async () => { await decisions.close(); folder.remove(); });

const row = (id: string): SubmittedRow => {
  const event = { transaction_id: id, event_time: 1, card_id: 'c', amount: 1 };
  return { json: JSON.stringify(event), event, receivedAtMs: undefined, idempotency: undefined };
};

it('writes into a record how many wait in front of it, once that is more than a policy allows, and no longer when they are through', async () => {
  const set = definitionSet(definitionsWith(['max_lag: 1000000', 'max_lag: 2'])), log = new MemoryEventLog({ lanes: 1, clock: { nowMs: () => 1 } });
  let decided = -1;
  const edge = new LaneEdge({ log, replies: new Replies(), decisions, set: () => set, tokeniser: new Tokeniser(Buffer.alloc(16)), backlogMax: 10, backlog: () => 0, decided: () => decided, simulate: () => { throw new Error('nothing is simulated'); } });
  const send = (...rows: SubmittedRow[]): Promise<readonly RowAnswer[]> => edge.submit(rows, { source: undefined, wait: 'accepted', deadlineMs: undefined });
  await send(row('a'), row('b'));
  await send(row('c'));
  await send(row('d'), { ...row('replayed'), receivedAtMs: 5 });
  decided = 3;
  await send(row('e'));
  expect((await log.read('transactions.raw', 0, 0, 10)).map((record) => decodeRawRecord(0, record).body)).toMatchObject([{}, {}, {}, { backlog: 3 }, { receivedAtMs: 5 }, {}].map((body) => ({ kind: 'event', ...body })));
  expect((await log.read('transactions.raw', 0, 0, 10)).map(({ headers }) => headers['weir-backlog'] ?? null)).toEqual([null, null, null, '3', null, null]);
  decided = -1;
  expect(await send(...Array.from({ length: 5 }, (_, index) => row(`f${index}`)))).toMatchObject(Array.from({ length: 5 }, () => ({ kind: 'overloaded' })));
});

it('tells of rows whose decisions are not there at the deadline that they are pending', async () => {
  const set = definitionSet();
  const replies = new Replies();
  const edge = new LaneEdge({
    log: new MemoryEventLog({ lanes: 1, clock: { nowMs: () => 1 } }), replies, decisions, set: () => set, tokeniser: new Tokeniser(Buffer.alloc(16)), backlogMax: 10, backlog: () => 0, decided: () => -1,
    simulate: () => { throw new Error('nothing is simulated'); },
  });
  const answers = await edge.submit([row('a'), row('b')], { source: undefined, wait: 'decided', deadlineMs: 1 });
  expect(answers).toEqual([{ kind: 'pending', id: 'd-0-0', transactionId: 'a' }, { kind: 'pending', id: 'd-0-1', transactionId: 'b' }]);
  expect(replies.waiting).toBe(0);
});
