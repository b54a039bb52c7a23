import type { Decision } from '@weir/contracts';
import type { Alert, Live, LiveListener } from '@weir/gateway';

/** Hands what was just decided to whoever watches; costs nothing where nobody does. */
export class LiveFeed implements Live {
  private readonly listeners = new Set<LiveListener>();

  get watched(): boolean { return this.listeners.size > 0; }

  subscribe(listener: LiveListener): () => void {
    this.listeners.add(listener);
    return () => { this.listeners.delete(listener); };
  }

  decisions(batch: readonly Decision[]): void { for (const listener of this.listeners) listener.decisions(batch); }
  alerts(batch: readonly Alert[]): void { if (batch.length > 0) for (const listener of this.listeners) listener.alerts(batch); }
}
