import { join } from 'node:path';
import { simulate } from '@weir/simulator';
import type { SubmittedRow } from '@weir/gateway';
import type { Outcome } from '@weir/pipeline';
import { applyFolder } from '../commands/up';
import { repositoryRoot } from '../folders';
import { OutcomePacker } from '../history/outcome-block';
import { openBenchSuite } from './bench-suite';
import { cpuMicros, round, type Figure } from './figures';

const rowsPerBatch = 1_024, decidedWaitMs = 120_000;

/** What history costs: CPU of its thread per record with a decision, bytes of a record, and what the lanes' own thread pays for it. */
export async function* run(quick: boolean): AsyncGenerator<Figure> {
  const bench = await openBenchSuite();
  try {
    await applyFolder(bench.suite, join(repositoryRoot(), 'examples', 'definitions'));
    const { history } = bench.suite;
    if (history === undefined) throw new Error('the suite keeps no history');
    const count = quick ? 60_000 : 300_000, events = simulate({ days: 3_650, customers: 20_000, terminals: 10_000, seed: 'history' })[Symbol.iterator]();
    const send = async (rows: number): Promise<void> => {
      for (let sent = 0; sent < rows; sent += rowsPerBatch) {
        const batch: SubmittedRow[] = [];
        while (batch.length < rowsPerBatch) { const event = { ...events.next().value?.event }; batch.push({ json: JSON.stringify(event), event, receivedAtMs: undefined, idempotency: undefined }); }
        await bench.suite.edge.submit(batch, { source: undefined, wait: 'decided', deadlineMs: decidedWaitMs });
      }
      await bench.suite.flushHistory();
    };
    await send(count / 3);
    const before = history.cpuMicros, [laneBefore] = await history.lanes();
    await send(count);
    const [lane] = await history.lanes(), records = (lane?.last ?? 0) - (laneBefore?.last ?? 0);
    const work = `records of the log with decisions of ${[...bench.suite.definitions.set.views.values()].reduce((sum, view) => sum + view.features.length, 0)} features into Parquet, by the thread that writes them`;
    yield { bench: 'history', metric: 'cpu_per_item', value: round((history.cpuMicros - before) / records), unit: 'us', n: records, work };
    yield { bench: 'history', metric: 'bytes_per_record', value: round(((lane?.bytes ?? 0) - (laneBefore?.bytes ?? 0)) / records), unit: 'B', n: records, work };
    const packer = new OutcomePacker(), decided = { kind: 'event', verdict: {} } as unknown as Outcome, rounds = 2_000_000; // all that the packer looks at
    const lanesBefore = cpuMicros();
    for (let at = 0; at < rounds; at++) {
      packer.add(decided, () => []);
      if (packer.count === 60_000) packer.take();
    }
    yield { bench: 'history', metric: 'lane_cpu_per_item', value: round((cpuMicros() - lanesBefore) / rounds), unit: 'us', n: rounds, work: 'what a decided record costs the thread of the lanes: its outcome noted, and packed at checkpoints' };
  } finally {
    await bench.stop();
  }
}
