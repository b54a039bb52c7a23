import { errorOf as errorSaid, failureOf as failureSaid, type Failure as SaidFailure } from '@weir/adapters/threads';
import { RecordUnusable } from './recorded-front';

/** An error on its way from a thread or a process of a back-test; one of our own kind stays of it. */
export interface Failure extends SaidFailure { readonly kind: 'failed'; readonly name: string }

export const failureOf = (error: unknown): Failure => ({ kind: 'failed', name: error instanceof Error ? error.name : 'Error', ...failureSaid(error) });

export const errorOf = (failure: Failure): Error => (failure.name === 'RecordUnusable' ? new RecordUnusable(failure.message) : errorSaid(failure));
