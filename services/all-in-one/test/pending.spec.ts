/** @jest-environment ./libs/testkit/jest-environment.cjs */
import type { DecisionRow, DecisionStore, QuarantineStore } from '@weir/ports';
import { pendingMax, Told } from '../src/suite/answered-reads';
import { StoredDecisions, type DecisionInsight } from '../src/suite/suite-views';
import { soon } from './soon';
import { definitionsText, runs, SuiteFixture, TestFolder } from './suite-fixture';

const folder = new TestFolder();
const suite = new SuiteFixture(folder.path);
runs(suite, folder, definitionsText);

describe('a transaction that was accepted', () => {
  const event = (transaction_id: string, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({ transaction_id, event_time: Date.now(), card_id: 'c-1', amount: 5, ...more });
  const accepted = async (body: Readonly<Record<string, unknown>>): Promise<{ readonly id: string; readonly location: string }> => {
    const { status, json } = await suite.ask('POST', '/transactions?wait=accepted', body);
    expect(status).toBe(202);
    return { id: String(json['id']), location: String(json['location']) };
  };

  it('is never unknown: 202 until it is decided, then the decision, by its id and by that of its decision', async () => {
    for (let index = 0; index < 20; index += 1) {
      const { id, location } = await accepted(event(`a-${index}`));
      for (const path of [`/transactions/a-${index}`, location]) {
        const seen: number[] = [];
        const answer = await soon(async () => { const each = await suite.ask('GET', path); seen.push(each.status); return each; }, ({ status }) => status !== 202);
        expect([seen.filter((status) => status !== 202), answer.json['id']]).toEqual([[200], id]);
      }
    }
  });

  it('and refused is told as the POST would have', async () => {
    const { location } = await accepted(event('broken', { amount: 'much' }));
    const answer = await soon(() => suite.ask('GET', location), ({ status }) => status !== 202);
    expect(answer).toMatchObject({ status: 422, json: { reason: 'invalid', transaction_id: 'broken', errors: [{ field: 'amount' }] } });
  });

  it('and there already has the first decision', async () => {
    const first = await accepted(event('twice')), second = await accepted(event('twice', { amount: 7 }));
    const answer = await soon(() => suite.ask('GET', second.location), ({ status }) => status !== 202);
    expect([answer.status, answer.json['id']]).toEqual([200, first.id]);
  });

  it('is no place of another record, and no place to come', async () => {
    const { status: definitions } = await suite.ask('GET', '/decisions/d-0-0');
    const { status: toCome } = await suite.ask('GET', '/decisions/d-0-999999999');
    const { status: noLane } = await suite.ask('GET', '/decisions/d-7-0');
    expect([definitions, toCome, noLane]).toEqual([404, 404, 404]);
  });

  it('that is simulated and refused has no place in the quarantine', async () => {
    const { status, json } = await suite.ask('POST', '/decisions/simulate', event('never', { amount: 'much' }));
    expect([status, Object.hasOwn(json, 'quarantine_id')]).toEqual([422, false]);
  });
});

describe('what callers were told is pending', () => {
  const nothing = { byId: () => Promise.resolve(undefined), byTransaction: () => Promise.resolve(undefined) };
  const answering = (told: Told, stored: boolean): StoredDecisions => new StoredDecisions({
    store: nothing as unknown as DecisionStore, quarantine: nothing as unknown as QuarantineStore, insight: {} as DecisionInsight, told, // the rest is not asked
    progress: { next: () => Promise.resolve(10), isStored: () => Promise.resolve(stored) },
  });

  it('is pending while its place is not decided, and known by both names', async () => {
    const told = new Told(1);
    told.notePending('t-1', 'd-0-5');
    const pending = { kind: 'pending', id: 'd-0-5', transactionId: 't-1' };
    expect([await answering(told, false).byTransactionId('t-1'), await answering(told, false).byId('d-0-5')]).toEqual([pending, pending]);
    expect([await answering(told, true).byId('d-0-5'), await answering(told, false).byTransactionId('t-2'), await answering(told, false).byId('d-0-10')]).toEqual([undefined, undefined, undefined]);
  });

  it('is found when it is stored between two looks', async () => {
    const row = { json: '{"id":"d-0-5"}' } as DecisionRow;
    const storedLate = { ...nothing, byId: () => Promise.resolve(row) } as unknown as DecisionStore;
    const decisions = new StoredDecisions({ store: storedLate, quarantine: nothing as unknown as QuarantineStore, insight: {} as DecisionInsight, told: new Told(1), progress: { next: () => Promise.resolve(10), isStored: () => Promise.resolve(false) } });
    expect(await decisions.byId('d-0-5')).toMatchObject({ kind: 'decided' });
  });

  it('is forgotten oldest first', () => {
    const told = new Told(1);
    for (let index = 0; index <= pendingMax; index += 1) told.notePending(`t-${index}`, `d-0-${index}`);
    expect([told.pendingId('t-0'), told.transactionOf('d-0-0'), told.pendingId('t-1'), told.pendingId(`t-${pendingMax}`)]).toEqual([undefined, undefined, 'd-0-1', `d-0-${pendingMax}`]);
  });
});
