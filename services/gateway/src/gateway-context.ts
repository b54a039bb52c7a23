import type { GatewayDependencies } from './dependencies';
import type { GatewayOptions } from './gateway.config';
import type { KeyRing } from './http/key-ring';
import type { LiveFeed } from './live/live-feed';

/** What the controllers share; made once and passed by value. */
export class GatewayContext {
  constructor(readonly deps: GatewayDependencies, readonly options: GatewayOptions, readonly keyRing: KeyRing, readonly liveFeed: LiveFeed) {}

  /** Writes down who changed what. Values of transactions and keys stay out of `details`. */
  async audit(by: string, action: string, subject: string, details: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.deps.audit.record({ atMs: this.deps.clock.nowMs(), by, action, subject, details });
  }
}
