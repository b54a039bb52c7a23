import type { Command } from 'commander';
import { Client } from '../client';
import { exitCodes } from '../terminal';
import { objectOf, objectsOf, print, printTable, remote, shown, type RemoteFlags } from './remote';

/** What runs, what is in force, how far it is behind. Exit 1 when it is not ready. */
export function registerStatus(program: Command): void {
  remote(program.command('status').description('what runs: version, set in force, lag of each lane, health; exit 1 when it is not ready')).action(async (flags: RemoteFlags) => {
    const client = new Client(flags);
    const status = objectOf(await client.json('GET', '/status'));
    if (status['ready'] !== true) process.exitCode = exitCodes.difference;
    if (flags.json) return print(JSON.stringify({ url: client.url, ...status }));
    print(`${client.url}  version ${shown(status['version'])}, up since ${shown(status['started_at'])}, ${status['ready'] === true ? 'ready' : 'not ready'}`);
    for (const { name, why } of objectsOf(status['missing'])) print(`missing: ${shown(name)}: ${shown(why)}`);
    print(status['set'] === null ? 'no definitions are in force' : `set ${shown(status['set']).slice(0, 12)} in force since ${shown(status['applied_at'])}`);
    printTable(['LANE', 'RECORDS', 'LAG', 'STATE AT'], objectsOf(status['lanes']).map((lane) => [lane['lane'], lane['records'], lane['lag'], lane['state_position']]));
  });
}
