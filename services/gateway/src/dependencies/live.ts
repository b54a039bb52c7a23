import type { Decision } from '@weir/contracts';
import type { Alert } from './alerts';

export interface LiveListener {
  /** Once a batch; must return quickly and throw nothing. */
  decisions(batch: readonly Decision[]): void;
  alerts(batch: readonly Alert[]): void;
}

export interface Live {
  /** Every decision of this process (or deployment), as it is taken; gives the way to end it. */
  subscribe(listener: LiveListener): () => void;
}
