import { join } from 'node:path';
import { PlatformaticEventLog } from '@weir/adapters/kafka';
import { LmdbEventLog, LmdbOnlineStore, ThreadedDecisionStore } from '@weir/adapters/lmdb';
import { openPostgres } from '@weir/adapters/postgres';
import { RedisOnlineStore } from '@weir/adapters/redis';
import { openSqlite } from '@weir/adapters/sqlite';
import { SqlCases, SqlQuarantine, SqlRegistry } from '@weir/adapters/sql';
import type { CaseStore, Clock, DecisionStore, EventLog, OnlineStore, QuarantineStore, Registry } from '@weir/ports';
import { withLanesBefore } from '../relane/generations';
import { mustHaveLanes } from '../relane/lane-record';
import { kafkaOptionsOf, prefixOf, redisConnectionOf } from './connections';
import { unpackDecision } from './decision-rows';

/** What lies below the stages: the embedded defaults, or real servers. */
export interface Stores {
  readonly log: EventLog;
  readonly online: OnlineStore;
  readonly decisions: DecisionStore;
  readonly quarantine: QuarantineStore;
  readonly registry: Registry;
  readonly cases: CaseStore;
}

/** Servers to use in place of the embedded stores; each one for itself. */
export interface Servers {
  /** `host:port` of some brokers: the lanes and topics. */
  readonly kafka?: readonly string[];
  /** URL: the state of the stages. */
  readonly redis?: string;
  /** URL: registry, cases, labels, quarantine and audit. */
  readonly postgres?: string;
}

/** Opens everything, in the data folder where no server is named. Decisions are always kept in the folder. @throws WeirError WEIR_USAGE where the folder has another number of lanes. */
export async function openStores(options: { readonly dataDir: string; readonly lanes: number; readonly clock: Clock; readonly servers: Servers }): Promise<Stores> {
  const { dataDir, lanes, clock, servers } = options;
  const count = servers.kafka === undefined ? mustHaveLanes(dataDir, lanes) : undefined;
  const database = await (servers.postgres === undefined ? openSqlite(join(dataDir, 'registry.sqlite')) : openPostgres(servers.postgres));
  return {
    log: servers.kafka === undefined ? new LmdbEventLog({ path: join(dataDir, 'log'), lanes, clock }) : new PlatformaticEventLog(kafkaOptionsOf(servers.kafka, lanes)),
    online: servers.redis === undefined ? new LmdbOnlineStore({ path: join(dataDir, 'state') }) : new RedisOnlineStore({ ...redisConnectionOf(servers.redis), prefix: prefixOf() }),
    decisions: withLanesBefore(dataDir, new ThreadedDecisionStore({ path: join(dataDir, 'decisions'), lanes, unpack: unpackDecision }), count?.changes ?? []),
    quarantine: new SqlQuarantine(database), registry: new SqlRegistry(database), cases: new SqlCases(database),
  };
}
