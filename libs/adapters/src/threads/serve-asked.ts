import type { MessagePort, Transferable } from 'node:worker_threads';
import { errorCodes, WeirError, type ErrorCode } from '@weir/contracts';

/** What passes between an `AskedThread` and the thread: answers may come in any order. */
export interface Asked<Question> { readonly number: number; readonly question: Question }
export type Said<Answer> = { readonly number: number; readonly answer: Answer } | { readonly number: number; readonly failure: Failure };

/** An error on its way between threads. */
export interface Failure { readonly message: string; readonly code: string; readonly retriable: boolean; readonly findings: WeirError['findings'] }

/** Answers an `AskedThread` at the other end of the port. @param hand buffers of an answer that go over with it. */
export function serveAsked<Question, Answer>(port: MessagePort, answer: (question: Question) => Promise<Answer>, hand: (answer: Answer) => readonly Transferable[] = () => []): void {
  port.on('message', ({ number, question }: Asked<Question>) => {
    answer(question).then(
      (said) => { port.postMessage({ number, answer: said } satisfies Said<Answer>, hand(said)); },
      (error: unknown) => { port.postMessage({ number, failure: failureOf(error) } satisfies Said<Answer>); },
    ).catch(() => undefined);
  });
}

export const failureOf = (error: unknown): Failure => ({
  message: error instanceof Error ? error.message : String(error), ...(error instanceof WeirError ? { code: error.code, retriable: error.retriable, findings: error.findings } : { code: '', retriable: false, findings: [] }),
});

export function errorOf({ message, code, retriable, findings }: Failure): Error {
  const known = errorCodes.find((each): each is ErrorCode => each === code);
  return known === undefined ? new Error(message) : new WeirError(known, message, { retriable, findings });
}
