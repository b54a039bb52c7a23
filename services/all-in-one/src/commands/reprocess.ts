import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { WeirError } from '@weir/contracts';
import { Client } from '../client';
import { workFolder } from '../folders';
import { readHistoryOptions } from '../history/history-config';
import { relane } from '../relane/relane';
import { exitCodes, Progress, say } from '../terminal';
import { timesOf } from './backtest';
import { objectOf, objectsOf, print, printTable, remote, shown, type JsonObject, type RemoteFlags } from './remote';
import { lanesOf } from './up';

interface ReprocessFlags extends RemoteFlags { readonly view?: string[]; readonly from?: string; readonly to?: string; readonly hold?: boolean; readonly detach?: boolean; readonly lanes?: number; readonly data?: string }

const actions = ['pause', 'resume', 'switch', 'rollback'] as const;
const pollEveryMs = 250;

/** Views built anew from the log of a running suite. */
export function registerReprocess(program: Command): void {
  remote(program.command('reprocess').description('builds views anew from the log beside the live ones, compares, and switches between two events; goes on after a stop')
    .argument('[action]', `list, show, ${actions.join(', ')}; without it a new one starts`).argument('[id]', 'of which one')
    .option('--view <name...>', 'what to build').option('--from <time>', 'of events at or after it (default: the whole log)').option('--to <time>', 'where the stream has to have taken over; refused where it has not')
    .option('--hold', 'compare, and wait for `weir reprocess switch`').option('--detach', 'do not wait for its end')
    .option('--lanes <n>', 'another number of lanes, for a suite that does not run: its records in new lanes, run by the same stages', lanesOf).option('--data <dir>', 'with --lanes: its folder (default .weir/data)'))
    .action(async (action: string | undefined, id: string | undefined, flags: ReprocessFlags) => {
      if (flags.lanes !== undefined) return changeLanes(flags.lanes, flags);
      const client = new Client(flags);
      if (action === undefined) return start(client, flags);
      if (action === 'list') return list(client, flags);
      if (id === undefined) throw new WeirError('WEIR_USAGE', `which one? See \`weir reprocess list\``);
      if (action === 'show') return printOne(objectOf(await client.json('GET', `/reprocess/${encodeURIComponent(id)}`)), flags);
      if (!actions.some((each) => each === action)) throw new WeirError('WEIR_USAGE', `${action}: one of list, show, ${actions.join(', ')} is expected`);
      const state = objectOf(await client.json('POST', `/reprocess/${encodeURIComponent(id)}/${action}`));
      const follows = action === 'resume' || (action === 'rollback' && state['kind'] === 'rollback');
      printOne(follows && flags.detach !== true ? await follow(client, state) : state, flags);
    });
}

async function changeLanes(lanes: number, flags: ReprocessFlags): Promise<void> {
  const dataDir = resolve(flags.data ?? join(workFolder(), 'data'));
  let progress: Progress | undefined;
  const done = await relane({ dataDir, lanes, historyPath: readHistoryOptions(process.env, dataDir).path, progress: (records, of) => { (progress ??= new Progress('building lanes', of)).at(records); } });
  progress?.end();
  const { comparison: { compared, same, different, examples }, ...told } = done;
  if (flags.json === true) return print(JSON.stringify({ ...told, compared, same, different, examples }));
  print(`${dataDir}: ${done.lanesBefore} → ${lanes} lanes, ${done.records} records; \`weir up --data ${dataDir}\` goes on with them. What was there before is in ${done.before}: its decisions are still read from there, its log, state and history no more`);
  print(`values of ${compared} keys compared: ${same} the same, ${different} different`);
  for (const { view, key, before, now } of examples) print(`  ${view} ${key}: ${JSON.stringify(before)} → ${JSON.stringify(now)}`);
}

async function start(client: Client, flags: ReprocessFlags): Promise<void> {
  if (flags.view === undefined) throw new WeirError('WEIR_USAGE', '--view is needed: which view to build; or --lanes: how many lanes a suite that does not run shall have');
  const state = objectOf(await client.json('POST', '/reprocess', { views: flags.view, ...timesOf(flags), hold: flags.hold === true }));
  printOne(flags.detach === true ? state : await follow(client, state), flags);
}

async function follow(client: Client, started: JsonObject): Promise<JsonObject> {
  let state = started, progress: Progress | undefined;
  say(`${String(state['id'])}: building ${(state['views'] as readonly string[]).join(', ')}`);
  while (state['status'] === 'building' || state['status'] === 'switching') {
    await pause(pollEveryMs);
    state = objectOf(await client.json('GET', `/reprocess/${encodeURIComponent(String(state['id']))}`));
    const { records, of } = objectOf(state['progress']);
    progress ??= typeof of === 'number' ? new Progress('building', of) : undefined;
    progress?.at(Number(records));
  }
  progress?.end();
  return state;
}

function printOne(state: JsonObject, { json }: RemoteFlags): void {
  if (state['status'] === 'failed') process.exitCode = exitCodes.difference;
  if (json) return print(JSON.stringify(state));
  print(`${shown(state['id'])}: ${shown(state['status'])}${state['error'] === null ? '' : ` (${shown(state['error'])})`}`);
  const comparison = state['comparison'];
  if (comparison === null || comparison === undefined) return;
  const { compared, same, different, only_new: onlyNew, moved_on: movedOn, examples } = objectOf(comparison);
  print(`compared with the live values: ${shown(compared)} keys, ${shown(same)} the same, ${shown(different)} different (${shown(onlyNew)} of them new), ${shown(movedOn)} left out for they had events since`);
  for (const { view, key, differences } of objectsOf(examples)) print(`  ${shown(view)} ${shown(key)}: ${objectsOf(differences).map((each) => `${shown(each['feature'])} ${shown(each['old'])} (${shown(each['old_status'])}) → ${shown(each['new'])} (${shown(each['new_status'])})`).join('; ')}`);
}

async function list(client: Client, flags: RemoteFlags): Promise<void> {
  const all = objectsOf(objectOf(await client.json('GET', '/reprocess'))['reprocess']);
  if (flags.json) for (const each of all) print(JSON.stringify(each));
  else printTable(['ID', 'VIEWS', 'STATUS', 'STARTED', 'ENDED', 'BY'], all.map((each) => [each['id'], (each['views'] as readonly string[]).join(','), each['status'], each['started_at'], each['ended_at'], each['by']]));
}
