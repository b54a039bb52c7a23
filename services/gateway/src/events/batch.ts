import type { Edge, RowAnswer, SubmitOptions, SubmittedRow } from '../dependencies';
import { Problem, problemOf, problems } from '../http/problem';
import type { Principal } from '../roles';
import { checkEvent, parseEvent, submittedRow } from './event-text';
import { batchRowJson } from './row-answers';

/** Most rows handed to the edge in one call. */
export const batchChunkRowsMax = 512;
/** Calls to the edge that are open at once for one batch: one is decided while the one before is written. */
const chunksInFlightMax = 2;

export interface BatchOptions {
  readonly edge: Edge;
  readonly principal: Principal;
  readonly submit: SubmitOptions;
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
    return answers.map((answer: RowAnswer) => batchRowJson(answer));
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
