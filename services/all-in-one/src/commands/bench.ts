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
};

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
