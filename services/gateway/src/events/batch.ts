import type { Edge, RowAnswer, SubmitOptions, SubmittedRow } from '../dependencies/edge';
import { problemOf, problems, type Problem } from '../http/problem';
import type { Principal } from '../roles';
import { checkEvent, parseEvent, submittedRow } from './event-text';
import { batchRowJson, minimalRowJson } from './row-answers';

/** Most rows handed to the edge in one call. */
const batchChunkRowsMax = 512;
/** Calls to the edge that are open at once for one batch: one is decided while the one before is written. */
const chunksInFlightMax = 2;

export interface BatchOptions {
  readonly edge: Edge;
  readonly principal: Principal;
  readonly submit: SubmitOptions;
  /** Of a decision only id, transaction, outcome and score. */
  readonly minimal: boolean;
  /** Told of what is not the caller's fault. */
  readonly onFault: (error: unknown) => void;
}

/** Rows of a batch: each its text, or already parsed out of an array. */
export type BatchRow = { readonly text: string } | { readonly event: unknown };

/** Lines that hold something; parsed when their turn comes. */
export function* ndjsonRows(text: string): Generator<BatchRow> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end).trim();
    if (line !== '') yield { text: line };
    if (end < 0) return;
    from = end + 1;
  }
}

export function* arrayRows(events: readonly unknown[]): Generator<BatchRow> {
  for (const event of events) yield { event };
}

/**
 * The answers of a batch as JSON texts in the order of its rows, a list per chunk. A row that cannot be parsed, or a chunk that could not
 * be appended, gives problem objects in its place and harms no other.
 */
export async function* batchAnswers(rows: Iterator<BatchRow>, options: BatchOptions): AsyncGenerator<string[]> {
  const inFlight: Promise<string[]>[] = [];
  for (let chunk = takeChunk(rows); chunk.length > 0; chunk = takeChunk(rows)) {
    inFlight.push(answerChunk(chunk, options));
    if (inFlight.length < chunksInFlightMax) continue;
    const first = inFlight.shift();
    if (first !== undefined) yield await first;
  }
  for (const answers of inFlight) yield await answers;
}

function takeChunk(rows: Iterator<BatchRow>): BatchRow[] {
  const chunk: BatchRow[] = [];
  while (chunk.length < batchChunkRowsMax) {
    const row = rows.next();
    if (row.done === true) break;
    chunk.push(row.value);
  }
  return chunk;
}

/** Never rejects. */
async function answerChunk(chunk: readonly BatchRow[], options: BatchOptions): Promise<string[]> {
  const good: SubmittedRow[] = [];
  const badByIndex = new Map<number, string>();
  chunk.forEach((row, index) => {
    try {
      good.push(toSubmitted(row, options.principal));
    } catch (error) {
      badByIndex.set(index, problemJson(error, options));
    }
  });
  const texts = good.length === 0 ? [] : await answerGood(good, options);
  if (badByIndex.size === 0) return texts;
  let nextGood = 0;
  return chunk.map((_, index) => badByIndex.get(index) ?? texts[nextGood++] ?? problemJson(undefined, options));
}

function toSubmitted(row: BatchRow, principal: Principal): SubmittedRow {
  const options = { principal, idempotencyKey: undefined };
  if ('text' in row) return submittedRow(row.text, parseEvent(row.text), options);
  const event = checkEvent(row.event);
  return submittedRow(JSON.stringify(event), event, options);
}

async function answerGood(rows: readonly SubmittedRow[], options: BatchOptions): Promise<string[]> {
  try {
    const answers = await options.edge.submit(rows, options.submit);
    return answers.map((answer: RowAnswer) => (options.minimal ? minimalRowJson(answer) : batchRowJson(answer)));
  } catch (error) {
    const problem = problemJson(error, options);
    return rows.map(() => problem);
  }
}

function problemJson(error: unknown, options: BatchOptions): string {
  const problem = problemOf(error);
  if (problem === undefined) options.onFault(error);
  return JSON.stringify((problem ?? problems.internal() satisfies Problem).body());
}

/** How the answers of a batch are put together. */
export interface Marks { readonly open: string; readonly between: string; readonly close: string; readonly empty: string }
export const arrayMarks: Marks = { open: '{"results":[', between: ',', close: ']}', empty: '{"results":[]}' };
export const ndjsonMarks: Marks = { open: '', between: '\n', close: '\n', empty: '' };

/** Chunks of texts as bytes that can be sent while the rest is still being decided. */
export async function* encoded(chunks: AsyncGenerator<string[]>, marks: Marks): AsyncGenerator<Buffer> {
  let first = true;
  for await (const texts of chunks) {
    yield encodeTexts(texts, first ? marks.open : marks.between, marks.between);
    first = false;
  }
  yield Buffer.from(first ? marks.empty : marks.close);
}

/** Bytes of one UTF-16 unit in UTF-8, at most. */
const bytesPerUnitMax = 3;

/** Each text written straight into the bytes: joining them first would copy megabytes once more. */
function encodeTexts(texts: readonly string[], before: string, between: string): Buffer {
  const units = texts.reduce((sum, text) => sum + text.length + between.length, before.length);
  let bytes: Buffer = Buffer.allocUnsafeSlow(units + encodingSlackBytes);
  let at = bytes.write(before, 0);
  texts.forEach((text, index) => {
    const needed = at + (text.length + between.length) * bytesPerUnitMax;
    if (needed > bytes.length) bytes = grown(bytes, at, needed);
    if (index > 0) at += bytes.write(between, at);
    at += bytes.write(text, at);
  });
  return bytes.subarray(0, at);
}
const encodingSlackBytes = 65_536;

function grown(bytes: Buffer, used: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, bytes.length + (bytes.length >> 1)));
  bytes.copy(larger, 0, 0, used);
  return larger;
}
