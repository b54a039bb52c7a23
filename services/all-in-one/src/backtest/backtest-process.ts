import { readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { failureOf, type Failure } from './failure';
import { runSuiteBacktest, type SuiteBacktest } from './suite-backtest';

/** What the process tells the one that started it. */
export type FromBacktest =
  | { readonly kind: 'progress'; readonly records: number; readonly total: number }
  | { readonly kind: 'done'; readonly report: Readonly<Record<string, unknown>> }
  | Failure;

/** Whoever asks sees nothing sooner. */
const progressEveryMs = 100;

/** Behind what else runs here: every thread, the collector's and the compiler's too, and those that they start. The first to go when memory is short. */
function standBack(niceness: number): void {
  if (niceness === 0) return;
  if (process.platform !== 'linux') return setPriority(niceness);
  // There the priority is each thread's own.
  for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), niceness);
  try { writeFileSync('/proc/self/oom_score_adj', '1000'); } catch { /* not everybody may */ }
}

async function run(backtest: SuiteBacktest): Promise<void> {
  let saidAtMs = -Infinity;
  let last: FromBacktest;
  try {
    const report = await runSuiteBacktest(backtest, (records, total) => {
      const nowMs = performance.now();
      if (nowMs - saidAtMs < progressEveryMs) return;
      saidAtMs = nowMs;
      say({ kind: 'progress', records, total });
    });
    const { user, system } = process.cpuUsage();
    last = { kind: 'done', report: { ...report, cpu_ms: Math.round((user + system) / 1_000) } };
  } catch (error) {
    last = failureOf(error);
  }
  say(last, () => { process.exit(0); });
}

/** Said to nobody when whoever started this is gone. */
function say(message: FromBacktest, said: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, said);
  else said();
}

if (process.send !== undefined) {
  standBack(Number(process.argv[2])); // given by BacktestChild
  process.on('disconnect', () => { process.exit(0); });
  process.once('message', (backtest: SuiteBacktest) => { void run(backtest); }); // sent by BacktestProcess alone
}
