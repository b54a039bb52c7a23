/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { MemoryEventLog } from '@weir/adapters/memory';
import { LmdbDecisionStore } from '@weir/adapters/lmdb';
import type { SubmittedRow } from '@weir/gateway';
import { Tokeniser } from '@weir/pipeline';
import { LaneEdge } from '../src/suite/lane-edge';
import { Replies } from '../src/suite/replies';
import { definitionSet, TestFolder } from './suite-fixture';

const folder = new TestFolder();
const decisions = new LmdbDecisionStore({ path: folder.path, lanes: 1 });
afterAll(async () => { await decisions.close(); folder.remove(); });

const row = (id: string): SubmittedRow => {
  const event = { transaction_id: id, event_time: 1, card_id: 'c', amount: 1 };
  return { json: JSON.stringify(event), event, receivedAtMs: undefined, idempotency: undefined };
};

it('tells of rows whose decisions are not there at the deadline that they are pending', async () => {
  const set = definitionSet();
  const replies = new Replies();
  const edge = new LaneEdge({
    log: new MemoryEventLog({ lanes: 1, clock: { nowMs: () => 1 } }), replies, decisions, set: () => set, tokeniser: new Tokeniser(Buffer.alloc(16)), backlogMax: 10, backlog: () => 0,
    simulate: () => { throw new Error('nothing is simulated'); },
  });
  const answers = await edge.submit([row('a'), row('b')], { source: undefined, wait: 'decided', deadlineMs: 1 });
  expect(answers).toEqual([{ kind: 'pending', id: 'd-0-0', transactionId: 'a' }, { kind: 'pending', id: 'd-0-1', transactionId: 'b' }]);
  expect(replies.waiting).toBe(0);
});
