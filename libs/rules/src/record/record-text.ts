import type { ByteReader, ByteWriter } from '@weir/contracts';

/** A text of a stored decision: its length and one, then UTF-8. Where half of a surrogate pair stands alone, which UTF-8 can't say, 0 and the text as JSON, likewise. */
export function writeText(writer: ByteWriter, value: string): void {
  if (writer.ascii(value, 1)) return;
  const isWhole = !/\p{Surrogate}/u.test(value);
  if (!isWhole) writer.varint(0);
  const utf8 = Buffer.from(isWhole ? value : JSON.stringify(value), 'utf8');
  writer.varint(utf8.length + 1);
  writer.raw(utf8);
}

export function readText(reader: ByteReader): string {
  const length = reader.varint();
  return length === 0 ? JSON.parse(readText(reader)) as string : reader.chars(length - 1);
}

export function skipText(reader: ByteReader): void {
  const length = reader.varint();
  if (length === 0) skipText(reader);
  else reader.skip(length - 1);
}
