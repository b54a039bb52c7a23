import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { PostgresCdc, type SchemaReport } from '@weir/adapters/cdc';
import { WeirError } from '@weir/contracts';
import { SystemClock } from '@weir/ports';
import { compare, type Comparison } from '../cdc/comparison';
import { SourceFeed } from '../cdc/source-feed';
import { tableFields } from '../cdc/table-fields';
import { Client, ProblemError } from '../client';
import { say } from '../terminal';
import { print, remote, type RemoteFlags } from './remote';

interface CdcFlags extends RemoteFlags { readonly source: string; readonly table: ReadonlyArray<readonly [string, string]>; readonly list: ReadonlyArray<readonly [string, string]>; readonly slot: string; readonly drop?: boolean }

const restartPauseMs = 1_000, restartPauseMsMax = 30_000;
/** A change on its way is no difference: one that is looked at again so often, with a pause, is. */
const looksMax = 10, lookAgainMs = 500;

const pair = (text: string, before: ReadonlyArray<readonly [string, string]> = []): ReadonlyArray<readonly [string, string]> => {
  const [from = '', to = ''] = text.split('=');
  if (from === '' || to === '') throw new InvalidArgumentError('FROM=TO is expected.');
  return [...before, [from, to]];
};
const qualified = (name: string): string => (name.includes('.') ? name : `public.${name}`);

/** Profiles and lists out of somebody's PostgreSQL, by logical replication. */
export function registerCdc(program: Command): void {
  const cdc = program.command('cdc').description('tables and lists of a running suite follow tables of a PostgreSQL (`wal_level=logical`)');
  const source = (command: Command): Command => remote(command).requiredOption('--source <url>', 'postgres://… of the source').option('--table <from=to>', 'schema.table=TABLE; may be repeated', pair, []);
  source(cdc.command('follow').description('all rows as they are, then every change; until a signal. Goes on where it was stopped'))
    .option('--list <from=to>', 'schema.table.column=LIST; may be repeated; needs REPLICA IDENTITY FULL', pair, []).option('--slot <name>', 'which replication slot; it stays, and keeps the source\'s log until it is read', 'weir').option('--drop', 'drops the slot instead, so that the next run begins with all rows')
    .action((flags: CdcFlags) => (flags.drop === true ? PostgresCdc.dropSlot(flags.source, flags.slot) : follow(flags)));
  source(cdc.command('verify').description('the source against the suite, by count and checksum; exit 1 where they differ')).action(verify);
}

async function follow(flags: CdcFlags): Promise<void> {
  const client = new Client(flags);
  const tables = await Promise.all(flags.table.map(async ([from, to]) => ({ source: qualified(from), fields: await tableFields(client, to) })));
  const lists = flags.list.map(([from, list]) => { const parts = from.split('.'), column = parts.pop() ?? ''; return { source: qualified(parts.join('.')), column, list }; });
  if (tables.length + lists.length === 0) throw new WeirError('WEIR_USAGE', 'nothing to follow: --table schema.table=TABLE or --list schema.table.column=LIST');
  const feed = new SourceFeed(client, { tables, lists });
  let cdc: PostgresCdc | undefined, stopping = false;
  const stop = (): void => { stopping = true; void cdc?.stop(); };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  for (let pauseMs = restartPauseMs; !stopping; pauseMs = Math.min(2 * pauseMs, restartPauseMsMax)) {
    const before = feed.taken;
    cdc = new PostgresCdc({
      url: flags.source, slot: flags.slot, publication: flags.slot, tables: [...new Set([...tables, ...lists].map((each) => each.source))], clock: new SystemClock(), schema: (report) => told(report, flags),
      take: async (events) => {
        await feed.take(events);
        if (flags.json) print(JSON.stringify({ taken: feed.taken }));
      },
    });
    try {
      await cdc.run();
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (feed.taken > before) pauseMs = restartPauseMs;
      say(`${error.message}; again in ${pauseMs / 1_000} s`);
      await sleep(pauseMs);
    }
  }
}

const isPassing = (error: unknown): error is WeirError => error instanceof WeirError && (error.retriable || (error instanceof ProblemError && (error.status === 503 || error.status === 429)));

/** What is different of a table is said; the stream goes on, with the fields that the table of Weir declares. */
function told({ schema, table, added, removed, retyped, columns }: SchemaReport, { json }: RemoteFlags): void {
  if (added.length + removed.length + retyped.length === 0) return;
  if (json) print(JSON.stringify({ schema_change: { table: `${schema}.${table}`, columns, added, removed, retyped } }));
  else say(`${schema}.${table} was changed: ${[...added.map((name) => `${name} is new`), ...removed.map((name) => `${name} is gone`), ...retyped.map((name) => `${name} has another type`)].join(', ')}`);
}

async function verify(flags: CdcFlags): Promise<void> {
  const client = new Client(flags);
  let differ = false;
  for (const [from, to] of flags.table) {
    const fields = await tableFields(client, to);
    let found: Comparison = await compare(client, flags.source, qualified(from), fields);
    for (let look = 1; !found.same && look < looksMax; look += 1) { await sleep(lookAgainMs); found = await compare(client, flags.source, qualified(from), fields); }
    differ ||= !found.same;
    if (flags.json) print(JSON.stringify(found));
    else print(`${qualified(from)}: ${found.source.count} rows, ${found.source.checksum}; ${to}: ${found.weir.count} rows, ${found.weir.checksum}; ${found.same ? 'the same' : `different: ${found.different.join(', ')}`}`);
  }
  if (differ) process.exitCode = 1;
}
