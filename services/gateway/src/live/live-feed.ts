import type { Decision } from '@weir/contracts';
import type { Health } from '@weir/platform';
import type { Clock } from '@weir/ports';
import type { Alert } from '../dependencies/alerts';
import type { Live, LiveListener } from '../dependencies/live';
import { decisionJson } from '../decisions/decision-json';
import { toIso } from '../schemas/shared.schema';
import { LatencyHistogram } from './latency-window';

/** Counts of one second. */
export interface LiveSecond {
  readonly at: string;
  readonly approve: number; readonly review: number; readonly block: number; readonly alerts: number; readonly degraded: number;
  readonly p50_ms: number | null; readonly p99_ms: number | null;
}

/** Someone who watches. `write` drops the text where the reader is too slow. */
export interface LiveClient {
  write(text: string): void;
  end(): void;
}

const secondsKeptMax = 300;
const recentMax = 100;
/** Decisions shown in full per second, as many approvals and as many of the others; the counts are of all. */
export const decisionsShownMax = 25;

/**
 * What the live page shows: exact counts per second of all decisions, and a few of each second in full, for nobody reads more; approvals do not
 * crowd the others out. Cost per decision is a count, whether or not anyone watches.
 */
export class LiveFeed {
  private readonly clients = new Set<LiveClient>();
  private readonly seconds: LiveSecond[] = [];
  private readonly recent: Decision[] = [];
  private readonly latencies = new LatencyHistogram();
  private counts = noCounts();
  private shown = { approvals: 0, others: 0 };
  private timer: NodeJS.Timeout | undefined;
  private unsubscribe: (() => void) | undefined;

  constructor(private readonly options: { readonly live: Live; readonly clock: Clock; readonly health: Health; readonly clientsMax: number }) {}

  start(): void {
    const listener: LiveListener = { decisions: (batch) => this.take(batch), alerts: (batch) => this.takeAlerts(batch) };
    this.unsubscribe = this.options.live.subscribe(listener);
    this.timer = setInterval(() => this.endSecond(), 1_000);
    this.timer.unref();
  }

  stop(): void {
    this.unsubscribe?.();
    clearInterval(this.timer);
    for (const client of this.clients) client.end();
    this.clients.clear();
  }

  get clientCount(): number { return this.clients.size; }

  /** False when as many watch as may. A new client first gets the last minutes and the last decisions. */
  join(client: LiveClient): boolean {
    if (this.clients.size >= this.options.clientsMax) return false;
    client.write(`retry: 2000\n${eventText('history', JSON.stringify({ seconds: this.seconds }))}${this.recent.map((decision) => eventText('decision', decisionJson(decision))).join('')}`);
    this.clients.add(client);
    return true;
  }

  leave(client: LiveClient): void {
    this.clients.delete(client);
  }

  /** Called by the timer once a second. */
  endSecond(): void {
    const second: LiveSecond = { at: toIso(this.options.clock.nowMs()), ...this.counts, p50_ms: this.latencies.quantile(0.5), p99_ms: this.latencies.quantile(0.99) };
    this.counts = noCounts();
    this.latencies.clear();
    this.shown = { approvals: 0, others: 0 };
    this.seconds.push(second);
    if (this.seconds.length > secondsKeptMax) this.seconds.shift();
    if (this.clients.size > 0) this.broadcast(eventText('second', JSON.stringify(second)) + eventText('health', JSON.stringify(this.options.health.ready())));
  }

  private take(batch: readonly Decision[]): void {
    for (const { verdict, meta } of batch) {
      this.counts[verdict.outcome]++;
      if (verdict.degraded) this.counts.degraded++;
      const totalMs = meta.latency_ms['total'];
      if (totalMs !== undefined) this.latencies.add(totalMs);
    }
    this.show(batch);
  }

  private show(batch: readonly Decision[]): void {
    if (this.shown.approvals >= decisionsShownMax && this.shown.others >= decisionsShownMax) return;
    const chosen = batch.filter(({ verdict }) => this.shown[verdict.outcome === 'approve' ? 'approvals' : 'others']++ < decisionsShownMax);
    if (chosen.length === 0) return;
    this.recent.push(...chosen);
    if (this.recent.length > recentMax) this.recent.splice(0, this.recent.length - recentMax);
    if (this.clients.size > 0) this.broadcast(chosen.map((decision) => eventText('decision', decisionJson(decision), decision.verdict.id)).join(''));
  }

  private takeAlerts(batch: readonly Alert[]): void {
    this.counts.alerts += batch.length;
    if (this.clients.size > 0) this.broadcast(batch.slice(0, decisionsShownMax).map((alert) => eventText('alert', JSON.stringify(alertRecord(alert)), alert.id)).join(''));
  }

  private broadcast(text: string): void {
    for (const client of this.clients) client.write(text);
  }
}

/** An alert as it is shown; what is not known is left out. */
export const alertRecord = ({ id, atMs, severity, raisedBy, entity, decisionId, transactionId, text }: Alert) => ({ id, at: toIso(atMs), severity, raised_by: raisedBy, entity, decision_id: decisionId, transaction_id: transactionId, text });

const noCounts = () => ({ approve: 0, review: 0, block: 0, alerts: 0, degraded: 0 });

/** One server-sent event. JSON has no line breaks, so it is one data line. */
const eventText = (event: string, json: string, id?: string): string => `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${json}\n\n`;
