import { setTimeout as sleep } from 'node:timers/promises';
import type { SentEvent } from './events';
import type { Ledger } from './ledger';

export interface SenderOptions {
  readonly url: string;
  readonly key: string;
  readonly ledger: Ledger;
  readonly events: Iterator<SentEvent, void, undefined>;
  readonly perSecond: number;
  /** Called with each transaction once, in the order of the lane. */
  readonly onSent: (event: SentEvent) => void;
}

const rowsPerRequestMax = 1_000;
const tickMs = 10, pauseAfterRefusalMs = 100, requestMsMax = 30_000;

/**
 * Sends transactions at a rate, one request after the other: so their order in a lane is known. What is not answered with 200 is sent again, as a caller would; what was due
 * meanwhile goes with the next request.
 */
export class Sender {
  /** When the newest transaction with a decision in its answer was due. */
  decidedDueMs = 0;
  perSecond: number;
  private owed = 0;
  private stopping = false;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: SenderOptions) { this.perSecond = options.perSecond; }

  start(): void { this.running = this.run(); }
  async stop(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  /** Transactions that are due and were not sent yet. */
  get behind(): number { return this.owed; }

  /** Rejects when nothing can be sent any more. */
  get done(): Promise<void> { return this.running; }

  private async run(): Promise<void> {
    let lastMs = Date.now();
    while (!this.stopping) {
      const nowMs = Date.now();
      this.owed += ((nowMs - lastMs) / 1_000) * this.perSecond;
      lastMs = nowMs;
      const count = Math.min(rowsPerRequestMax, Math.floor(this.owed));
      if (count === 0) { await sleep(tickMs); continue; }
      // The one owed longest was due first.
      const firstDueMs = nowMs - (this.owed / this.perSecond) * 1_000;
      const batch: SentEvent[] = [];
      for (let index = 0; index < count; index += 1) {
        const next = this.options.events.next();
        if (next.done === true) throw new Error('the simulated world ended');
        this.options.ledger.due(next.value.id, firstDueMs + (index / this.perSecond) * 1_000);
        batch.push(next.value);
      }
      this.owed -= count;
      await this.send(batch);
    }
  }

  /** Until every row was taken. */
  async send(batch: readonly SentEvent[]): Promise<void> {
    const { ledger, onSent } = this.options;
    for (const { id } of batch) ledger.due(id, Date.now());
    for (const event of batch) onSent(event);
    while (!(await this.sendOnce(batch))) {
      ledger.refusals += 1;
      await sleep(pauseAfterRefusalMs);
    }
  }

  private async sendOnce(batch: readonly SentEvent[]): Promise<boolean> {
    const { url, key, ledger } = this.options;
    let results: ReadonlyArray<Record<string, unknown>>;
    try {
      const response = await fetch(`${url}/transactions/batch`, {
        method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', prefer: 'return=minimal' }, body: `[${batch.map(({ json }) => json).join(',')}]`, signal: AbortSignal.timeout(requestMsMax),
      });
      if (response.status !== 200) {
        const text = await response.text();
        if (response.status < 500 && response.status !== 429) throw new RefusedForGood(`${response.status}: ${text.slice(0, 300)}`);
        return false;
      }
      ({ results } = (await response.json()) as { results: Array<Record<string, unknown>> }); // the documented answer
    } catch (error) {
      if (error instanceof RefusedForGood) throw error;
      return false;
    }
    const nowMs = Date.now();
    let allTaken = true;
    batch.forEach(({ id }, index) => {
      const row = results[index] ?? {}, status = row['status'];
      if (typeof status === 'number' && status >= 400) {
        if (status < 500 && status !== 429) throw new RefusedForGood(JSON.stringify(row).slice(0, 300));
        allTaken = false;
        return;
      }
      ledger.acknowledge(id, nowMs);
      if (typeof row['outcome'] !== 'string') return;
      ledger.tell(id, { decision: String(row['id']), outcome: row['outcome'], score: Number(row['score']) });
      this.decidedDueMs = Math.max(this.decidedDueMs, ledger.dueMs(id) ?? 0);
    });
    return allTaken;
  }
}

/** The transaction itself is refused: a fault of the harness. */
class RefusedForGood extends Error { override readonly name = 'RefusedForGood' }
