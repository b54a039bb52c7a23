import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { WeirError } from '@weir/contracts';
import type { Figure } from '../bench/figures';
import { repositoryRoot } from '../folders';

type Bench = (quick: boolean) => AsyncIterable<Figure> | Iterable<Figure>;
/** Loaded when asked for: a benchmark brings what it measures. */
const benches: Readonly<Record<string, () => Promise<{ readonly run: Bench }>>> = {
  decide: () => import('../bench/decide.bench.js'),
  features: () => import('../bench/features.bench.js'),
  backtest: () => import('../bench/backtest.bench.js'),
  'online-read': () => import('../bench/online-read.bench.js'),
  http: () => import('../bench/http.bench.js'),
  kafka: () => import('../bench/kafka.bench.js'),
  swap: () => import('../bench/swap.bench.js'),
  history: () => import('../bench/history.bench.js'),
  ...built({
    windows: 'libs/features/bench/windows.bench', state: 'libs/features/bench/state.bench', 'point-in-time': 'services/all-in-one/bench/point-in-time.bench', patterns: 'libs/patterns/bench/patterns.bench',
    rules: 'libs/rules/bench/rules.bench', explain: 'libs/models/bench/explain.bench', model: 'services/all-in-one/bench/model.bench',
  }),
};

/** Benchmarks that stand beside what they measure; those that are built. Not part of any library's face, they are found by their path. */
function built(pathByName: Readonly<Record<string, string>>): Record<string, () => Promise<{ readonly run: Bench }>> {
  const files = Object.entries(pathByName).map(([name, path]): [string, string] => [name, join(repositoryRoot(), 'dist', `${path}.js`)]);
  return Object.fromEntries(files.filter(([, file]) => existsSync(file)).map(([name, file]) => [name, async () => {
    const loaded: unknown = await import(file);
    if (typeof loaded !== 'object' || loaded === null || !('run' in loaded) || typeof loaded.run !== 'function') throw new TypeError(`${file} has no run`);
    return { run: loaded.run as Bench }; // every benchmark exports this
  }]));
}

/** Benchmarks: one JSON line per figure. */
export function registerBench(program: Command): void {
  program.command('bench').description(`benchmarks, a JSON line per figure: ${Object.keys(benches).join(', ')}`)
    .argument('<name>').option('--quick', 'ends within 40 s')
    .action(async (name: string, flags: { readonly quick?: boolean }) => {
      const load = benches[name];
      if (load === undefined) throw new WeirError('WEIR_USAGE', `there is no benchmark ${name}; there are ${Object.keys(benches).join(', ')}`);
      const { run } = await load();
      for await (const figure of run(flags.quick === true)) process.stdout.write(`${JSON.stringify(figure)}\n`);
    });
}
