import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/contracts';

export interface RetryOptions {
  /** How often a call that failed for a passing reason is made again. */
  readonly retriesMax?: number;
  /** The first pause, ms; each next one is twice as long, up to `retryPauseMaxMs`. */
  readonly retryPauseMs?: number;
  /** True: from now on nothing is tried again. */
  readonly isOver?: () => boolean;
  /** Told before each pause; the call that succeeds at last is told with no error. */
  readonly onRetry?: (error: unknown) => void;
}

const retryPauseMaxMs = 5_000;

/** Makes the call again while it fails with a retriable error. The last error is thrown. */
export async function retrying<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const retriesMax = options.retriesMax ?? 8;
  let pauseMs = options.retryPauseMs ?? 20;
  for (let retry = 0; ; retry++) {
    try {
      const result = await work();
      if (retry > 0) options.onRetry?.(undefined);
      return result;
    } catch (error) {
      if (retry >= retriesMax || options.isOver?.() === true || !(error instanceof WeirError) || !error.retriable) throw error;
      options.onRetry?.(error);
    }
    await sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, retryPauseMaxMs);
  }
}
