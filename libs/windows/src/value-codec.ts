import type { ByteReader, ByteWriter, Value } from '@weir/contracts';

/** One value of any kind: a tag, then what it needs. */
export function encodeValue(writer: ByteWriter, value: Value): void {
  if (value === null) writer.byte(0);
  else if (value === false) writer.byte(1);
  else if (value === true) writer.byte(2);
  else if (typeof value === 'string') { writer.byte(3); writer.text(value); }
  else if (Number.isSafeInteger(value)) { writer.byte(4); writer.signed(value + 0); }
  else { writer.byte(5); writer.double(value); }
}

export function decodeValue(reader: ByteReader): Value {
  const tag = reader.byte();
  switch (tag) {
    case 1: return false;
    case 2: return true;
    case 3: return reader.text();
    case 4: return reader.signed();
    case 5: return reader.double();
    default: return null;
  }
}

/** A value that is known to be a number. */
export function decodeNumber(reader: ByteReader): number {
  return reader.byte() === 4 ? reader.signed() : reader.double();
}
