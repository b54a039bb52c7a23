import { join } from 'node:path';
import { applyFolder } from '../commands/up';
import { repositoryRoot } from '../folders';
import { openBenchSuite, type BenchSuite } from './bench-suite';
import { steady, takeRows } from './decide.bench';
import { latencyFigures, round, threadCpuMicros, type Figure } from './figures';

const perSecond = 500;
/** Decisions that are read a second, each another one. */
const readsPerSecond = 100;
const readsUnderWayMax = 20;
const idsMax = 200;

/**
 * Decisions of those who ask for no reasons, at a steady rate: while nobody asks, while somebody reads decisions, and while somebody reads as many with the
 * contributions of their model. CPU is that of the thread that decides, the reader's own requests in it; what contributions cost it is the difference of the last two.
 */
export async function* explanationsBeside(quick: boolean): AsyncGenerator<Figure> {
  const bench = await openBenchSuite(), rows = takeRows(perSecond * (quick ? 16 : 60)), part = Math.floor(rows.length / 5);
  try {
    await applyFolder(bench.suite, join(repositoryRoot(), 'examples', 'definitions'));
    await steady(bench.suite, rows.slice(0, part), perSecond);
    const read = await decisionsOf(bench);
    const phases: ReadonlyArray<readonly [name: string, path: ((number: number) => string) | undefined]> = [
      ['nobody asks for reasons', undefined], ['decisions are read without contributions', () => '/decisions?limit=1'],
      ['decisions are read with contributions', (number) => `/decisions/${read[number % read.length]?.id ?? ''}`], ['nobody asks again', undefined],
    ];
    for (const [index, [name, path]] of phases.entries()) yield* phase(bench, { name, path, rows: rows.slice(part * (index + 1), part * (index + 2)) });
  } finally {
    await bench.stop();
  }
}

async function* phase(bench: BenchSuite, { name, path, rows }: { readonly name: string; readonly path: ((number: number) => string) | undefined; readonly rows: readonly string[] }): AsyncGenerator<Figure> {
  const reader = path && new Reader(bench, path), cpu = threadCpuMicros() ?? 0;
  const latenciesMs = await steady(bench.suite, rows, perSecond);
  const micros = (threadCpuMicros() ?? 0) - cpu, read = await reader?.stop();
  const work = `decisions at ${perSecond}/s, ${name}${read === undefined ? '' : ` (${read.answered} reads, ${read.explained} with contributions)`}`;
  yield { bench: 'model', metric: 'main_thread_cpu_per_item', value: round(micros / rows.length), unit: 'us', n: rows.length, work };
  yield* latencyFigures('model', latenciesMs, work);
}

/** Reads decisions at a steady rate, until it is stopped. */
class Reader {
  private readonly read = { answered: 0, explained: 0 };
  private readonly under = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  private asked = 0;

  constructor(private readonly bench: BenchSuite, private readonly path: (number: number) => string) {
    this.timer = setInterval(() => {
      if (this.under.size >= readsUnderWayMax) return;
      const reading: Promise<void> = this.ask(this.asked++).finally(() => this.under.delete(reading));
      this.under.add(reading);
    }, 1_000 / readsPerSecond);
  }

  async stop(): Promise<{ readonly answered: number; readonly explained: number }> {
    clearInterval(this.timer);
    await Promise.all(this.under);
    return this.read;
  }

  private async ask(number: number): Promise<void> {
    const { model } = await asked(this.bench, this.path(number)) as { readonly model?: { readonly contributions?: unknown } | null };
    this.read.answered += 1;
    if (model?.contributions !== undefined) this.read.explained += 1;
  }
}

async function decisionsOf(bench: BenchSuite): Promise<ReadonlyArray<{ readonly id: string }>> {
  return (await asked(bench, `/decisions?limit=${idsMax}`) as { readonly decisions: ReadonlyArray<{ readonly id: string }> }).decisions;
}

/** @throws Error where it is refused: then nothing is measured. */
async function asked(bench: BenchSuite, path: string): Promise<unknown> {
  const response = await fetch(`${bench.url}${path}`, { headers: { authorization: `Bearer ${bench.key}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}
