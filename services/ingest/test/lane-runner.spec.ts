import type { EventItem, LaneItem, RawRecord } from '@weir/contracts';
import { Clock, type LogRecord } from '@weir/ports';
import { MemoryEventLog, MemoryOnlineStore } from '@weir/adapters/memory';
import { encodeRawBody, LaneRunner, startTicks, type Chain, type LaneRunnerOptions, type Outcome, type Sink, type Stage, type TakenBatch } from '@weir/pipeline';

class SteppedClock extends Clock {
  now = 0;
  override nowMs(): number { return this.now++; }
}

const time = { clockMs: 0, watermarkMsBySource: new Map<string, number>() };
/** Takes events by the first letter of their text: `d` is a duplicate, `x` is degraded by the last stage, anything else is an event. */
class LetterStage implements Stage<RawRecord, Outcome> {
  readonly name = 'ingest';
  taken = 0;
  process(batch: readonly RawRecord[]): Outcome[] {
    return batch.map((record): Outcome => {
      this.taken++;
      const json = record.body.kind === 'event' ? record.body.json : '';
      if (json.startsWith('d')) return { kind: 'duplicate', lane: 0, offset: record.offset, firstOffset: 0, id: json, source: 's', replyTo: undefined };
      if (record.body.kind !== 'event') return { kind: 'tick', lane: 0, offset: record.offset, receivedAtMs: 0, time, matches: [] };
      return { kind: 'event', lane: 0, offset: record.offset, receivedAtMs: 0, time, event: { source: 's', id: json, timeMs: 0, reportedTimeMs: 0, receivedAtMs: 0, values: [], marks: [], extra: undefined }, decide: true, late: false, replyTo: undefined, vector: undefined, profiles: undefined, positions: undefined, matches: [], patternsKeyed: [], verdict: undefined };
    });
  }
  simulate(): Outcome { throw new Error('not asked'); }
  takeChanges(): Iterable<readonly [string, Uint8Array]> { return [['ingest/taken', Uint8Array.of(this.taken)]]; }
  restore(): Promise<void> { return Promise.resolve(); }
}
/** Waits until it is let go, so that a test sees who works meanwhile. */
class HeldStage implements Stage<LaneItem, LaneItem> {
  readonly name = 'held';
  readonly held: Array<() => void> = [];
  free = true;
  process(batch: readonly LaneItem[]): LaneItem[] | Promise<LaneItem[]> {
    for (const item of batch) if (item.kind === 'event' && item.event.id.startsWith('x')) item.verdict = { degraded: true } as NonNullable<EventItem['verdict']>;
    return this.free ? [...batch] : new Promise((resolve) => this.held.push(() => resolve([...batch])));
  }
  simulate(input: LaneItem): LaneItem { return input; }
  takeChanges(): Iterable<readonly [string, Uint8Array]> { return []; }
  restore(): Promise<void> { return Promise.resolve(); }
}
class CollectingSink implements Sink<TakenBatch> {
  readonly name = 'collected';
  readonly lines: string[] = [];
  hold: Promise<void> = Promise.resolve();
  take(batch: TakenBatch): TakenBatch { return batch; }
  async write(batches: readonly TakenBatch[]): Promise<void> {
    await this.hold;
    for (const { records } of batches) this.lines.push(...records.map(textOf));
  }
}
const textOf = ({ body }: RawRecord): string => (body.kind === 'event' ? body.json : body.kind);
const record = (text: string): ReturnType<typeof encodeRawBody> => encodeRawBody({ kind: 'event', source: 's', json: text, receivedAtMs: undefined, idempotency: undefined, replyTo: undefined });
const turns = async (): Promise<void> => { for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve)); };

interface World { readonly log: MemoryEventLog; readonly store: MemoryOnlineStore; readonly sink: CollectingSink; readonly held: HeldStage; readonly ingest: LetterStage; readonly runner: LaneRunner; append(...texts: string[]): Promise<void> }
async function world(options: Partial<LaneRunnerOptions> = {}, texts: readonly string[] = []): Promise<World> {
  const clock = new SteppedClock(), log = new MemoryEventLog({ clock }), store = new MemoryOnlineStore(), sink = new CollectingSink(), held = new HeldStage(), ingest = new LetterStage();
  const chain: Chain = { ingest, stages: [held] };
  const append = async (...more: string[]): Promise<void> => { await log.append('transactions.raw', 0, more.map(record)); };
  if (texts.length > 0) await append(...texts);
  return { log, store, sink, held, ingest, append, runner: new LaneRunner({ lane: 0, log, store, chain, sinks: [sink], clock, idleWaitMs: 5, checkpointMs: 1e9, retryPauseMs: 0, ...options }) };
}

describe('A lane that runs', () => {
  it('takes what has arrived, in order, and publishes its position when it stops', async () => {
    const { runner, sink, store, append } = await world({}, ['a', 'b']);
    await runner.start();
    await append('c');
    await runner.reached(2);
    expect([sink.lines, await store.position(0)]).toEqual([['a', 'b', 'c'], -1]);
    await runner.stop();
    expect([await store.position(0), store.readSync(0, ['ingest/taken'])[0]?.[0]]).toEqual([2, 3]);
    await runner.done();
  });

  it('lets a stage work on while the next is busy, and holds back what is too much', async () => {
    const { runner, held, ingest, sink } = await world({ batchMax: 1, batchesInFlightMax: 3 }, ['a', 'b', 'c', 'd', 'e', 'f']);
    held.free = false;
    await runner.start();
    await turns();
    expect([ingest.taken, held.held.length]).toEqual([3, 1]);
    held.held.shift()?.();
    await turns();
    expect([ingest.taken, sink.lines]).toEqual([4, ['a']]);
    held.free = true;
    held.held.shift()?.();
    await runner.reached(5);
    expect(sink.lines).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    await runner.stop();
  });

  it('answers at once what its log alone decides, and what else once every sink has it', async () => {
    const answers: string[] = [];
    const { runner, sink } = await world({ reply: (outcomes) => answers.push(outcomes.map((outcome) => outcome.offset).join(' ')) }, ['a', 'd', 'x', 'b']);
    let release = (): void => undefined;
    sink.hold = new Promise((resolve) => { release = resolve; });
    await runner.start();
    await turns();
    expect(answers).toEqual(['0 3']);
    release();
    await runner.reached(3);
    expect(answers).toEqual(['0 3', '1 2']);
    await runner.stop();
  });

  it('gathers what comes while a sink writes', async () => {
    const { runner, sink } = await world({ batchMax: 1, batchesInFlightMax: 10 }, ['a', 'b', 'c', 'e']);
    const calls: number[] = [], write = sink.write.bind(sink);
    sink.write = async (batches) => { calls.push(batches.length); await turns(); await write(batches); };
    await runner.start();
    await runner.reached(3);
    expect([calls[0], calls.reduce((sum, count) => sum + count, 0), calls.length < 4]).toEqual([1, 4, true]);
    await runner.stop();
  });

  it('has what a sink needs of a batch taken at once, also while the sink is busy with another one', async () => {
    const { runner, sink } = await world({ batchMax: 1, batchesInFlightMax: 10 }, ['a', 'b', 'c']);
    const taken: string[] = [];
    let release = (): void => undefined;
    sink.hold = new Promise((resolve) => { release = resolve; });
    sink.take = (batch) => { taken.push(...batch.records.map(textOf)); return batch; };
    await runner.start();
    await turns();
    expect([taken, sink.lines]).toEqual([['a', 'b', 'c'], []]);
    release();
    await runner.reached(2);
    expect([taken, sink.lines]).toEqual([['a', 'b', 'c'], ['a', 'b', 'c']]);
    await runner.stop();
  });

  it('stops, and says why, when another owner has published', async () => {
    const { runner, store } = await world({}, ['a']);
    await runner.start();
    await runner.reached(0);
    await store.publish(0, 0, []);
    await expect(runner.checkpoint()).rejects.toMatchObject({ code: 'WEIR_FENCED' });
    await expect(runner.done()).rejects.toMatchObject({ code: 'WEIR_FENCED' });
  });

  it('stops when a stage fails, and publishes nothing behind it', async () => {
    const { runner, held, store } = await world({ batchMax: 1, checkpointRecords: 1 }, ['a', 'b', 'c']);
    const process = held.process.bind(held);
    held.process = (batch) => { if (batch[0]?.offset === 1) throw new Error('broken'); return process(batch); };
    await runner.start();
    await expect(runner.reached(2)).rejects.toThrow('broken');
    await expect(runner.done()).rejects.toThrow('broken');
    await expect(runner.stop()).rejects.toThrow('broken');
    expect(await store.position(0)).toBe(0);
  });

  it('reads from history what the log no longer holds', async () => {
    const all = ['a', 'b', 'c', 'e'], { runner, log, sink } = await world({
      older: (from, max) => Promise.resolve(all.slice(from, Math.min(from + max, 2)).map((text, index): LogRecord => ({ ...record(text), offset: from + index, appendedAtMs: 0 }))),
    }, all);
    log.bounds = () => Promise.resolve({ first: 2, next: 4 });
    await runner.start();
    await runner.reached(3);
    expect(sink.lines).toEqual(all);
    await runner.stop();
  });

  it('refuses a log that ends before its state, and one that begins behind it', async () => {
    const ahead = await world({}, ['a']);
    await ahead.store.publish(0, 5, []);
    await expect(ahead.runner.start()).rejects.toThrow('ends at 1');
    const behind = await world({}, ['a', 'b']);
    behind.log.bounds = () => Promise.resolve({ first: 1, next: 2 });
    await expect(behind.runner.start()).rejects.toThrow('rebuild it from history');
  });
});

describe('Ticks', () => {
  it('are written into a lane that is idle, and into no other', async () => {
    const clock = new SteppedClock(), log = new MemoryEventLog({ clock, lanes: 2 });
    await log.append('transactions.raw', 0, [record('a')]);
    const ticks = startTicks({ log, lanes: [0], clock, idleMs: 4 });
    while ((await log.bounds('transactions.raw', 0)).next < 3) await log.wait('transactions.raw', 0, 2, 10_000);
    await ticks.stop();
    const kinds = (await log.read('transactions.raw', 0, 0, 3)).map(({ headers }) => headers['weir-kind'] ?? 'event');
    expect([kinds, (await log.bounds('transactions.raw', 1)).next]).toEqual([['event', 'tick', 'tick'], 0]);
  });
});
