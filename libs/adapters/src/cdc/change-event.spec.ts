import { readDebezium } from './change-event';

const postgres = { op: 'u', ts_ms: 9, before: { id: 1, level: 'gold' }, after: { id: 1, level: 'basic' }, source: { connector: 'postgresql', db: 'd', schema: 'public', table: 'customers', ts_ms: 8, snapshot: 'false', txId: 5, lsn: 77 } };

describe('A Debezium change event', () => {
  it('is read with and without its wrapper', () => {
    const expected = { op: 'u', before: { id: 1, level: 'gold' }, after: { id: 1, level: 'basic' }, version: 77, source: { connector: 'postgresql', db: 'd', schema: 'public', table: 'customers', tsMs: 8, snapshot: false, txId: 5 } };
    expect(readDebezium(postgres)).toEqual(expected);
    expect(readDebezium({ schema: {}, payload: postgres })).toEqual(expected);
  });

  it.each([
    ['an LSN', { lsn: 123, ts_ms: 5 }, 123],
    ['a binlog position, higher in a later file', { file: 'mysql-bin.000003', pos: 4, ts_ms: 5 }, 3 * 2 ** 32 + 4],
    ['the time, where there is nothing better', { ts_ms: 5 }, 5],
    ['nothing, where nothing is said', {}, null],
  ])('has as its version %s', (_, source, version) => expect(readDebezium({ ...postgres, source })?.version).toBe(version));

  it('is read in its flattened form, with deletes rewritten', () => {
    expect(readDebezium({ id: 1, level: 'gold', __op: 'c', __deleted: 'false', __source_ts_ms: 7 })).toMatchObject({ op: 'c', after: { id: 1, level: 'gold' }, before: null, version: 7 });
    expect(readDebezium({ id: 1, level: null, __deleted: 'true', __lsn: 70 })).toMatchObject({ op: 'd', after: null, before: { id: 1, level: null }, version: 70 });
  });

  it('is none, where a record is a tombstone or a change of the schema', () => {
    expect([readDebezium(null), readDebezium({ schema: {}, payload: null }), readDebezium({ ddl: 'alter table', databaseName: 'd' })]).toEqual([undefined, undefined, undefined]);
  });

  it('keeps objects as their JSON, and takes no number that is none', () => {
    expect(readDebezium({ ...postgres, after: { id: 1, tags: ['a'], ratio: Number.POSITIVE_INFINITY } })?.after).toEqual({ id: 1, tags: '["a"]', ratio: null });
  });

  it.each([
    [{ ...postgres, op: 'd', before: null, after: null }, 'before'],
    [{ ...postgres, op: 'c', after: null }, 'after'],
    [{ ...postgres, after: 'text' }, 'after'],
  ])('is refused where a row is missing', (event, field) => expect(() => readDebezium(event)).toThrow(field));
});
