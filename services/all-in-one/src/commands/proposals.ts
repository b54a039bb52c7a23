import type { Command } from 'commander';
import { Client } from '../client';
import { say } from '../terminal';
import { printPlan } from './definitions-remote';
import { allPages, objectOf, print, printTable, remote, shown, type JsonObject, type RemoteFlags } from './remote';

const path = (id: string): string => `/definitions/proposals/${encodeURIComponent(id)}`;

/** Changes that wait for a second pair of eyes, where the suite asks for it (`weir up --four-eyes`). */
export function registerProposals(program: Command): void {
  const proposals = program.command('proposals').description('changes of definitions that wait until another key approves them');
  remote(proposals.command('list').description('newest first').option('--status <status>', 'open, approved or rejected')).action(list);
  remote(proposals.command('show').description('what one would change').argument('<id>')).action(show);
  remote(proposals.command('approve').description('makes it the set in force; with another key than the one that proposed it').argument('<id>')).action(approve);
  remote(proposals.command('reject').description('turns it down, or takes it back').argument('<id>').option('--reason <text>', 'kept with it')).action(reject);
}

async function list(flags: RemoteFlags & { readonly status?: string }): Promise<void> {
  const client = new Client(flags), rows: JsonObject[] = [];
  const query = (cursor: string | undefined): string => new URLSearchParams({ limit: '100', ...(flags.status === undefined ? {} : { status: flags.status }), ...(cursor === undefined ? {} : { cursor }) }).toString();
  for await (const row of allPages(async (cursor) => objectOf(await client.json('GET', `/definitions/proposals?${query(cursor)}`)), 'proposals')) {
    if (flags.json) print(JSON.stringify(row));
    else rows.push(row);
  }
  if (!flags.json) printTable(['ID', 'STATUS', 'PROPOSED', 'BY', 'DECIDED BY', 'NOTE'], rows.map((row) => [row['id'], row['status'], row['created_at'], row['created_by'], row['decided_by'], row['note']]));
}

async function show(id: string, flags: RemoteFlags): Promise<void> {
  const proposal = objectOf(await new Client(flags).json('GET', path(id)));
  if (flags.json) return print(JSON.stringify(proposal));
  print(`${shown(proposal['id'])} is ${shown(proposal['status'])}; proposed by ${shown(proposal['created_by'])} at ${shown(proposal['created_at'])}${proposal['note'] === null ? '' : `: ${shown(proposal['note'])}`}`);
  printPlan(objectOf(proposal['plan']), flags, 'nothing would change');
}

async function approve(id: string, flags: RemoteFlags): Promise<void> {
  const answer = objectOf(await new Client(flags).json('POST', `${path(id)}/approve`));
  printPlan(answer, flags, 'nothing changed');
  if (!flags.json) say(`in force since ${shown(answer['applied_at'])}: set ${shown(answer['set']).slice(0, 12)}`);
}

async function reject(id: string, flags: RemoteFlags & { readonly reason?: string }): Promise<void> {
  const answer = objectOf(await new Client(flags).json('POST', `${path(id)}/reject`, flags.reason === undefined ? {} : { reason: flags.reason }));
  if (flags.json) print(JSON.stringify(answer));
  else say(`${shown(answer['id'])} is ${shown(answer['status'])}`);
}
