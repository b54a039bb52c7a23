/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { LmdbDecisionStore } from '@weir/adapters/lmdb';
import type { Decision, IngestRefusal, Verdict } from '@weir/contracts';
import { type DecisionRow, QuarantineStore, type QuarantineRow } from '@weir/ports';
import { Told, ToldDecisions, ToldQuarantine } from '../src/suite/answered-reads';
import { TestFolder } from './suite-fixture';

const folder = new TestFolder();
const store = new LmdbDecisionStore({ path: folder.path, lanes: 2 });
afterAll(async () => { await store.close(); folder.remove(); });

const rowOf = (lane: number, offset: number): DecisionRow => ({
  lane, offset, id: `d-${lane}-${offset}`, transactionId: `t-${lane}-${offset}`, source: 'pay', eventTimeMs: offset, receivedAtMs: offset, outcome: 'approve', score: 0, decidedBy: 'bands', alert: false, rules: [], entities: ['card:c'], json: '{}',
});
const decidedAs = (verdict: Partial<Verdict>) => ({ kind: 'decided', decision: { verdict: { outcome: 'approve', alert: false, matches: [], ...verdict } } as unknown as Decision }) as const; // nothing else is looked at
const decided = decidedAs({});
const refused = { kind: 'refused', refusal: { kind: 'quarantined' } as IngestRefusal } as const;

class OneQuarantine extends QuarantineStore {
  readonly rows: QuarantineRow[] = [];
  override write(rows: readonly QuarantineRow[]): Promise<void> { this.rows.push(...rows); return Promise.resolve(); }
  override byId(id: string): Promise<QuarantineRow | undefined> { return Promise.resolve(this.rows.find((row) => row.id === id)); }
  override byTransaction(): Promise<undefined> { return Promise.resolve(undefined); }
  override search(): Promise<{ items: readonly QuarantineRow[]; next: null }> { return Promise.resolve({ items: this.rows, next: null }); }
  override markResent(): Promise<void> { return Promise.resolve(); }
}

it('finds a decision that was answered before it was stored, by whatever it is asked for', async () => {
  const told = new Told(2), reads = new ToldDecisions(store, told);
  const reading: readonly (() => Promise<readonly DecisionRow[]>)[] = [
    async () => [await reads.byId('d-1-0')].flatMap((row) => row ?? []), async () => [await reads.byTransaction('t-1-1')].flatMap((row) => row ?? []),
    async () => (await reads.search({ limit: 10, cursor: undefined })).items.slice(0, 1), () => reads.range(1, 3, 1), async () => [rowOf(1, await reads.position(1))],
  ];
  for (const [offset, read] of reading.entries()) {
    told.note(decided, { lane: 1, offset });
    const found = read();
    await store.write(1, [store.take([rowOf(1, offset)])]);
    expect((await found).map((row) => row.offset)).toEqual([offset]);
  }
});

it.each([['an alert', { alert: true }], ['a case', { outcome: 'review' }], ['a match', { matches: [{} as Verdict['matches'][number]] }]] as const)('remembers which decision raised %s', (_what, verdict) => {
  const told = new Told(1);
  told.note(decidedAs(verdict), { lane: 0, offset: 4 });
  told.note(decided, { lane: 0, offset: 5 });
  expect([told.decided, told.raised]).toEqual([[5], [4]]);
});

it('finds an event that was refused before it was put away', async () => {
  const told = new Told(1), quarantine = new OneQuarantine(), reads = new ToldQuarantine(quarantine, told);
  told.note(refused, { lane: 0, offset: 7 });
  const found = reads.search({ limit: 10, cursor: undefined });
  await quarantine.write([{ lane: 0, offset: 7, id: 'q-0-7' } as QuarantineRow]);
  expect((await found).items.map(({ id }) => id)).toEqual(['q-0-7']);
});
