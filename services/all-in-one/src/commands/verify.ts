import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { VerifyReport } from '../backtest/run-verify';
import { runVerify } from '../backtest/run-verify';
import { suitePlaceOf, SuiteReader } from '../backtest/suite-reader';
import { threadSide } from '../backtest/thread-pair';
import { readHistoryOptions } from '../history/history-config';
import { lanesBegin, readLaneCount } from '../relane/lane-record';
import { Client } from '../client';
import { exitCodes, Progress } from '../terminal';
import { backtestOf } from './await-backtest';
import { memoryMbMax, rangeOf, timesOf } from './backtest';
import { objectOf, objectsOf, print, shown, textsOf, type JsonObject } from './remote';
import { lanesOf } from './up';

interface VerifyFlags { readonly from?: string; readonly to?: string; readonly data?: string; readonly lanes?: number; readonly url?: string; readonly json?: boolean }

/** Replays the log from an empty state and compares with what was stored when it was live. Exit 1 when anything differs. */
export function registerVerify(program: Command): void {
  program.command('verify').description('decisions and feature values as served against the same computed again from the log, byte for byte; exit 1 on a difference')
    .option('--from <time>', 'decisions of events at or after it').option('--to <time>', 'decisions of events before it').option('--data <dir>', 'of a stopped suite, instead of a running one').option('--lanes <n>', 'with --data: how many it has (default: as the folder says)', lanesOf)
    .option('--url <url>', 'of the suite (default: the one the last `weir up` wrote down)').option('--json', 'a JSON line per mismatch, then one of the figures')
    .action(async (flags: VerifyFlags) => {
      const report = objectOf(flags.data === undefined ? await backtestOf(new Client(flags), { verify: true, ...timesOf(flags) }, 'verifying') : await verifyFolder(flags, resolve(flags.data)));
      printReport(report, flags.json === true);
      if (Number(report['different']) + Number(report['not_stored']) > 0) process.exitCode = exitCodes.difference;
    });
}

/** Beside the suite, should it run. */
async function verifyFolder(flags: VerifyFlags, folder: string): Promise<VerifyReport> {
  const lanes = flags.lanes ?? readLaneCount(folder)?.lanes ?? 1, place = suitePlaceOf(folder, { lanes, kafka: undefined, history: readHistoryOptions(process.env, folder).path });
  const reader = await SuiteReader.open(place), ends = Array.from({ length: lanes }, (_, lane) => ({ lane, through: reader.position(lane) }));
  await reader.close();
  const begin = lanesBegin(folder), progress = new Progress('verifying', ends.reduce((sum, { through }) => sum + Math.max(through + 1 - begin, 0), 0));
  const report = await runVerify({
    progress: (records) => { progress.at(records); },
    lanes: ends.map(({ lane, through }) => () => threadSide({
      work: 'side', lane, lanes, ...rangeOf(flags), amountField: '', segment: undefined, labels: { ids: [], fraud: new Uint8Array(0) }, memoryMbMax, replaceWith: undefined,
      source: { kind: 'suite', place, endOffset: through + 1 }, models: { kind: 'artifacts', path: join(folder, 'models') }, storedThrough: through,
    })),
  });
  progress.end();
  return report;
}

function printReport(report: JsonObject, asJson: boolean): void {
  const { mismatches, ...figures } = report;
  for (const mismatch of objectsOf(mismatches)) {
    if (asJson) print(JSON.stringify(mismatch));
    else print(`${shown(mismatch['id'])}: ${shown(mismatch['kind'])}, ${shown(mismatch['why'])}\n${textsOf(mismatch['reasons']).map((reason) => `  ${reason}`).join('\n')}`);
  }
  if (asJson) return print(JSON.stringify(figures));
  print(`${shown(report['compared'])} decisions compared over ${shown(report['records'])} records: ${shown(report['same'])} the same byte for byte, ${shown(report['different'])} different, ${shown(report['not_stored'])} not stored, ${shown(report['degraded'])} degraded counted apart`);
  const reasons = Object.entries(objectOf(report['by_reason'] ?? {}));
  if (reasons.length > 0) print(`why: ${reasons.map(([why, times]) => `${why} ${shown(times)}`).join(', ')}`);
}
