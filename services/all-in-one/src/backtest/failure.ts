import { errorCodes, WeirError, type ErrorCode, type Finding } from '@weir/contracts';
import { RecordUnusable } from './recorded-front';

/** An error on its way from one thread or process to another, which keeps its code and its findings. */
export interface Failure { readonly kind: 'failed'; readonly name: string; readonly message: string; readonly code: string; readonly findings: readonly Finding[] }

export function failureOf(error: unknown): Failure {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { kind: 'failed', name, message, code: error instanceof WeirError ? error.code : '', findings: error instanceof WeirError ? [...error.findings] : [] };
}

export function errorOf({ name, message, code, findings }: Failure): Error {
  if (name === 'RecordUnusable') return new RecordUnusable(message);
  const known = errorCodes.find((each): each is ErrorCode => each === code);
  return known === undefined ? new Error(message) : new WeirError(known, message, { findings });
}
