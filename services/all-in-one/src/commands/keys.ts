import type { Command } from 'commander';
import { Client } from '../client';
import { say } from '../terminal';
import { objectOf, objectsOf, print, printTable, remote, shown, textsOf, type RemoteFlags } from './remote';

/** API keys: who may do what. */
export function registerKeys(program: Command): void {
  const keys = program.command('keys').description('API keys, with roles read, decide, edit, replay, admin');
  remote(keys.command('create').description('makes a key and shows it this once').requiredOption('--name <name>', 'whose it is').requiredOption('--roles <roles>', 'separated by commas')).action(create);
  remote(keys.command('list').description('all keys, without the keys themselves')).action(list);
  remote(keys.command('revoke').description('ends a key').argument('<id>', 'as `list` shows it')).action(revoke);
}

async function create(flags: RemoteFlags & { readonly name: string; readonly roles: string }): Promise<void> {
  const roles = flags.roles.split(',').map((role) => role.trim()).filter((role) => role !== '');
  const made = objectOf(await new Client(flags).json('POST', '/keys', { name: flags.name, roles }));
  if (flags.json) return print(JSON.stringify(made));
  say(`key ${shown(made['id'])} with ${textsOf(made['roles']).join(', ')}; shown this once:`);
  print(shown(made['key']));
}

async function list(flags: RemoteFlags): Promise<void> {
  const rows = objectsOf(objectOf(await new Client(flags).json('GET', '/keys'))['keys']);
  if (flags.json) for (const row of rows) print(JSON.stringify(row));
  else printTable(['ID', 'NAME', 'ROLES', 'CREATED', 'REVOKED'], rows.map((row) => [row['id'], row['name'], textsOf(row['roles']).join(','), row['created_at'], row['revoked_at']]));
}

async function revoke(id: string, flags: RemoteFlags): Promise<void> {
  await new Client(flags).send('DELETE', `/keys/${encodeURIComponent(id)}`);
  if (flags.json) print(JSON.stringify({ id, revoked: true }));
  else say(`key ${id} is revoked`);
}
