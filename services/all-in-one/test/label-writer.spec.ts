/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { join } from 'node:path';
import { LmdbDecisionStore } from '@weir/adapters/lmdb';
import { MemoryEventLog } from '@weir/adapters/memory';
import { decodeRawRecord } from '@weir/pipeline';
import type { DecisionRow } from '@weir/ports';
import { LabelWriter } from '../src/suite/label-writer';
import { definitionSet, TestFolder } from './suite-fixture';

const folder = new TestFolder(), set = definitionSet();
const decisions = new LmdbDecisionStore({ path: join(folder.path, 'decisions'), lanes: 1 });
afterAll(async () => { await decisions.close(); folder.remove(); });

const row = (offset: number): DecisionRow => ({
  lane: 0, offset, id: `d-0-${offset}`, transactionId: `t-${offset}`, source: 'transactions', eventTimeMs: offset, receivedAtMs: offset, outcome: 'approve', score: 0, decidedBy: 'bands', alert: false, rules: [], entities: ['card:c'], json: '{"tx":{"card_id":"c"}}',
});
const label = (offset: number, by: string) => ({ transactionId: `t-${offset}`, fraud: true, by, atMs: 1, source: 'review' });
class HeldUpLog extends MemoryEventLog {
  until: Promise<void> = Promise.resolve();
  override async append(...of: Parameters<MemoryEventLog['append']>): ReturnType<MemoryEventLog['append']> { await this.until; return super.append(...of); }
}
const log = new HeldUpLog({ lanes: 1, clock: { nowMs: () => 1 } });
const inLane = async (): Promise<unknown[]> => (await log.read('transactions.raw', 0, 0, 100)).map((record) => { const { body } = decodeRawRecord(0, record); return body.kind === 'event' ? (JSON.parse(body.json) as { label_id: string }).label_id : body.kind; });
const writerOf = (name: string, stored: () => Promise<void>): LabelWriter => new LabelWriter({ decisions, cases: undefined as never, log, set: () => set, heldPath: join(folder.path, name), stored }); // no label is kept with the cases here

it('sends a label of a transaction that is decided, and stored a moment later', async () => {
  const writer = writerOf('a.json', () => decisions.write(0, [decisions.take([row(1)])]));
  await writer.decided([row(1)]); // before anything waited for it
  await writer.forward([label(1, 'x')]);
  expect(await inLane()).toEqual(['t-1|1|x']);
});

it('holds on to a label that comes while another of its transaction is sent', async () => {
  const writer = writerOf('b.json', () => Promise.resolve());
  await writer.forward([label(2, 'x')]);
  let goOn = (): void => undefined;
  log.until = new Promise((resolve) => { goOn = resolve; });
  const sending = writer.decided([row(2)]);
  await writer.forward([label(2, 'y')]);
  goOn();
  await sending;
  await writer.decided([row(2)]);
  expect((await inLane()).slice(1)).toEqual(['t-2|1|x', 't-2|1|y']);
});
