import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { copyEnvironment, LmdbDecisionStore, LmdbLogReader, LmdbOnlineStore } from '@weir/adapters/lmdb';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import { copyDatabase } from '@weir/adapters/sqlite';
import { WeirError } from '@weir/contracts';
import { readHistoryOptions } from '../history/history-config';
import { lanesBegin } from '../relane/lane-record';
import { unpackDecision } from '../suite/decision-rows';
import { copyFile, filesBelow, hashOf } from './copy-files';
import { manifestFormat, manifestName, mustBeNew, type LanePlaces } from './manifest';

export interface BackupOptions { readonly data: string; /** Must not be there. */ readonly target: string; readonly env: Readonly<Record<string, string | undefined>> }

/**
 * Order in which the parts are copied. Each is a copy of one moment, taken while others go on, so what is to stand behind something else is copied behind it:
 * outputs behind the state that is published after them, and the log, in which all the others have to be, last. Models are named by sets in the log.
 */
const partsInOrder = ['files', 'state', 'builds', 'decisions', 'outcomes', 'history', 'databases', 'log', 'models'] as const;
type Part = (typeof partsInOrder)[number];

/** History is written anew and joined beside: a file that was joined into another one meanwhile is looked for again. */
const historyRoundsMax = 10;

function partOf(file: string): Part {
  const top = file.split('/')[0];
  if (top === 'state' || top === 'builds' || top === 'decisions' || top === 'outcomes' || top === 'history' || top === 'log' || top === 'models') return top;
  return file.endsWith('.sqlite') ? 'databases' : 'files';
}

/**
 * Copies what a suite keeps in its folder, running or not, so that a suite over the copy is the one of a moment: its log up to some record, a state and outputs of
 * records before it, from which it goes on as after a crash. @throws WeirError WEIR_USAGE; WEIR_STORE_FAILED where what was copied would not fit together.
 */
export async function takeBackup({ data, target, env }: BackupOptions): Promise<{ readonly files: Readonly<Record<string, string>>; readonly lanes: readonly LanePlaces[] }> {
  if (!existsSync(join(data, 'decisions'))) throw new WeirError('WEIR_USAGE', `${data}: no suite has kept its data here`);
  if (`${target}${sep}`.startsWith(`${data}${sep}`)) throw new WeirError('WEIR_USAGE', `${target} lies in what is to be copied`);
  mustBeNew(target);
  const begun = lanesBegin(data);
  const made = `${target}.new`;
  await mkdir(made, { recursive: true, mode: 0o700 });
  try {
    for (const part of partsInOrder) await copyPart(part, data, made);
    const elsewhere = readHistoryOptions(env, data).path;
    if (elsewhere !== resolve(data, 'history') && existsSync(elsewhere)) await copyHistory(elsewhere, join(made, 'history'));
    const lanes = await placesOf(made);
    for (const each of lanes) mustFit(each, begun);
    const files: Record<string, string> = {};
    for (const file of await filesBelow(made)) files[file] = await hashOf(join(made, file));
    for (const lock of ['state', 'decisions', 'log']) await rm(join(made, lock, 'lock.mdb'), { force: true });
    await writeFile(join(made, manifestName), `${JSON.stringify({ format: manifestFormat, lanes, files }, null, 1)}\n`);
    await rename(made, target);
    return { files, lanes };
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  }
}

async function copyPart(part: Part, data: string, to: string): Promise<void> {
  if (part === 'history') return existsSync(join(data, 'history')) ? copyHistory(join(data, 'history'), join(to, 'history')) : undefined;
  for (const file of (await filesBelow(data)).filter((each) => partOf(each) === part && each !== manifestName && !each.startsWith('lanes-building/'))) {
    if (file.endsWith('/data.mdb')) await copyEnvironment(join(data, dirname(file)), join(to, dirname(file)));
    else if (file.endsWith('.sqlite')) copyDatabase(join(data, file), join(to, file));
    else await copyFile(data, to, file).catch((error: unknown) => { if (!isGone(error)) throw error; });
  }
}

async function copyHistory(from: string, to: string): Promise<void> {
  for (let round = 0; round < historyRoundsMax; round += 1) {
    await rm(to, { recursive: true, force: true });
    try {
      await mkdir(to, { recursive: true });
      for (const file of await filesBelow(from)) await copyFile(from, to, file);
      return;
    } catch (error) { if (!isGone(error)) throw error; }
  }
  throw new WeirError('WEIR_STORE_FAILED', `${from} changes faster than it can be copied; try again`, { retriable: true });
}

const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Of a folder on the embedded log; with a log on servers there is none to compare with. */
async function placesOf(folder: string): Promise<LanePlaces[]> {
  if (!existsSync(join(folder, 'log', 'data.mdb'))) return [];
  const log = new LmdbLogReader(join(folder, 'log')), lanes = log.lanes();
  const state = existsSync(join(folder, 'state', 'data.mdb')) ? new LmdbOnlineStore({ path: join(folder, 'state') }) : undefined;
  const decisions = new LmdbDecisionStore({ path: join(folder, 'decisions'), lanes: Math.max(1, lanes), unpack: unpackDecision });
  const history = existsSync(join(folder, 'history')) ? new ParquetOfflineStore({ path: join(folder, 'history'), readOnly: true }) : undefined;
  try {
    return await Promise.all(Array.from({ length: lanes }, async (_, lane) => ({
      lane, log: log.bounds('transactions.raw', lane), state: (await state?.position(lane)) ?? -1, decisions: await decisions.position(lane), history: (await history?.position(lane)) ?? -1,
    })));
  } finally {
    await log.close();
    await state?.close();
    await decisions.close();
    await history?.close();
  }
}

/** What has been cut off the log, of what was in it since it was `begun`, must be behind the state and in history, and nothing may be in front of the log. */
function mustFit({ lane, log, state, decisions, history }: LanePlaces, begun: number): void {
  const ahead = Math.max(state, decisions, history) >= log.next, gap = log.first > begun && (log.first > state + 1 || log.first > history + 1);
  if (ahead || gap) throw new WeirError('WEIR_STORE_FAILED', `lane ${lane}: the log was copied from ${log.first} to ${log.next - 1}, state up to ${state}, decisions up to ${decisions}, history up to ${history}: they do not fit together; try again`, { retriable: true });
}
