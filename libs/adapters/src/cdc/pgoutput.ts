/**
 * PostgreSQL's logical replication messages (pgoutput, protocol version 1), values as the text the server sends.
 * @source https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */
export interface Relation { readonly oid: number; readonly schema: string; readonly table: string; readonly columns: ReadonlyArray<{ readonly name: string; readonly isKey: boolean; readonly typeOid: number }> }
/** A value's text, null, or undefined where it was not sent: a large value that did not change, or a column outside the replica identity. */
export type Tuple = ReadonlyArray<string | null | undefined>;
export type Message =
  | { readonly kind: 'begin'; readonly commitLsn: bigint; readonly commitTimeMs: number; readonly xid: number }
  | { readonly kind: 'commit'; readonly endLsn: bigint }
  | { readonly kind: 'relation'; readonly relation: Relation }
  | { readonly kind: 'insert'; readonly relationOid: number; readonly after: Tuple }
  | { readonly kind: 'update'; readonly relationOid: number; readonly before: Tuple | undefined; readonly after: Tuple }
  | { readonly kind: 'delete'; readonly relationOid: number; readonly before: Tuple }
  | { readonly kind: 'truncate'; readonly relationOids: readonly number[] }
  | { readonly kind: 'other' };

/** Between 1970 and 2000. */
export const epochOffsetMs = 946_684_800_000;

export function decodeMessage(bytes: Buffer): Message {
  const reader = new Reader(bytes);
  switch (reader.char()) {
    case 'B': return { kind: 'begin', commitLsn: reader.int64(), commitTimeMs: Math.floor(Number(reader.int64()) / 1_000) + epochOffsetMs, xid: reader.int32() };
    case 'C': {
      reader.skip(1 + 8);
      return { kind: 'commit', endLsn: reader.int64() };
    }
    case 'R': return { kind: 'relation', relation: readRelation(reader) };
    case 'I': {
      const relationOid = reader.int32();
      reader.skip(1);
      return { kind: 'insert', relationOid, after: readTuple(reader) };
    }
    case 'U': {
      const relationOid = reader.int32();
      let part = reader.char(), before: Tuple | undefined;
      if (part !== 'N') {
        before = readTuple(reader, part === 'K');
        part = reader.char();
      }
      return { kind: 'update', relationOid, before, after: readTuple(reader) };
    }
    case 'D': {
      const relationOid = reader.int32();
      return { kind: 'delete', relationOid, before: readTuple(reader, reader.char() === 'K') };
    }
    case 'T': {
      const count = reader.int32();
      reader.skip(1);
      return { kind: 'truncate', relationOids: Array.from({ length: count }, () => reader.int32()) };
    }
    default: return { kind: 'other' };
  }
}

function readRelation(reader: Reader): Relation {
  const oid = reader.int32(), schema = reader.text() || 'pg_catalog', table = reader.text();
  reader.skip(1);
  const columns = Array.from({ length: reader.int16() }, () => {
    const isKey = (reader.byte() & 1) === 1, name = reader.text(), typeOid = reader.int32();
    reader.skip(4);
    return { name, isKey, typeOid };
  });
  return { oid, schema, table, columns };
}

/** Of an old key the columns outside it come as null, which they are not. */
function readTuple(reader: Reader, keyOnly = false): Tuple {
  return Array.from({ length: reader.int16() }, () => {
    switch (reader.char()) {
      case 'n': return keyOnly ? undefined : null;
      case 't': return reader.bytesText(reader.int32());
      default: return undefined;
    }
  });
}

class Reader {
  private at = 0;
  constructor(private readonly bytes: Buffer) {}
  skip(count: number): void { this.at += count; }
  byte(): number { return this.bytes.readUInt8(this.at++); }
  char(): string { return String.fromCharCode(this.byte()); }
  int16(): number { this.at += 2; return this.bytes.readInt16BE(this.at - 2); }
  int32(): number { this.at += 4; return this.bytes.readUInt32BE(this.at - 4); }
  int64(): bigint { this.at += 8; return this.bytes.readBigInt64BE(this.at - 8); }
  text(): string {
    const end = this.bytes.indexOf(0, this.at), text = this.bytes.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }
  bytesText(length: number): string { this.at += length; return this.bytes.toString('utf8', this.at - length, this.at); }
}
