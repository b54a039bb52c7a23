import type { Sink, TakenBatch } from './sink';
import { SinkQueue } from './sink-queue';

const batchOf = (offset: number): TakenBatch => ({ lane: 0, records: [{ lane: 0, offset, appendedAtMs: 0, body: { kind: 'tick' } }], outcomes: [], stageMs: {}, takenAtMs: 0 });

/** Takes the batches that begin at an even offset, and writes when it is told to. */
class EvenSink implements Sink<number> {
  readonly name = 'even';
  readonly calls: Array<{ readonly offsets: readonly number[]; readonly done: () => void; readonly failed: (error: Error) => void }> = [];
  take({ records }: TakenBatch): number | undefined { const offset = records[0]?.offset ?? 1; return offset % 2 === 0 ? offset : undefined; }
  write(taken: readonly number[]): Promise<void> { return new Promise((done, failed) => { this.calls.push({ offsets: taken, done, failed }); }); }
}

const turn = (): Promise<void> => new Promise((resume) => { setImmediate(resume); });

describe('the queue of a sink', () => {
  it('is through with a batch only behind those before it, also where it needs nothing of it', async () => {
    const sink = new EvenSink(), queue = new SinkQueue(sink, -1, (work) => work()), through: number[] = [];
    for (const offset of [1, 2, 3, 4, 5]) void queue.write(batchOf(offset)).then(() => through.push(offset));
    await turn();
    expect(through).toEqual([1]);
    sink.calls[0]?.done();
    await turn();
    expect(through).toEqual([1, 2, 3]);
    sink.calls[1]?.done();
    await turn();
    expect([through, sink.calls.map(({ offsets }) => offsets)]).toEqual([[1, 2, 3, 4, 5], [[2], [4]]]);
  });

  it('fails what comes behind a batch that could not be written, though it needs nothing of it', async () => {
    const sink = new EvenSink(), queue = new SinkQueue(sink, -1, (work) => work()), writes = [2, 3].map((offset) => queue.write(batchOf(offset)));
    sink.calls[0]?.failed(new Error('no room'));
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
