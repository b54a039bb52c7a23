import { eventLogContract } from '@weir/ports/testing';
import type { NewRecord } from '@weir/ports';
import { freshName } from '../testing-servers';
import type { KafkaEventLog, KafkaOptions } from './index';

const record = (text: string, bytes?: number): NewRecord => ({ key: null, headers: {}, value: bytes === undefined ? new TextEncoder().encode(text) : new Uint8Array(bytes).fill(text.charCodeAt(0)) });
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

/** What every client of Kafka must do beside the contract of a log. */
export function kafkaLogSuite(broker: string, open: (options: KafkaOptions) => KafkaEventLog): void {
  const options = (more: Partial<KafkaOptions> = {}): KafkaOptions => ({ brokers: [broker], lanes: 2, prefix: `${freshName('weir')}.`, ...more });

  eventLogContract(() => {
    const settings = options();
    const log = open(settings);
    return Promise.resolve({
      log,
      reopen: async () => {
        await log.close();
        return open(settings);
      },
    });
  });

  it('stamps records with the time the broker appended them, and finds an offset by it', async () => {
    const log = open(options());
    const { appendedAtMs } = await log.append('transactions.raw', 0, [record('a'), record('b')]);
    const read = await log.read('transactions.raw', 0, 0, 10);
    expect(read.map((each) => each.appendedAtMs)).toEqual([appendedAtMs, appendedAtMs]);
    expect(Math.abs(Date.now() - appendedAtMs)).toBeLessThan(60_000);
    expect(await log.offsetAt('transactions.raw', 0, appendedAtMs)).toBe(0);
    expect(await log.offsetAt('transactions.raw', 0, appendedAtMs + 1)).toBe(2);
    await log.close();
  });

  it('reads a long log in order, in pieces of any size, while it grows', async () => {
    const log = open(options({ fetchBytesMax: 100_000 }));
    const batches = 40, size = 250;
    const appending = (async () => {
      for (let batch = 0; batch < batches; batch += 1) await log.append('transactions.raw', 1, Array.from({ length: size }, (_, index) => record(String(batch * size + index))));
    })();
    let next = 0;
    for (let turn = 1; next < batches * size; turn += 1) {
      const read = await log.read('transactions.raw', 1, next, 1 + ((turn * 37) % 400));
      for (const each of read) {
        expect([each.offset, text(each.value)]).toEqual([next, String(next)]);
        next += 1;
      }
      if (read.length === 0) await log.wait('transactions.raw', 1, next, 1_000);
    }
    await appending;
    await log.close();
  });

  it('serves readers at different places, each its own', async () => {
    const log = open(options());
    await log.append('transactions.raw', 0, Array.from({ length: 300 }, (_, index) => record(String(index))));
    await Promise.all([0, 50, 299, 120].map(async (from) => {
      let next = from;
      while (next < 300) for (const each of await log.read('transactions.raw', 0, next, 17)) expect(text(each.value)).toBe(String(next++));
    }));
    await log.close();
  });

  it.each(['gzip', 'zstd'] as const)('writes and reads %s', async (compression) => {
    const log = open(options({ compression }));
    await log.append('transactions.raw', 0, Array.from({ length: 100 }, (_, index) => record(String(index))));
    expect((await log.read('transactions.raw', 0, 0, 1_000)).map(({ value }) => text(value))).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
    await log.close();
  });

  it('takes a large append as one, and refuses what is beyond the limit', async () => {
    const log = open(options());
    const { firstOffset } = await log.append('transactions.raw', 0, Array.from({ length: 6 }, () => record('x', 1_000_000)));
    expect(firstOffset).toBe(0);
    let read = 0;
    while (read < 6) read += (await log.read('transactions.raw', 0, read, 2)).length;
    await expect(log.append('transactions.raw', 0, Array.from({ length: 34 }, () => record('x', 1_000_000)))).rejects.toMatchObject({ code: 'WEIR_LIMIT_REACHED', retriable: false });
    await log.close();
  });

  it('refuses topics with another number of partitions', async () => {
    const settings = options();
    const log = open(settings), other = open({ ...settings, lanes: 3 });
    await log.bounds('transactions.raw', 0);
    await expect(other.bounds('transactions.raw', 0)).rejects.toMatchObject({ code: 'WEIR_LOG_FAILED', message: expect.stringContaining('2 partitions') });
    await log.close();
    await other.close();
  });

  it('says how far each lane is behind', async () => {
    const log = open(options());
    await log.append('transactions.raw', 1, [record('a'), record('b'), record('c')]);
    expect(await log.lags('transactions.raw', [-1, 0])).toEqual([0, 2]);
    await log.close();
  });

  it('fails with an error that may be tried again, when no broker answers', async () => {
    const log = open(options({ brokers: ['127.0.0.1:1'], retriesMax: 0, requestTimeoutMs: 200 }));
    await expect(log.append('transactions.raw', 0, [record('a')])).rejects.toMatchObject({ code: 'WEIR_LOG_FAILED', retriable: true });
    await log.close();
  });

  describe('a fenced topic', () => {
    it('goes on after gaps, which readers pass over', async () => {
      const log = open(options());
      for (const word of ['a', 'b', 'c']) await log.append('decisions', 0, [record(`${word}1`), record(`${word}2`)]);
      const read: string[] = [];
      let next = 0;
      // What is committed shows when its marker is written, a moment after the append.
      for (let attempt = 0; attempt < 1_000 && read.length < 6; attempt += 1) {
        for (const each of await log.read('decisions', 0, next, 3)) {
          expect(each.offset).toBeGreaterThanOrEqual(next);
          next = each.offset + 1;
          read.push(text(each.value));
        }
        if (read.length < 6) await log.wait('decisions', 0, next, 100);
      }
      expect(read).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
      await log.close();
    });

    it('refuses the owner before, as soon as a new one has claimed the lane, and for good', async () => {
      const settings = options();
      const old = open(settings), owner = open(settings);
      await old.append('decisions', 0, [record('old')]);
      await old.append('decisions', 1, [record('other lane')]);
      await owner.claim(0);
      for (let attempt = 0; attempt < 2; attempt += 1) await expect(old.append('decisions', 0, [record('late')])).rejects.toMatchObject({ code: 'WEIR_FENCED', retriable: false });
      await owner.append('decisions', 0, [record('new')]);
      await old.append('decisions', 1, [record('still mine')]);
      const read: string[] = [];
      let next = 0;
      for (let attempt = 0; attempt < 1_000 && read.length < 2; attempt += 1) {
        for (const each of await owner.read('decisions', 0, next, 9)) { read.push(text(each.value)); next = each.offset + 1; }
        if (read.length < 2) await owner.wait('decisions', 0, next, 100);
      }
      expect(read).toEqual(['old', 'new']);
      await old.close();
      await owner.close();
    });
  });
}
