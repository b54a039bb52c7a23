import type { MessagePort } from 'node:worker_threads';
import type { DecisionRow } from '@weir/ports';
import { buffersOfRows, RowPacker, TakenRows } from './decision-pack';
import { failureOf, serveAsked } from '../threads';
import { LmdbDecisionStore } from './lmdb-decision-store';
import type { DecisionAnswer, DecisionQuestion } from './threaded-decision-store';

/** Where the store lies, as a thread is told. */
export interface DecisionJob { readonly path: string; readonly lanes: number; readonly idsPerRun?: number }

/** Nothing on this side reads a record: who asked unpacks it. */
const leavePacked = (): string => '';

/** Answers a `ThreadedDecisionStore` at the other end of the port. */
export function serveDecisions(port: MessagePort, job: DecisionJob): void {
  const store = new LmdbDecisionStore({ ...job, unpack: leavePacked });
  const packer = new RowPacker();
  const rowsAnswer = (rows: readonly DecisionRow[], next: string | null = null): DecisionAnswer => {
    const lanes = [...new Set(rows.map(({ lane }) => lane))].map((lane) => ({ lane, rows: packer.pack(rows.filter((row) => row.lane === lane)) }));
    return { kind: 'rows', lanes, next };
  };
  const answer = async (question: DecisionQuestion): Promise<DecisionAnswer> => {
    switch (question.kind) {
      case 'write': return store.write(question.lane, question.parts.map((rows) => new TakenRows(rows))).then((): DecisionAnswer => ({ kind: 'done' }), (error: unknown) => ({ kind: 'unwritten', failure: failureOf(error), parts: question.parts }));
      case 'position': return { kind: 'position', position: await store.position(question.lane) };
      case 'byId': return rowsAnswer(present(await store.byId(question.id)));
      case 'byTransaction': return rowsAnswer(present(await store.byTransaction(question.transactionId, question.source)));
      case 'search': { const page = await store.search(question.query); return rowsAnswer(page.items, page.next); }
      case 'range': return rowsAnswer(await store.range(question.lane, question.fromOffset, question.rowsMax));
      case 'close': await store.close(); return { kind: 'done' };
    }
  };
  serveAsked(port, answer, buffersOf);
}

/** What was handed over goes back when it could not be written. */
function buffersOf(said: DecisionAnswer): ArrayBuffer[] {
  if (said.kind === 'rows') return said.lanes.flatMap(({ rows }) => buffersOfRows(rows));
  return said.kind === 'unwritten' ? said.parts.flatMap(buffersOfRows) : [];
}

const present = (row: DecisionRow | undefined): DecisionRow[] => (row === undefined ? [] : [row]);
