import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/contracts';

export interface RetryOptions {
  /** How often a call that failed for a passing reason is made again. */
  readonly retriesMax?: number;
  /** The first pause, ms; each next one is twice as long, up to `retryPauseMaxMs`. */
  readonly retryPauseMs?: number;
}

const retryPauseMaxMs = 5_000;

/** Makes the call again while it fails with a retriable error. The last error is thrown. */
export async function retrying<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const retriesMax = options.retriesMax ?? 8;
  let pauseMs = options.retryPauseMs ?? 20;
  for (let retry = 0; ; retry++) {
    try {
      return await work();
    } catch (error) {
      if (retry >= retriesMax || !(error instanceof WeirError) || !error.retriable) throw error;
    }
    await sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, retryPauseMaxMs);
  }
}
