import { InvalidArgumentError, type Command } from 'commander';
import { writeRows } from '@weir/adapters/files';
import { labelledRow, simulate, type SimulationOptions } from '@weir/simulator';
import { Progress, say } from '../terminal';

const dayMs = 86_400_000;
const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('a whole number is expected.');
  return value;
};

interface SimulateFlags { readonly days: number; readonly customers: number; readonly terminals: number; readonly seed: string; readonly start?: string; readonly driftFrom?: number; readonly out: string }

/** Labelled card transactions from a seed, into a file. */
export function registerSimulate(program: Command): void {
  program.command('simulate').description('labelled card transactions with known fraud, from a seed')
    .requiredOption('--days <n>', 'how many days', wholeNumber).option('--customers <n>', 'how many customers', wholeNumber, 1_000).option('--terminals <n>', 'how many terminals', wholeNumber, 2_000)
    .option('--seed <seed>', 'the same seed gives the same transactions', '1').option('--start <date>', 'first day, YYYY-MM-DD (default 2026-01-01)').option('--drift-from <day>', 'behaviour changes from this day on', wholeNumber)
    .requiredOption('--out <file>', '.jsonl, .csv (also .gz) or .parquet')
    .action(async (flags: SimulateFlags) => {
      const options = simulationOptions(flags);
      const startedAtMs = Date.now();
      const counts = { fraud: 0 };
      const progress = new Progress('simulating, days', options.days);
      const firstDay = options.startMs ?? Date.UTC(2026, 0, 1);
      const rows = function* (): Generator<Readonly<Record<string, unknown>>> {
        for (const transaction of simulate(options)) {
          counts.fraud += transaction.fraud;
          progress.at(Math.floor((transaction.event.event_time - firstDay) / dayMs));
          yield { ...labelledRow(transaction) };
        }
      };
      const count = await writeRows(flags.out, rows());
      progress.end();
      say(`${count} transactions, ${counts.fraud} fraudulent, into ${flags.out} in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`);
    });
}

function simulationOptions(flags: SimulateFlags): SimulationOptions {
  const startMs = flags.start === undefined ? undefined : Date.parse(`${flags.start}T00:00:00Z`);
  if (Number.isNaN(startMs)) throw new InvalidArgumentError(`--start: a date as YYYY-MM-DD is expected, got ${flags.start}`);
  return {
    days: flags.days, customers: flags.customers, terminals: flags.terminals, seed: flags.seed,
    ...(startMs === undefined ? {} : { startMs }), ...(flags.driftFrom === undefined ? {} : { drift: { fromDay: flags.driftFrom } }),
  };
}
