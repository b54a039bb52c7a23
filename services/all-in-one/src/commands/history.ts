import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { LmdbEventLog } from '@weir/adapters/lmdb';
import { SystemClock } from '@weir/ports';
import { Client } from '../client';
import { readHistoryOptions } from '../history/history-config';
import { HistoryLoop, type FromHistory } from '../history/history-job';
import { HistoryReader } from '../history/history-reader';
import { objectOf, objectsOf, print, printTable, remote, type JsonObject, type RemoteFlags } from './remote';
import { lanesOf } from './up';

interface HistoryFlags extends RemoteFlags { readonly data?: string; readonly lanes: number }

/** What history has, and its upkeep; of a running suite, or of the folder of a stopped one. */
export function registerHistory(program: Command): void {
  const history = program.command('history').description('the history of a suite: its records, decisions and vectors as Parquet files');
  const on = (name: string, does: string): Command => remote(history.command(name).description(does)).option('--data <dir>', 'of a stopped suite, instead of a running one').option('--lanes <n>', 'with --data: how many it has', lanesOf, 1);
  on('status', 'what there is of each lane, and how far it is behind the log').action(async (flags: HistoryFlags) => {
    show(flags.data === undefined ? objectOf(await new Client(flags).json('GET', '/history')) : await folderStatus(resolve(flags.data)), flags.json === true);
  });
  on('flush', 'writes what waits').action(async (flags: HistoryFlags) => {
    if (flags.data !== undefined) await inFolder(resolve(flags.data), flags.lanes, 'flush');
    show(flags.data === undefined ? objectOf(await new Client(flags).json('POST', '/history/flush')) : await folderStatus(resolve(flags.data)), flags.json === true);
  });
  on('compact', 'joins small files').action(async (flags: HistoryFlags) => {
    const less = flags.data === undefined ? Number(objectOf(await new Client(flags).json('POST', '/history/compact'))['files_joined']) : await inFolder(resolve(flags.data), flags.lanes, 'compact');
    print(flags.json === true ? JSON.stringify({ files_joined: less }) : `${less} files less`);
  });
}

async function folderStatus(data: string): Promise<JsonObject> {
  const reader = await HistoryReader.open(data, process.env);
  try { return { path: reader.path, lanes: reader.status() }; } finally { await reader.close(); }
}

/** Holding the log keeps a suite from starting, and is refused while one runs. */
async function inFolder(dataDir: string, lanes: number, kind: 'flush' | 'compact'): Promise<number> {
  const log = new LmdbEventLog({ path: join(dataDir, 'log'), lanes, clock: new SystemClock() });
  try {
    return await new Promise<number>((done, failed) => {
      let result = 0;
      const loop = new HistoryLoop({ ...readHistoryOptions(process.env, dataDir), dataDir, lanes, kafka: undefined }, (message: FromHistory) => {
        if (message.kind !== 'done') return;
        if (message.error !== undefined) failed(new Error(message.error));
        else if (message.id === 1) { result = message.result; loop.take({ kind: 'stop', id: 2 }); } else done(result);
      });
      loop.take({ kind, id: 1 });
    });
  } finally { await log.close(); }
}

function show(status: JsonObject, asJson: boolean): void {
  if (asJson) return print(JSON.stringify(status));
  print(String(status['path']));
  printTable(['LANE', 'FIRST', 'LAST', 'LAG', 'FILES', 'DAYS', 'MB'], objectsOf(status['lanes']).map(({ lane, first, last, lag, files, days, bytes }) => [lane, first, last, lag, files, days, (Number(bytes) / 1e6).toFixed(1)]));
}
