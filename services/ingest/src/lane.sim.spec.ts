import type { RawBody } from '@weir/contracts';
import { Clock } from '@weir/ports';
import { encodeRawBody, LaneRunner, runOffline, decodeRawRecord, type Chain } from '@weir/pipeline';
import { MemoryEventLog, MemoryOnlineStore } from '@weir/adapters/memory';
import { IngestStage } from './ingest-stage';
import { ChainStage, CountStage } from './testing/toy-stages';
import { describe as line, DurableSink, FaultyLog, FaultyStore, Faults, type Durable } from './testing/faults';
import { sampleBodies, seeded } from './testing/sample-lane';

class StepClock extends Clock {
  now = 1_735_800_000_000;
  override nowMs(): number { return (this.now += 40); }
}

const chain = (): Chain => ({ ingest: new IngestStage(), stages: [new CountStage(), new ChainStage()] });
const crashesMax = 2_000;

async function logOf(bodies: readonly RawBody[]): Promise<MemoryEventLog> {
  const log = new MemoryEventLog({ clock: new StepClock() });
  for (const body of bodies) await log.append('transactions.raw', 0, [encodeRawBody(body)]);
  return log;
}

interface World { readonly log: MemoryEventLog; readonly store: MemoryOnlineStore; readonly decisions: Durable; readonly history: Durable; readonly last: number }
const worldOf = async (log: MemoryEventLog): Promise<World> => ({ log, store: new MemoryOnlineStore(), decisions: { lines: [] }, history: { lines: [] }, last: (await log.bounds('transactions.raw', 0)).next - 1 });

/** One life of the process: until it crashes, or until the lane is through and the state published. True when it came through. */
async function live(world: World, faults: Faults, batchMax: number): Promise<boolean> {
  const runner = new LaneRunner({
    lane: 0, log: new FaultyLog(world.log, faults), store: new FaultyStore(world.store, faults), chain: chain(), clock: new StepClock(),
    sinks: [new DurableSink('decisions', world.decisions, faults), new DurableSink('history', world.history, faults)],
    batchMax, checkpointRecords: 20, checkpointMs: 1_000_000, idleWaitMs: 1, retryPauseMs: 0,
  });
  try {
    await runner.start();
    await runner.reached(world.last);
    await runner.stop();
    return true;
  } catch {
    faults.crashed = true;
    await runner.stop({ checkpoint: false }).catch(() => undefined);
    return false;
  }
}

const stateOf = (store: MemoryOnlineStore): string[] => [...store.scanSync(0, '')].map(([key, value]) => `${key} ${Buffer.from(value).toString('hex')}`);

/** What must come out: the same records offline, one by one; and the state of a run without faults. */
async function expectedOf(log: MemoryEventLog): Promise<{ lines: string[]; state: string[] }> {
  const records = (await log.read('transactions.raw', 0, 0, 1_000_000)).map((record) => decodeRawRecord(0, record));
  const lines: string[] = [];
  for await (const batch of runOffline(chain(), records, { batchMax: 1 })) lines.push(...batch.outcomes.map(line));
  const world = await worldOf(log);
  expect(await live(world, new Faults(-1), 1)).toBe(true);
  return { lines, state: stateOf(world.store) };
}

function expectSame(world: World, expected: { lines: string[]; state: string[] }): void {
  expect(world.decisions.lines.map(([, text]) => text)).toEqual(expected.lines);
  expect(world.history.lines.map(([, text]) => text)).toEqual(expected.lines);
  expect(stateOf(world.store)).toEqual(expected.state);
}

describe('A lane that dies', () => {
  it('at any one step, loses nothing, does nothing twice, and has the state of a rebuild', async () => {
    const log = await logOf(sampleBodies(7, 90));
    const expected = await expectedOf(log);
    let crashAt = 1;
    for (; crashAt < crashesMax; crashAt++) {
      const world = await worldOf(log);
      if (await live(world, new Faults(crashAt), 9)) break;
      expect([crashAt, await live(world, new Faults(-1), 4)]).toEqual([crashAt, true]);
      expectSame(world, expected);
    }
    expect(crashAt).toBeGreaterThan(40);
    expect(crashAt).toBeLessThan(crashesMax);
  });

  it.each([1, 2, 3, 4, 5, 6])('again and again (seed %d), with passing faults between and batches of any size, comes to the same', async (seed) => {
    const random = seeded(seed);
    const log = await logOf(sampleBodies(seed, 300));
    const expected = await expectedOf(log);
    const world = await worldOf(log);
    for (let life = 0; life < crashesMax; life++) {
      const retriable = new Set(Array.from({ length: 5 }, () => 1 + Math.floor(random() * 60)));
      const crashAt = life < 12 ? 1 + Math.floor(random() * 60) : -1;
      if (await live(world, new Faults(crashAt, retriable), 1 + Math.floor(random() * 40))) break;
    }
    expectSame(world, expected);
  });
});
