import type { RawRecord } from '@weir/contracts';
import { decodeRawRecord, rawHeaders } from '@weir/pipeline';
import type { LogRecord } from '@weir/ports';

/**
 * Consecutive records of a lane as a few arrays, so that handing them to another thread costs the one that serves live traffic no more than
 * copying their bytes. What only a waiting caller needs (the reply address) stays behind.
 */
export interface RecordPack {
  readonly offsets: Float64Array;
  readonly appendedAtMs: Float64Array;
  /** Index into `headers`, per record. */
  readonly headerOf: Uint32Array;
  readonly headers: ReadonlyArray<Readonly<Record<string, string>>>;
  /** End of each record's value in `values`. */
  readonly ends: Uint32Array;
  readonly values: Uint8Array<ArrayBuffer>;
}

export function packRecords(records: readonly LogRecord[]): RecordPack {
  const count = records.length;
  const offsets = new Float64Array(count), appendedAtMs = new Float64Array(count), headerOf = new Uint32Array(count), ends = new Uint32Array(count);
  const values = new Uint8Array(records.reduce((sum, { value }) => sum + value.length, 0));
  const headers: Readonly<Record<string, string>>[] = [];
  const indexByText = new Map<string, number>();
  let end = 0;
  records.forEach((record, row) => {
    const text = headerText(record.headers);
    let index = indexByText.get(text);
    if (index === undefined) indexByText.set(text, (index = headers.push(withoutReply(record.headers)) - 1));
    values.set(record.value, end);
    end += record.value.length;
    offsets[row] = record.offset;
    appendedAtMs[row] = record.appendedAtMs;
    headerOf[row] = index;
    ends[row] = end;
  });
  return { offsets, appendedAtMs, headerOf, headers, ends, values };
}

function headerText(headers: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name in headers) if (name !== rawHeaders.replyTo) text += `${name}\n${headers[name] as string}\n`;
  return text;
}

function withoutReply({ [rawHeaders.replyTo]: _replyTo, ...headers }: Readonly<Record<string, string>>): Readonly<Record<string, string>> { return headers; }

export function* unpackRecords(lane: number, pack: RecordPack): Generator<RawRecord, void, undefined> {
  const { offsets, appendedAtMs, headerOf, headers, ends, values } = pack;
  for (let row = 0; row < offsets.length; row++) {
    yield decodeRawRecord(lane, {
      offset: offsets[row] as number, appendedAtMs: appendedAtMs[row] as number, key: null, headers: headers[headerOf[row] as number] ?? {},
      value: values.subarray(row === 0 ? 0 : ends[row - 1], ends[row]),
    });
  }
}

/** The buffers to hand over with a pack. */
export const buffersOf = (pack: RecordPack): ArrayBuffer[] => [pack.values.buffer];
