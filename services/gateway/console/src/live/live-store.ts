import { ApiError, type ApiClient } from '../api/client';
import { serverSentEvents, type ServerSentEvent } from '../api/server-sent-events';
import type { AlertNote, DecisionRecord, LiveSecond, Readiness } from '../api/types';

export type Connection = 'connecting' | 'live' | 'lost' | 'refused';

export interface LiveState {
  readonly connection: Connection;
  /** Newest last. */
  readonly seconds: readonly LiveSecond[];
  /** Newest first. */
  readonly decisions: readonly DecisionRecord[];
  /** Newest first. */
  readonly alerts: readonly AlertNote[];
  readonly readiness: Readiness | undefined;
}

const secondsMax = 300;
const decisionsMax = 400;
const alertsMax = 50;
const publishEveryMs = 250;
const retryMs = 2_000;

/** Follows the event stream, and publishes what it knows a few times a second however much arrives. */
export class LiveStore {
  private state: LiveState = { connection: 'connecting', seconds: [], decisions: [], alerts: [], readiness: undefined };
  private next: LiveState = this.state;
  private readonly listeners = new Set<() => void>();
  private timer: number | undefined;
  private aborter = new AbortController();

  constructor(private readonly client: ApiClient) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.begin();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.end();
    };
  };
  readonly read = (): LiveState => this.state;

  private begin(): void {
    this.aborter = new AbortController();
    this.timer = window.setInterval(() => this.publish(), publishEveryMs);
    void this.follow(this.aborter.signal);
  }

  private end(): void {
    this.aborter.abort();
    window.clearInterval(this.timer);
  }

  private async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const stream = await this.client.stream(signal);
        this.next = { ...this.next, connection: 'live', decisions: [] };
        for await (const event of serverSentEvents(stream)) this.take(event);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
          this.next = { ...this.next, connection: 'refused' };
          return;
        }
      }
      this.next = { ...this.next, connection: 'lost' };
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  private take(event: ServerSentEvent): void {
    if (event.data === '') return;
    const parsed: unknown = JSON.parse(event.data);
    switch (event.name) {
      case 'history': this.next = { ...this.next, seconds: (parsed as { seconds: LiveSecond[] }).seconds.slice(-secondsMax) }; break;
      case 'second': this.next = { ...this.next, seconds: [...this.next.seconds, parsed as LiveSecond].slice(-secondsMax) }; break;
      case 'decision': this.next = { ...this.next, decisions: [parsed as DecisionRecord, ...this.next.decisions].slice(0, decisionsMax) }; break;
      case 'alert': this.next = { ...this.next, alerts: [parsed as AlertNote, ...this.next.alerts].slice(0, alertsMax) }; break;
      case 'health': this.next = { ...this.next, readiness: parsed as Readiness }; break;
    }
  }

  private publish(): void {
    if (this.next === this.state) return;
    this.state = this.next;
    for (const listener of this.listeners) listener();
  }
}
