import { SystemClock } from '@weir/ports';
import { Client } from 'pg';
import { describeOn, freshDatabase, freshName, postgresServer } from '../testing-servers';
import { PostgresCdc, type ChangeEvent, type PostgresCdcOptions, type SchemaReport } from './index';

/** Reads change data until it has seen what is waited for. */
class Reading {
  readonly events: ChangeEvent[] = [];
  readonly schemas: SchemaReport[] = [];
  readonly cdc: PostgresCdc;
  readonly running: Promise<void>;
  #wake: () => void = () => undefined;

  constructor(options: Omit<PostgresCdcOptions, 'take' | 'schema' | 'clock' | 'publication'>, take?: PostgresCdcOptions['take']) {
    this.cdc = new PostgresCdc({
      ...options, publication: 'weir', clock: new SystemClock(), schema: (report) => { this.schemas.push(report); },
      take: async (events) => {
        await take?.(events);
        this.events.push(...events);
        this.#wake();
      },
    });
    this.running = this.cdc.run();
    this.running.catch(() => this.#wake());
  }

  async has(count: number): Promise<readonly ChangeEvent[]> {
    while (this.events.length < count) await Promise.race([new Promise<void>((resolve) => { this.#wake = resolve; }), this.running]);
    return this.events;
  }

  async stop(): Promise<void> {
    await this.cdc.stop();
    await this.running;
  }
}

const brief = (events: readonly ChangeEvent[]): unknown[] => events.map(({ op, before, after }) => [op, before, after]);

describe('Change data of PostgreSQL', () => {
  describeOn(postgresServer(), (server) => {
    let url: string, drop: () => Promise<void>, slot: string, sql: Client;
    beforeEach(async () => {
      ({ url, drop } = await freshDatabase(server));
      slot = freshName('weir');
      sql = new Client({ connectionString: url });
      await sql.connect();
      await sql.query('create table customers (id bigint primary key, level text, limit_minor bigint, ratio float8, price numeric(12,2), vip bool, since timestamptz, big text); alter table customers replica identity full');
    });
    afterEach(async () => {
      await sql.end();
      await PostgresCdc.dropSlot(url, slot);
      await drop();
    });
    const options = (): { url: string; slot: string; tables: string[] } => ({ url, slot, tables: ['public.customers'] });
    const insert = (id: number, level: string): Promise<unknown> => sql.query('insert into customers (id, level) values ($1, $2)', [id, level]);
    const row = (id: number, level: string | null): Record<string, unknown> => ({ id, level, limit_minor: null, ratio: null, price: null, vip: null, since: null, big: null });

    it('gives the rows as they are, then every change in order, with images before and after', async () => {
      await insert(1, 'gold');
      const reading = new Reading(options());
      await reading.has(1);
      await insert(2, 'basic');
      await sql.query("update customers set level = 'silver' where id = 1");
      await sql.query('delete from customers where id = 2');
      await sql.query('update customers set id = 3 where id = 1');
      expect(brief(await reading.has(5))).toEqual([
        ['r', null, row(1, 'gold')], ['c', null, row(2, 'basic')], ['u', row(1, 'gold'), row(1, 'silver')], ['d', row(2, 'basic'), null], ['u', row(1, 'silver'), row(3, 'silver')],
      ]);
      const versions = reading.events.map(({ version }) => version ?? -1);
      expect(versions).toEqual([...versions].sort((left, right) => left - right));
      expect(new Set(versions).size).toBe(5);
      expect(reading.events[1]?.source).toMatchObject({ connector: 'postgresql', schema: 'public', table: 'customers', snapshot: false });
      await reading.stop();
    });

    it('reads values exactly', async () => {
      const reading = new Reading(options());
      await sql.query("insert into customers values (9007199254740993, 'é', 571600, 0.1, 57.16, true, '2026-03-01 12:34:56.789+02', repeat('x', 100000))");
      const [event] = await reading.has(1);
      expect(event?.after).toEqual({ id: '9007199254740993', level: 'é', limit_minor: 571600, ratio: 0.1, price: '57.16', vip: true, since: Date.UTC(2026, 2, 1, 10, 34, 56, 789), big: 'x'.repeat(100_000) });
      await sql.query("update customers set level = 'changed'");
      expect((await reading.has(2))[1]?.after).toMatchObject({ level: 'changed', big: 'x'.repeat(100_000) });
      await reading.stop();
    });

    it('loses nothing and skips nothing between the rows and the changes, while the table is written', async () => {
      await sql.query("insert into customers (id, level) select n, 'start' from generate_series(1, 3000) n");
      const writer = new Client({ connectionString: url });
      await writer.connect();
      const writing = (async () => { for (let id = 1; id <= 300; id += 1) await writer.query(id % 3 === 0 ? 'delete from customers where id = $1' : "update customers set level = 'later' where id = $1", [id]); })();
      const reading = new Reading(options());
      await writing;
      await insert(99_999, 'end');
      const state = new Map<unknown, { readonly version: number; readonly level: unknown }>();
      const levels = (): Array<[unknown, unknown]> => [...state].filter(([, { level }]) => level !== undefined).map(([id, { level }]): [unknown, unknown] => [id, level]);
      for (let seen = 0; state.get(99_999) === undefined; ) {
        await reading.has(seen + 1);
        for (; seen < reading.events.length; seen += 1) {
          const { before, after, version } = reading.events[seen] as ChangeEvent;
          const id = (after ?? before)?.['id'];
          if ((state.get(id)?.version ?? -1) <= (version ?? 0)) state.set(id, { version: version ?? 0, level: after?.['level'] });
        }
      }
      const { rows } = await sql.query<{ id: string; level: string }>('select id, level from customers order by id');
      expect(levels().sort((left, right) => Number(left[0]) - Number(right[0]))).toEqual(rows.map(({ id, level }) => [Number(id), level]));
      await reading.stop();
      await writer.end();
    });

    it('goes on where it was stopped, and gives again what was not taken', async () => {
      const first = new Reading(options());
      await insert(1, 'a');
      await first.has(1);
      await first.stop();
      await insert(2, 'b');
      const second = new Reading(options(), (events) => Promise.reject(new Error(`${events.length} can't be kept`)));
      await expect(second.running).rejects.toMatchObject({ code: 'WEIR_LOG_FAILED', retriable: true });
      await insert(3, 'c');
      const third = new Reading(options());
      expect(brief(await third.has(2)).slice(-2)).toEqual([['c', null, row(2, 'b')], ['c', null, row(3, 'c')]]);
      await third.stop();
    });

    it('begins anew where it was stopped before all rows were taken', async () => {
      await sql.query("insert into customers (id, level) select n, 'x' from generate_series(1, 2500) n");
      let taken = 0;
      const first = new Reading(options(), (events) => ((taken += events.length) > 1_000 ? Promise.reject(new Error('gone')) : Promise.resolve()));
      await expect(first.running).rejects.toMatchObject({ retriable: true });
      const second = new Reading(options());
      expect((await second.has(2_500)).every(({ op }) => op === 'r')).toBe(true);
      await second.stop();
    });

    it('reports a changed table, and goes on', async () => {
      const reading = new Reading(options());
      await insert(1, 'a');
      await reading.has(1);
      await sql.query('alter table customers add column discount decimal(10, 2); alter table customers drop column big; alter table customers alter column ratio type numeric');
      await insert(2, 'b');
      const events = await reading.has(2);
      expect(reading.schemas.map(({ table, added, removed, retyped }) => [table, added, removed, retyped])).toEqual([['customers', [], [], []], ['customers', ['discount'], ['big'], ['ratio']]]);
      expect(events[1]?.after).toMatchObject({ id: 2, level: 'b', discount: null });
      await reading.stop();
    });

    it('takes a large transaction in pieces, and asks the server to wait for a slow taker', async () => {
      let most = 0, underWay = 0;
      const reading = new Reading({ ...options(), batchMax: 100, waitingMax: 500 }, async (events) => {
        underWay += 1;
        most = Math.max(most, events.length);
        await new Promise((resolve) => { setImmediate(resolve); });
        expect(underWay).toBe(1);
        underWay -= 1;
      });
      await insert(0, 'x');
      await reading.has(1);
      await sql.query("insert into customers (id, level) select n, 'x' from generate_series(1, 5000) n");
      const events = await reading.has(5_001);
      expect(events.map(({ after }) => after?.['id'])).toEqual(Array.from({ length: 5_001 }, (_, id) => id));
      expect(most).toBeLessThanOrEqual(100);
      await reading.stop();
    });

    it('lets the server forget what was taken', async () => {
      const reading = new Reading(options());
      await insert(1, 'a');
      await reading.has(1);
      await reading.stop();
      const { rows } = await sql.query<{ behind: string }>('select confirmed_flush_lsn < pg_current_wal_lsn() - 1000000 as behind from pg_replication_slots where slot_name = $1', [slot]);
      expect(rows).toEqual([{ behind: false }]);
    });
  });
});
