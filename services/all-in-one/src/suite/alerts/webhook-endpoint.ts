import type { Clock } from '@weir/ports';
import type { StoredAlert } from './alert-record';
import type { PostResult } from './webhook-post';
import { deliveryId } from './webhook-signature';

/** One alert on its way to one address, with how many others of its kind it stands for. */
export interface Delivery { readonly id: string; readonly stored: StoredAlert; readonly folded: number; attempts: number; dueAtMs: number; /** The records of the topic that are dealt with when it ends. */ readonly done: ReadonlyArray<() => void> }

export type DeliveryEnd = 'delivered' | 'given_up' | 'refused' | 'dropped';
export interface EndpointOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly foldMs: number;
  readonly attemptsMax: number;
  /** undefined: the process is ending, and nobody can say what came of it. */
  readonly post: (delivery: Delivery) => Promise<PostResult | undefined>;
  readonly ended: (how: DeliveryEnd, delivery: Delivery, why: string) => void;
  readonly retried: () => void;
  readonly folded: () => void;
  /** Asks to be run again no later than then. */
  readonly wakeAt: (atMs: number) => void;
}

/** Deliveries of one address that wait or are under way; above it the oldest waiting one is dropped. */
export const deliveriesPerAddressMax = 1_000;
const inFlightMax = 4;
/** Rules and entities whose latest alert is remembered, for folding. */
const foldsMax = 10_000;
const firstDelayMs = 1_000;
const delayMaxMs = 600_000;

interface Fold { readonly untilMs: number; latest: StoredAlert | undefined; count: number; readonly done: Array<() => void> }

/**
 * All that goes to one address, so that one that does not answer holds up nobody else. Of the alerts of one rule and entity the first goes at once; those
 * that follow within `foldMs` go together when that time is over, as the latest of them with their number.
 */
export class WebhookEndpoint {
  private readonly waiting: Delivery[] = [];
  private readonly foldByKey = new Map<string, Fold>();
  private inFlight = 0;

  constructor(private readonly options: EndpointOptions) {}

  get pending(): number { return this.waiting.length + this.inFlight; }
  /** Nothing waits, folded alerts included. */
  get isIdle(): boolean { return this.pending === 0 && [...this.foldByKey.values()].every(({ latest }) => latest === undefined); }

  /** Takes an alert over; `done` is called once it is delivered or given up. */
  take(stored: StoredAlert, done: () => void): void {
    const { clock, foldMs } = this.options;
    const nowMs = clock.nowMs();
    this.endFolds(nowMs);
    const { data } = stored.alert;
    const key = `${data.severity} ${data.raised_by.kind} ${data.raised_by.name} ${data.what} ${data.raised_by.key ?? stored.entity ?? ''}`;
    const fold = this.foldByKey.get(key);
    if (fold !== undefined) {
      fold.latest = stored;
      fold.count += 1;
      fold.done.push(done);
      this.options.folded();
      return;
    }
    if (foldMs > 0 && this.foldByKey.size < foldsMax) {
      this.foldByKey.set(key, { untilMs: nowMs + foldMs, latest: undefined, count: 0, done: [] });
      this.options.wakeAt(nowMs + foldMs);
    }
    this.queue(stored, 0, [done]);
  }

  /** Sends what is due. */
  run(): void {
    const nowMs = this.options.clock.nowMs();
    this.endFolds(nowMs);
    for (let index = 0; index < this.waiting.length && this.inFlight < inFlightMax; ) {
      const delivery = this.waiting[index] as Delivery;
      if (delivery.dueAtMs > nowMs) { this.options.wakeAt(delivery.dueAtMs); index += 1; continue; }
      this.waiting.splice(index, 1);
      void this.send(delivery);
    }
  }

  /** In the order in which they began, so the first that is still open ends the walk. */
  private endFolds(nowMs: number): void {
    for (const [key, fold] of this.foldByKey) {
      if (fold.untilMs > nowMs) { this.options.wakeAt(fold.untilMs); return; }
      this.foldByKey.delete(key);
      if (fold.latest === undefined) continue;
      this.foldByKey.set(key, { untilMs: nowMs + this.options.foldMs, latest: undefined, count: 0, done: [] });
      this.queue(fold.latest, fold.count - 1, fold.done);
    }
  }

  private queue(stored: StoredAlert, folded: number, done: ReadonlyArray<() => void>): void {
    this.waiting.push({ id: deliveryId(stored.alert.id, this.options.url), stored, folded, attempts: 0, dueAtMs: this.options.clock.nowMs(), done });
    const oldest = this.pending > deliveriesPerAddressMax ? this.waiting.shift() : undefined;
    if (oldest !== undefined) this.end('dropped', oldest, `${deliveriesPerAddressMax} deliveries wait already`);
    this.options.wakeAt(this.options.clock.nowMs());
  }

  private async send(delivery: Delivery): Promise<void> {
    this.inFlight += 1;
    delivery.attempts += 1;
    const result = await this.options.post(delivery);
    this.inFlight -= 1;
    if (result === undefined) return;
    if (result.kind === 'answered' && result.status >= 200 && result.status < 300) this.end('delivered', delivery, '');
    else if (result.kind === 'refused') this.end('refused', delivery, result.why);
    else if (delivery.attempts >= this.options.attemptsMax) this.end('given_up', delivery, whyOf(result));
    else this.again(delivery);
    this.options.wakeAt(this.options.clock.nowMs());
  }

  private again(delivery: Delivery): void {
    delivery.dueAtMs = this.options.clock.nowMs() + delayMs(delivery);
    this.waiting.push(delivery);
    this.options.retried();
    this.options.wakeAt(delivery.dueAtMs);
  }

  private end(how: DeliveryEnd, delivery: Delivery, why: string): void {
    for (const done of delivery.done) done();
    this.options.ended(how, delivery, why);
  }
}

const whyOf = (result: PostResult): string => (result.kind === 'answered' ? `answered ${result.status}` : result.why);

/** Twice as long each time, and up to a quarter longer by the delivery's own id, so that many do not come back at once. */
function delayMs({ attempts, id }: Delivery): number {
  const share = Number.parseInt(id.slice(0, 4), 16) / 0xffff;
  return Math.round(Math.min(delayMaxMs, firstDelayMs * 2 ** (attempts - 1)) * (1 + share / 4));
}
