import { Client as PgClient } from 'pg';
import { PostgresCdc, type SchemaReport } from '@weir/adapters/cdc';
import { describeOn, freshDatabase, freshName, postgresServer } from '@weir/adapters/testing-servers';
import { SystemClock } from '@weir/ports';
import { compare, contentOf } from '../src/cdc/comparison';
import { SourceFeed } from '../src/cdc/source-feed';
import { tableFields } from '../src/cdc/table-fields';
import { Client } from '../src/client';
import { definitionsText, SuiteFixture, TestFolder, testKey } from './suite-fixture';

const tables = `
---
{ kind: Table, name: customers, key: customer_id, fields: { customer_id: string!, level: string, limit_minor: money } }
`;

describe('Rows of a source', () => {
  it('have one checksum in any order, and another where one differs', () => {
    expect(contentOf(['a', 'b', 'c'])).toEqual(contentOf(['c', 'a', 'b']));
    expect(contentOf(['a', 'b']).checksum).not.toBe(contentOf(['a', 'c']).checksum);
    expect(contentOf(['a', 'a']).checksum).not.toBe(contentOf([]).checksum);
  });

  describeOn(postgresServer(), (server) => {
    let url: string, drop: () => Promise<void>, sql: PgClient, fixture: SuiteFixture, folder: TestFolder;
    const slot = freshName('weir');
    beforeAll(async () => {
      ({ url, drop } = await freshDatabase(server));
      sql = new PgClient({ connectionString: url });
      await sql.connect();
      folder = new TestFolder();
      fixture = new SuiteFixture(folder.path, { env: { WEIR_MONITOR: 'false' } });
      await fixture.start();
      expect((await fixture.apply(`${definitionsText}${tables}`)).status).toBe(200);
    });
    afterAll(async () => {
      await fixture.stop();
      await sql.end();
      await PostgresCdc.dropSlot(url, slot);
      await drop();
      folder.remove();
    });

    it('are the rows of the table that follows it: from the first ones through changes, deletes and a new column, over a restart, in any order and twice', async () => {
      await sql.query('create table customers (customer_id bigint primary key, level text, limit_minor numeric(12), note text); alter table customers replica identity full; create table banned (card text primary key); alter table banned replica identity full');
      await sql.query("insert into customers select n, 'gold', 100 * n, 'x' from generate_series(1, 700) n; insert into banned values ('4111'), ('4222')");
      const client = new Client({ url: fixture.suite.server.url }, { WEIR_API_KEY: testKey }), fields = await tableFields(client, 'customers');
      const schemas: SchemaReport[] = [];
      let failure: unknown;
      const begin = (): { stop: () => Promise<void> } => {
        const feed = new SourceFeed(client, { tables: [{ source: 'public.customers', fields }], lists: [{ source: 'public.banned', column: 'card', list: 'blocked_cards' }] });
        const cdc = new PostgresCdc({ url, slot, publication: slot, tables: ['public.customers', 'public.banned'], clock: new SystemClock(), schema: (report) => { schemas.push(report); }, take: (events) => feed.take(events) });
        const running = cdc.run();
        running.catch((error: unknown) => { failure = error; });
        return { stop: async () => { await cdc.stop(); await running; } };
      };
      const same = async (): Promise<number> => {
        for (;;) {
          if (failure !== undefined) throw failure as Error;
          const found = await compare(client, url, 'public.customers', fields);
          if (found.same) return found.weir.count;
        }
      };
      let following = begin();
      expect(await same()).toBe(700);
      await sql.query("update customers set level = 'basic' where customer_id <= 10; delete from customers where customer_id > 690; insert into customers values (9007199254740993, 'new', 5, null); delete from banned where card = '4222'");
      expect(await same()).toBe(691);
      await following.stop();
      await sql.query("alter table customers add column discount numeric(10,2); update customers set discount = 0.5, level = 'late' where customer_id = 1; update customers set customer_id = 2000 where customer_id = 2");
      following = begin();
      expect(await same()).toBe(691);
      expect(schemas).toContainEqual(expect.objectContaining({ table: 'customers', columns: expect.arrayContaining(['discount']) as unknown }));
      expect((await fixture.ask('GET', '/tables/customers/rows/9007199254740993')).json).toMatchObject({ level: 'new', limit_minor: 5 });
      while ((await fixture.ask('GET', '/lists/blocked_cards/entries/4222')).status !== 404) { /* the list comes behind the table */ }
      expect((await fixture.ask('GET', '/lists/blocked_cards/entries/4111')).status).toBe(200);
      await following.stop();
      // What is older than what is there, or comes again, changes nothing.
      await client.json('POST', '/tables/customers/changes', { changes: [{ op: 'put', row: { customer_id: '1', level: 'older', limit_minor: 1 }, version: 1 }, { op: 'remove', key: '3', version: 1 }] });
      expect(await compare(client, url, 'public.customers', fields)).toMatchObject({ same: true, different: [] });
      // What somebody else changed is found.
      await client.json('PUT', '/tables/customers/rows/4', { level: 'forged', limit_minor: 4 });
      expect(await compare(client, url, 'public.customers', fields)).toMatchObject({ same: false, different: ['4'] });
    });
  });
});
