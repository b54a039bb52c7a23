import { setImmediate as nextTurn } from 'node:timers/promises';

/** For every environment that is written to without waiting in the thread: the binding's own batches make a promise of each commit that nobody can hold, and one that fails would end the process. */
export const ownBatches = Object.freeze({ eventTurnBatching: false });

/**
 * What LMDB says of a commit that failed: a full disk, mostly (it says "Input/output error" of a write that was cut short). The binding's error holds a
 * promise that is rejected with the cause a moment later; unheard, that would end the process.
 */
export async function commitFailure(error: unknown): Promise<string> {
  // By its shape: where several realms share the binding, its errors and promises may be of another one.
  if (typeof error !== 'object' || error === null || !('commitError' in error)) return messageOf(error);
  const heard = Promise.resolve(error.commitError).then(() => error, (cause: unknown) => cause);
  return `the commit was refused, is the disk full? ${messageOf(await Promise.race([heard, nextTurn(error)]))}`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
