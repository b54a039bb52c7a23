import type { MessagePort } from 'node:worker_threads';
import { WeirError } from '@weir/contracts';
import type { DecisionRow } from '@weir/ports';
import { buffersOfRows, RowPacker } from './decision-pack';
import { LmdbDecisionStore } from './lmdb-decision-store';
import type { AskedDecision, DecisionAnswer, DecisionQuestion } from './threaded-decision-store';

/** Where the store lies, as a thread is told. */
export interface DecisionJob { readonly path: string; readonly lanes: number; readonly idsPerRun?: number }

/** Nothing on this side reads a record: who asked unpacks it. */
const leavePacked = (): string => '';

/** Answers a `ThreadedDecisionStore` at the other end of the port. */
export function serveDecisions(port: MessagePort, job: DecisionJob): void {
  const store = new LmdbDecisionStore({ ...job, unpack: leavePacked });
  const packer = new RowPacker();
  const rowsAnswer = (number: number, rows: readonly DecisionRow[], next: string | null): DecisionAnswer => {
    const lanes = [...new Set(rows.map(({ lane }) => lane))].map((lane) => ({ lane, rows: packer.pack(rows.filter((row) => row.lane === lane)) }));
    return { number, kind: 'rows', lanes, next };
  };
  const answer = async (number: number, question: DecisionQuestion): Promise<DecisionAnswer> => {
    switch (question.kind) {
      case 'write': await store.writePacked(question.lane, question.rows); return { number, kind: 'done' };
      case 'position': return { number, kind: 'position', position: await store.position(question.lane) };
      case 'byId': return rowsAnswer(number, present(await store.byId(question.id)), null);
      case 'byTransaction': return rowsAnswer(number, present(await store.byTransaction(question.transactionId, question.source)), null);
      case 'search': { const page = await store.search(question.query); return rowsAnswer(number, page.items, page.next); }
      case 'range': return rowsAnswer(number, await store.range(question.lane, question.fromOffset, question.rowsMax), null);
      case 'close': await store.close(); return { number, kind: 'done' };
    }
  };
  const refusal = (number: number, error: unknown): DecisionAnswer => ({
    number, kind: 'failed', message: error instanceof Error ? error.message : String(error), ...(error instanceof WeirError ? { code: error.code, retriable: error.retriable, findings: error.findings } : { code: '', retriable: false, findings: [] }),
  });
  port.on('message', ({ number, question }: AskedDecision) => {
    answer(number, question).catch((error: unknown) => refusal(number, error)).then((said) => {
      port.postMessage(said, said.kind === 'rows' ? said.lanes.flatMap(({ rows }) => buffersOfRows(rows)) : []);
      if (question.kind === 'close') port.close();
    }, () => undefined);
  });
}

const present = (row: DecisionRow | undefined): DecisionRow[] => (row === undefined ? [] : [row]);
