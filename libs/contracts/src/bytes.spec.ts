import { ByteReader } from './byte-reader';
import { ByteWriter } from './byte-writer';

const integers = [0, 1, 127, 128, 300, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, 2 ** 52, Number.MAX_SAFE_INTEGER];
const signs = integers.slice(1).flatMap((integer) => [integer, -integer]);
const texts = ['', 'card-17', 'ü', '\ud800x', 'x'.repeat(130), '\ufeffa'];
const xs = '78'.repeat(130);

interface Kind<T> { readonly values: readonly T[]; readonly write: (writer: ByteWriter, value: T) => void; readonly read: (reader: ByteReader) => T; readonly hex: string }
/** `hex`: what stored states are made of. Other bytes need another format of all of them. */
const kindOf = <T>({ values, write, read, hex }: Kind<T>) => ({
  hex,
  pack: (): Uint8Array => { const writer = new ByteWriter(); for (const value of values) write(writer, value); return writer.take(); },
  check: (bytes: Uint8Array): void => { const reader = new ByteReader(bytes); expect(values.map(() => read(reader))).toEqual(values); expect(reader.done).toBe(true); },
});

const kinds = [
  ['integers without a sign', kindOf({ values: integers, write: (writer, value) => writer.varint(value), read: (reader) => reader.varint(), hex: '00017f8001ac02ff7f808001ffffffff07808080800885808080108080808080808008ffffffffffffff0f' })],
  ['integers of either sign', kindOf({ values: signs, write: (writer, value) => writer.signed(value), read: (reader) => reader.signed(), hex: '0203fe01ff0180028102d804d904feff01ffff01808002818002feffffff0fffffffff0f808080801081808080108a808080208b8080802080808080808080108180808080808010feffffffffffff1fffffffffffffff1f' })],
  ['integers in zigzag', kindOf({ values: signs.slice(0, -2), write: (writer, value) => writer.zigzag(value), read: (reader) => reader.zigzag(), hex: '0201fe01fd018002ff01d804d704feff01fdff01808002ffff01feffffff0ffdffffff0f8080808010ffffffff0f8a8080802089808080208080808080808010ffffffffffffff0f' })],
  ['doubles', kindOf({ values: [-1.5, Number.NaN, -0], write: (writer, value) => writer.double(value), read: (reader) => reader.double(), hex: 'bff80000000000007ff80000000000008000000000000000' })],
  ['doubles, lowest byte first', kindOf({ values: [-1.5, Number.NaN, -0], write: (writer, value) => writer.littleDouble(value), read: (reader) => reader.littleDouble(), hex: '000000000000f8bf000000000000f87f0000000000000080' })],
  ['texts', kindOf({ values: texts, write: (writer, value) => writer.text(value), read: (reader) => reader.text(), hex: `0007636172642d313702c3bc05ff00d878008201${xs}04efbbbf61` })],
] as const;

describe('packed bytes', () => {
  it.each(kinds)('of %s are these, and give them back', (_what, { hex, pack, check }) => {
    const bytes = pack();
    expect(Buffer.from(bytes).toString('hex')).toBe(hex);
    check(bytes);
  });

  it.each(kinds)('of %s that end early are refused', (_what, { pack, check }) => {
    const bytes = pack();
    expect(() => check(bytes.subarray(0, bytes.length - 1))).toThrow(expect.objectContaining({ code: 'WEIR_STORE_FAILED' }));
  });

  it('go on where they were: taken, the writer starts anew', () => {
    const writer = new ByteWriter();
    writer.block(new Uint8Array(5_000).fill(7));
    expect(writer.take()).toHaveLength(5_002);
    expect(writer.ascii('ab', 1)).toBe(true);
    expect(writer.ascii('ä')).toBe(false);
    writer.raw(Uint8Array.of(9));
    expect([...writer.written()]).toEqual([3, 97, 98, 9]);
  });

  it('are passed over, and never beyond their end', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3));
    reader.skip(2);
    expect(reader.byte()).toBe(3);
    expect(() => reader.skip(1)).toThrow('ends early, at byte 3');
  });
});
