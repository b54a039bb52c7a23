import type { Kysely } from 'kysely';
import { SqlCases, SqlQuarantine, SqlRegistry, type Tables } from '../sql/index';
import { openSqlite } from './index';
import { registryContract, caseStoreContract, quarantineContract } from '@weir/ports/testing';

describe('SQLite', () => {
  const open: Kysely<Tables>[] = [];
  const database = async (): Promise<Kysely<Tables>> => {
    const opened = await openSqlite(':memory:');
    open.push(opened);
    return opened;
  };
  afterAll(async () => { await Promise.all(open.map((each) => each.destroy())); });

  registryContract(async () => new SqlRegistry(await database()));
  caseStoreContract(async () => new SqlCases(await database()));
  quarantineContract(async () => new SqlQuarantine(await database()));
});
