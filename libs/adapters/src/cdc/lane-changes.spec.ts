import type { TableChange } from '@weir/contracts';
import { forSeeds } from '@weir/testkit';
import { listChanges, tableChanges, type ListMapping, type TableMapping } from './lane-changes';
import { readDebezium, type ChangeEvent } from './change-event';

const change = (op: string, lsn: number, before: unknown, after: unknown): ChangeEvent => {
  const event = readDebezium({ op, before, after, source: { lsn } });
  if (event === undefined) throw new Error('no change');
  return event;
};
const customers: TableMapping = { table: 'customers', key: ['id'] };

/** What a reader of versioned changes does: an older one is ignored, a removal leaves its version behind. */
function applied(changes: readonly TableChange[]): Record<string, unknown> {
  const rows = new Map<string, { readonly version: number; readonly row: unknown }>();
  for (const each of changes) {
    if ((rows.get(each.key)?.version ?? -1) > (each.version ?? 0)) continue;
    rows.set(each.key, { version: each.version ?? 0, row: each.op === 'put' ? each.row : undefined });
  }
  return Object.fromEntries([...rows].filter(([, { row }]) => row !== undefined).map(([key, { row }]) => [key, row]));
}

describe('Changes of a source’s row', () => {
  it('become changes of a table’s row, by its key', () => {
    expect(tableChanges(change('c', 1, null, { id: 7, level: 'gold' }), customers)).toEqual([{ op: 'put', table: 'customers', key: '7', row: { id: 7, level: 'gold' }, version: 1 }]);
    expect(tableChanges(change('d', 2, { id: 7 }, null), customers)).toEqual([{ op: 'remove', table: 'customers', key: '7', version: 2 }]);
  });

  it('take the old key away where the key itself was changed', () => {
    expect(tableChanges(change('u', 3, { id: 7 }, { id: 8 }), customers).map(({ op, key }) => [op, key])).toEqual([['remove', '7'], ['put', '8']]);
  });

  it('join a key of several fields, and put tokens in place of what is secret', () => {
    const mapping: TableMapping = { table: 'cards', key: ['bank', 'card'], keyPart: (value, column) => (column === 'card' ? `tok_${String(value)}` : String(value)), row: ({ level }) => ({ level: level ?? null }) };
    expect(tableChanges(change('r', 1, null, { bank: 'a|b', card: 'x', level: 'gold', pan: 'secret' }), mapping)).toEqual([{ op: 'put', table: 'cards', key: 'a%7Cb|tok_x', row: { level: 'gold' }, version: 1 }]);
  });

  it('are refused where a part of the key is missing', () => {
    expect(() => tableChanges(change('c', 1, null, { level: 'gold' }), customers)).toThrow(expect.objectContaining({ code: 'WEIR_INPUT_INVALID', findings: [expect.objectContaining({ field: 'id' })] }));
  });

  it('come to the same in any order and however often, by their versions', () => {
    const history = [change('c', 10, null, { id: 1, v: 'a' }), change('u', 20, { id: 1 }, { id: 1, v: 'b' }), change('d', 30, { id: 1 }, null), change('c', 15, null, { id: 2, v: 'a' }), change('u', 40, { id: 2 }, { id: 3, v: 'moved' })];
    const inOrder = applied(history.flatMap((each) => tableChanges(each, customers)));
    expect(inOrder).toEqual({ 3: { id: 3, v: 'moved' } });
    forSeeds(200, (random) => expect(applied(random.shuffle([...history, ...history]).flatMap((each) => tableChanges(each, customers)))).toEqual(inOrder));
  });

  it('become entries of a list', () => {
    const blocked: ListMapping = { list: 'blocked_cards', value: ({ card }) => String(card), where: ({ active }) => active === true, reason: ({ why }) => String(why), untilMs: ({ until }) => (typeof until === 'number' ? until : null) };
    const row = { card: 'c1', active: true, why: 'stolen', until: 99 };
    expect(listChanges(change('c', 1, null, row), blocked, 'cdc')).toEqual([{ op: 'put', list: 'blocked_cards', value: 'c1', fromMs: null, untilMs: 99, by: 'cdc', reason: 'stolen' }]);
    expect(listChanges(change('u', 2, row, { ...row, active: false }), blocked, 'cdc')).toEqual([{ op: 'remove', list: 'blocked_cards', value: 'c1', by: 'cdc' }]);
    expect(listChanges(change('d', 3, row, null), blocked, 'cdc')).toEqual([{ op: 'remove', list: 'blocked_cards', value: 'c1', by: 'cdc' }]);
    expect(listChanges(change('d', 3, { ...row, active: false }, null), blocked, 'cdc')).toEqual([]);
  });
});
