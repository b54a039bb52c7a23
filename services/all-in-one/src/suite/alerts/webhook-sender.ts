import { readFileSync } from 'node:fs';
import type { Logger, Metrics } from '@weir/platform';
import type { Clock, EventLog, LogRecord } from '@weir/ports';
import { replaceFile } from '../../replace-file';
import { decodeAlert, type StoredAlert } from './alert-record';
import type { WebhookOptions } from './alerts-config';
import { WebhookEndpoint, type Delivery, type DeliveryEnd } from './webhook-endpoint';
import { postWebhook, type PostResult } from './webhook-post';
import { signatureOf } from './webhook-signature';

export interface WebhookSenderOptions extends WebhookOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly key: Uint8Array;
  /** Where it is written down which alerts are dealt with. */
  readonly positionsPath: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Replaced in tests of what happens around a call. */
  readonly post?: typeof postWebhook;
}

const readMax = 256;
const idleWaitMs = 250;
/** Records of the topic whose deliveries are under way, per lane; then no more are read. */
const recordsOpenMax = 10_000;
const saveEveryMs = 1_000;
/** Addresses that anything was sent to; one more evicts one with nothing to do. */
const endpointsMax = 1_000;

/**
 * Delivers alerts to webhooks, beside the path of decisions. Its queue is the topic `alerts` itself: it reads on from the first record that is not dealt
 * with, so what was under way at a crash is sent again, with the same delivery id. At least once, in order per address while nothing fails.
 */
export class WebhookSender {
  private readonly endpoints = new Map<string, WebhookEndpoint>();
  private readonly lanes: Array<{ next: number; readonly open: Map<number, number> }> = [];
  private readonly aborter = new AbortController();
  private readonly deliveries;
  private loops: Array<Promise<void>> = [];
  private timer: NodeJS.Timeout | undefined;
  private timerAtMs = Infinity;
  private saver: NodeJS.Timeout | undefined;
  private savedText = '';
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly options: WebhookSenderOptions) {
    const { metrics } = options;
    this.deliveries = metrics.counter({ service: 'alerts', noun: 'webhook_deliveries', help: 'Alerts to webhooks: delivered, tried again, folded into another, given up after the last attempt, refused for their address, dropped for too many waited.', labels: ['became'] });
    metrics.gauge({ service: 'alerts', noun: 'webhook_deliveries_pending', help: 'Deliveries that wait or are under way.' }, 'count', (gauge) => gauge.set(this.pending));
  }

  get pending(): number { let count = 0; for (const endpoint of this.endpoints.values()) count += endpoint.pending; return count; }

  /** Goes on where it was; at the very first start only alerts to come are sent. Call it before anything writes the topic. */
  async start(): Promise<void> {
    const { log } = this.options;
    const known = this.readPositions();
    for (let lane = 0; lane < log.lanes; lane += 1) this.lanes.push({ next: known[lane] ?? (await log.bounds('alerts', lane)).next, open: new Map() });
    await this.save();
    this.saver = setInterval(() => { this.save().catch((error: unknown) => this.options.logger.error({ err: error }, 'where webhooks are could not be written down; it is tried again')); }, saveEveryMs).unref();
    this.loops = this.lanes.map((_, lane) => this.follow(lane));
  }

  /** Ends at once: what is under way is sent again after the next start. */
  async stop(): Promise<void> {
    this.aborter.abort();
    clearTimeout(this.timer);
    clearInterval(this.saver);
    await Promise.all(this.loops);
    await this.save();
  }

  private async follow(lane: number): Promise<void> {
    const { log, logger } = this.options;
    const at = this.lanes[lane];
    while (at !== undefined && !this.aborter.signal.aborted) {
      try {
        const records = at.open.size >= recordsOpenMax ? [] : await log.read('alerts', lane, at.next, readMax);
        for (const record of records) this.take(lane, record);
        if (records.length === 0) await log.wait('alerts', lane, at.open.size >= recordsOpenMax ? Number.MAX_SAFE_INTEGER : at.next, idleWaitMs);
      } catch (error) {
        if (this.aborter.signal.aborted) return;
        logger.error({ err: error, lane }, 'alerts could not be read for their webhooks; they are read again');
        await new Promise((resume) => { setTimeout(resume, saveEveryMs); });
      }
    }
  }

  private take(lane: number, record: LogRecord): void {
    const at = this.lanes[lane];
    if (at === undefined) return;
    at.next = record.offset + 1;
    const stored = decodeAlert(record);
    const urls = new Set([...this.options.urls, ...stored.alert.webhooks]);
    if (urls.size === 0) return;
    at.open.set(record.offset, urls.size);
    const done = (): void => {
      const left = (at.open.get(record.offset) ?? 1) - 1;
      if (left === 0) at.open.delete(record.offset);
      else at.open.set(record.offset, left);
    };
    for (const url of urls) this.endpoint(url).take(stored, done);
  }

  private endpoint(url: string): WebhookEndpoint {
    const known = this.endpoints.get(url);
    if (known !== undefined) return known;
    for (const [old, endpoint] of this.endpoints) {
      if (this.endpoints.size < endpointsMax) break;
      if (endpoint.isIdle) this.endpoints.delete(old);
    }
    const { clock, foldMs, attemptsMax } = this.options;
    const made = new WebhookEndpoint({
      url, clock, foldMs, attemptsMax, post: (delivery) => this.post(url, delivery), ended: (how, delivery, why) => this.ended(url, how, { delivery, why }),
      retried: () => this.deliveries.inc({ became: 'retried' }), folded: () => this.deliveries.inc({ became: 'folded' }), wakeAt: (atMs) => this.wakeAt(atMs),
    });
    this.endpoints.set(url, made);
    return made;
  }

  private async post(url: string, delivery: Delivery): Promise<PostResult | undefined> {
    const { clock, key, timeoutMs, allowPrivate, post = postWebhook } = this.options;
    const body = webhookBody(delivery.stored, delivery.folded);
    const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8', 'user-agent': 'weir', 'weir-delivery': delivery.id, 'weir-signature': signatureOf(body, key, clock.nowMs()) };
    const result = await post(url, { headers, body }, { timeoutMs, allowPrivate, signal: this.aborter.signal });
    return this.aborter.signal.aborted && result.kind === 'failed' ? undefined : result;
  }

  private ended(url: string, how: DeliveryEnd, { delivery, why }: { readonly delivery: Delivery; readonly why: string }): void {
    this.deliveries.inc({ became: how });
    if (how === 'delivered') return;
    this.options.logger.warn({ host: URL.canParse(url) ? new URL(url).host : 'unknown', alert: delivery.stored.alert.id, attempts: delivery.attempts, why }, `an alert was not delivered: ${how}`);
  }

  private wakeAt(atMs: number): void {
    if (atMs >= this.timerAtMs || this.aborter.signal.aborted) return;
    clearTimeout(this.timer);
    this.timerAtMs = atMs;
    this.timer = setTimeout(() => {
      this.timerAtMs = Infinity;
      for (const endpoint of this.endpoints.values()) endpoint.run();
    }, Math.max(0, atMs - this.options.clock.nowMs())).unref();
  }

  /** The first record of each lane that is not dealt with. */
  private positions(): number[] { return this.lanes.map(({ next, open }) => open.keys().next().value ?? next); }

  /** One at a time, each with the positions as of its turn. */
  private save(): Promise<void> {
    this.saving = this.saving.catch(() => undefined).then(async () => {
      const { positionsPath } = this.options, text = JSON.stringify({ format: 1, next: this.positions() });
      if (text === this.savedText) return;
      await replaceFile(positionsPath, text);
      this.savedText = text;
    });
    return this.saving;
  }

  private readPositions(): readonly number[] {
    try {
      const read: unknown = JSON.parse(readFileSync(this.options.positionsPath, 'utf8'));
      return typeof read === 'object' && read !== null && 'next' in read && Array.isArray(read.next) ? read.next.filter((next): next is number => Number.isSafeInteger(next)) : [];
    } catch { return []; }
  }
}

/** The event in CloudEvents' JSON form; `weirfolded`: how many more of the kind this one stands for. */
function webhookBody({ alert, entity, traceparent }: StoredAlert, folded: number): string {
  const { webhooks: _webhooks, data, ...attributes } = alert;
  return JSON.stringify({ ...attributes, ...(entity === null ? {} : { weirentity: entity }), ...(traceparent === undefined ? {} : { traceparent }), weirfolded: folded, data });
}
