import { join } from 'node:path';
import { applyFolder } from '../commands/up';
import { repositoryRoot } from '../folders';
import { openBenchSuite } from './bench-suite';
import { rssMb, type Figure } from './figures';
import { measured } from './online-read.bench';

/** `POST /transactions` over kept-alive connections through the whole suite, with the example definitions and model: throughput with 64 under way, latencies at half of it. */
export async function* run(quick: boolean): AsyncGenerator<Figure> {
  const bench = await openBenchSuite();
  try {
    await applyFolder(bench.suite, join(repositoryRoot(), 'examples', 'definitions'));
    const { set } = bench.suite.definitions;
    const work = `POST /transactions, keep-alive, ${[...set.views.values()].reduce((sum, view) => sum + view.features.length, 0)} features, ${set.rules.size} rules, ${set.models.size} model; client in another process on the same machine`;
    yield* measured('http', {
      kind: 'http-transactions', target: bench.url, key: bench.key, inFlight: 64, perSecond: undefined, warmMs: quick ? 3_000 : 5_000, measureMs: quick ? 8_000 : 20_000, entitiesPerRead: 0, entities: 0, run: 'bench',
    }, work);
    yield { bench: 'http', metric: 'rss', value: rssMb(), unit: 'MB', n: 1, work };
  } finally {
    await bench.stop();
  }
}
