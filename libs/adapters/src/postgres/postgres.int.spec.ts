import type { Kysely } from 'kysely';
import type { CaseRow } from '@weir/ports';
import { caseStoreContract, quarantineContract, registryContract } from '@weir/ports/testing';
import { SqlCases, SqlQuarantine, SqlRegistry, type Tables } from '../sql';
import { describeOn, freshDatabase, postgresServer } from '../testing-servers';
import { openPostgres } from './index';

const openCase: CaseRow = {
  id: 'c-1', decisionId: 'd-0-1', transactionId: 't1', outcome: 'review', score: 0.5, createdAtMs: 1, status: 'open', claimedBy: null, resolution: null, resolvedBy: null, resolvedAtMs: null,
  amount: null, priority: 0.5, claimedUntilMs: null, dueAtMs: null,
};

describe('PostgreSQL', () => {
  describeOn(postgresServer(), (server) => {
    const open: Array<{ readonly database: Kysely<Tables>; readonly drop: () => Promise<void> }> = [];
    const database = async (): Promise<Kysely<Tables>> => {
      const { url, drop } = await freshDatabase(server);
      const opened = await openPostgres({ url, connectionsMax: 3 });
      open.push({ database: opened, drop });
      return opened;
    };
    afterAll(async () => {
      for (const { database: opened, drop } of open) {
        await opened.destroy().catch(() => undefined);
        await drop();
      }
    });

    registryContract(async () => new SqlRegistry(await database()));
    caseStoreContract(async () => new SqlCases(await database()));
    quarantineContract(async () => new SqlQuarantine(await database()));

    it('is brought to this version once, by however many processes open it at once', async () => {
      const { url, drop } = await freshDatabase(server);
      const opened = await Promise.all([1, 2, 3].map(() => openPostgres({ url, connectionsMax: 2 })));
      const [first] = opened;
      expect(first === undefined ? undefined : await new SqlRegistry(first).keys()).toEqual([]);
      for (const each of opened) await each.destroy();
      await drop();
    });

    it('lets one of many claim a case', async () => {
      const cases = new SqlCases(await database());
      await cases.open([openCase]);
      const claims = await Promise.allSettled(['ann', 'bob', 'cyd', 'dan'].map((by) => cases.claim('c-1', by)));
      expect(claims.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    });

    it('opens a case once, whoever else opens it at the same time', async () => {
      const cases = new SqlCases(await database());
      await Promise.all([1, 2, 3, 4].map((number) => cases.open([{ ...openCase, id: `c-${number}` }])));
      expect((await cases.search({ limit: 10 })).items).toHaveLength(1);
    });

    it('says that it can be tried again, when the server is not there', async () => {
      await expect(openPostgres({ url: 'postgres://weir:weir@127.0.0.1:1/weir', connectTimeoutMs: 500 })).rejects.toMatchObject({ code: 'WEIR_REGISTRY_FAILED', retriable: true });
    });
  });
});
