import { join, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { repositoryRoot } from '../folders';
import { exitCodes, say } from '../terminal';
import { print } from './remote';
import { lanesOf } from './up';

interface TortureFlags { readonly seed: number; readonly minutes: number; readonly rate: number; readonly lanes: number; readonly quick?: boolean; readonly burstSeconds?: number; readonly only?: string; readonly definitions?: string; readonly keep?: boolean }

const number = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is expected.');
  return value;
};

/** The five services on a real broker and a real Redis under injected faults, held against a ledger of what was asked and promised. */
export function registerTorture(program: Command): void {
  program.command('torture').description('the five services on a Kafka and a Redis of their own under seeded faults, against an independent ledger: a JSON line per fault, then the figures; exit 1 if anything was lost, doubled or different')
    .option('--seed <n>', 'of transactions and faults', number, 1).option('--minutes <n>', 'how long', number, 10).option('--rate <n>', 'transactions a second', number, 200).option('--lanes <n>', 'totally ordered logs', lanesOf, 1)
    .option('--quick', 'one short round of the main faults, within a minute').option('--only <faults>', 'those whose names begin so, separated by commas: kill, stop, rebalance, broker, redis, gateway, cut, silence, slow, partition, burst').option('--burst-seconds <n>', 'how long a burst of ten times the rate lasts (default: 120, with --quick 4.5)', number).option('--definitions <dir>', 'folder or file (default: the example set)')
    .option('--keep', 'leaves the folder with logs and files')
    .action(async (flags: TortureFlags) => {
      const { isClean, torture } = await import('../torture/run-torture.js');
      const abort = new AbortController();
      const end = (): void => { if (abort.signal.aborted) process.exit(exitCodes.difference); say('ending: what was sent is judged, a second signal ends at once'); abort.abort(); };
      process.on('SIGINT', end);
      process.on('SIGTERM', end);
      const options = {
        seed: flags.seed, minutes: flags.minutes, perSecond: flags.rate, lanes: flags.lanes, quick: flags.quick === true, burstMs: flags.burstSeconds === undefined ? undefined : flags.burstSeconds * 1_000, only: flags.only?.split(',').map((name) => name.trim()), keep: flags.keep === true,
        definitions: flags.definitions === undefined ? join(repositoryRoot(), 'examples', 'definitions') : resolve(flags.definitions), say, signal: abort.signal,
      };
      for await (const line of torture(options)) {
        print(JSON.stringify(line));
        if (line['torture'] === 'result' && !isClean(line)) process.exitCode = exitCodes.difference;
      }
      process.removeListener('SIGINT', end);
      process.removeListener('SIGTERM', end);
    });
}
