import { crc32c, Reader, readRecordsBatch } from '@platformatic/kafka';
import type { NewRecord } from '@weir/ports';
import { forSeeds, type SeededRandom } from '@weir/testkit';
import { compressed, RecordBatchWriter, type BatchHead } from './record-batch';

const texts = ['', 'a', 'weir-origin', 'x'.repeat(63), 'x'.repeat(64), 'y'.repeat(300), 'é', '漢'.repeat(40), '🎉', '0-123456'] as const;
const sizes = [0, 1, 40, 57, 58, 59, 500, 8_170, 8_190, 70_000] as const;
const head: BatchHead = { producerId: 4_711n, producerEpoch: 3, firstSequence: 1_000, timestampMs: 1_700_000_000_123 };

const recordOf = (random: SeededRandom): NewRecord => ({
  key: random.chance(0.4) ? null : random.pick(texts), value: Uint8Array.from({ length: random.pick(sizes) }, (_, index) => index & 255),
  headers: Object.fromEntries(Array.from({ length: random.int(0, 4) }, () => [random.pick(texts), random.pick(texts)])),
});
/** As the client's library reads it. */
function readBack(batch: Buffer) {
  const read = readRecordsBatch(Reader.from(batch));
  return { ...read, records: read.records.map(({ key, value, headers, offsetDelta }) => ({ offsetDelta, key: key === null ? null : key.toString('utf8'), value: value?.toString('latin1'), headers: Object.fromEntries([...headers].map(([name, text]) => [String(name), String(text)])) })) };
}
const asRead = (records: readonly NewRecord[]) => records.map(({ key, value, headers }, offsetDelta) => ({ offsetDelta, key, value: Buffer.from(value).toString('latin1'), headers: { ...headers } }));

describe('A batch of records in Kafka\'s format', () => {
  it('is read by the client\'s library as it was written', () => {
    const writer = new RecordBatchWriter();
    forSeeds(40, (random) => {
      const records = Array.from({ length: random.int(1, 20) }, () => recordOf(random)), batch = writer.write(records, head), read = readBack(Buffer.from(batch));
      expect(read.records).toEqual(asRead(records));
      expect(read).toMatchObject({ firstOffset: 0n, attributes: 0, magic: 2, lastOffsetDelta: records.length - 1, firstTimestamp: BigInt(head.timestampMs), maxTimestamp: BigInt(head.timestampMs), producerId: 4_711n, producerEpoch: 3, firstSequence: 1_000 });
      expect([batch.readInt32BE(8), batch.readUInt32BE(17)]).toEqual([batch.length - 12, crc32c(batch.subarray(21))]);
    });
  });

  it.each(['gzip', 'zstd'] as const)('says that its records are packed by %s', async (compression) => {
    const records = Array.from({ length: 100 }, (_, index): NewRecord => ({ key: null, headers: { 'weir-origin': `0-${index}` }, value: Buffer.from('again and again '.repeat(20)) }));
    const plain = new RecordBatchWriter().write(records, head), packed = await compressed(plain, compression);
    expect(packed.length).toBeLessThan(plain.length / 5);
    expect([packed.readInt32BE(8), packed.readUInt32BE(17)]).toEqual([packed.length - 12, crc32c(packed.subarray(21))]);
    expect(readBack(packed).records).toEqual(asRead(records));
  });
});
