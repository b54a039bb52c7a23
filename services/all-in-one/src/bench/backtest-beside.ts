import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../client';
import { applyFolder } from '../commands/up';
import { objectOf } from '../commands/remote';
import { repositoryRoot } from '../folders';
import { openBenchSuite } from './bench-suite';
import { flood, steady, takeRows } from './decide.bench';
import { latencyFigures, round, type Figure } from './figures';

const pollEveryMs = 100;
/** What a careful analyst would try: a threshold of one rule. */
const changed = { kind: 'Rule', name: 'large_amount', when: 'tx.amount > 50000', weight: 0.35 };

/**
 * A back-test beside live traffic: latencies of a steady stream alone and while back-tests run over what the suite has decided, one after the other; and
 * how fast such a back-test is when nothing else runs.
 */
export async function* besideLive(quick: boolean): AsyncGenerator<Figure> {
  const history = quick ? 30_000 : 300_000, perSecond = quick ? 1_000 : 2_000, seconds = quick ? 5 : 20;
  const bench = await openBenchSuite();
  try {
    await applyFolder(bench.suite, join(repositoryRoot(), 'examples', 'definitions'));
    const rows = takeRows(history + 2 * seconds * perSecond);
    await flood(bench.suite, rows.slice(0, history));
    const client = new Client({ url: bench.url }, { WEIR_API_KEY: bench.key });
    const alone = await runOne(client);
    const work = `a rule changed, over ${alone.decisions} stored decisions of a suite, features and matches as recorded, in a process of its own; each decided again and compared: ${alone.same} the same`;
    yield { bench: 'backtest', metric: 'throughput', value: round(alone.decisions / alone.seconds), unit: '/s', n: alone.decisions, work };
    yield { bench: 'backtest', metric: 'cpu_per_item', value: round(alone.cpuMicros / alone.decisions), unit: 'us', n: alone.decisions, work: `${work}; the start of its process included` };
    const half = seconds * perSecond;
    yield* latencyFigures('backtest', await steady(bench.suite, rows.slice(history, history + half), perSecond), `live traffic at ${perSecond}/s, alone`);
    const busy = { over: false, count: 0 };
    const running = (async () => { for (; !busy.over; busy.count += 1) await runOne(client); })();
    const beside = await steady(bench.suite, rows.slice(history + half), perSecond);
    busy.over = true;
    await running;
    yield* latencyFigures('backtest', beside, `live traffic at ${perSecond}/s beside back-tests, ${busy.count} of them one after the other`);
  } finally {
    await bench.stop();
  }
}

/** One back-test of the suite's own log; seconds from its start to its report. */
async function runOne(client: Client): Promise<{ readonly decisions: number; readonly same: number; readonly seconds: number; readonly cpuMicros: number }> {
  const startedAtMs = performance.now();
  let state = objectOf(await client.json('POST', '/backtests', { documents: [changed], segment: 'country' }));
  while (state['status'] === 'running') {
    await pause(pollEveryMs);
    state = objectOf(await client.json('GET', `/backtests/${String(state['id'])}`));
  }
  const report = objectOf(state['report']);
  return { decisions: Number(report['decisions']), same: Number(objectOf(report['parity'])['same']), cpuMicros: 1_000 * Number(report['cpu_ms']), seconds: (performance.now() - startedAtMs) / 1_000 };
}
