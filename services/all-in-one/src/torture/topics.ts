import { Kafka, logLevel, type EachBatchPayload } from 'kafkajs';
import { closingPrefix } from './events';
import { DecisionReader } from './verdict-digest';

/** A transaction's first decision, and how often it was decided. */
export interface Decided { readonly decision: string; readonly outcome: string; readonly score: number; readonly digest: string; readonly degraded: boolean; /** When the broker took it, ms. */ readonly atMs: number; times: number }

export interface TopicContents {
  readonly byTransaction: ReadonlyMap<string, Decided>;
  /** Origins and alerts that are there more than once. */
  readonly originsTwice: number;
  readonly alerts: number;
  readonly alertsTwice: number;
  readonly quarantined: number;
}

/** So many fetches that brought nothing, one after the other, say that the end is reached. */
const emptyFetchesAtEnd = 4;
const withinMs = 300_000;

/**
 * Everything that is committed in `decisions`, `alerts` and `quarantine`, read by a client library that the services do not use by default, in a consumer group of its own. `closing`:
 * how many decisions end the run; before they have come the end is not reached.
 */
export async function readTopics(options: { readonly brokers: readonly string[]; readonly prefix: string; readonly closing: number }): Promise<TopicContents> {
  const { brokers, prefix, closing } = options;
  const consumer = new Kafka({ clientId: 'torture', brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { retries: 20 } }).consumer({ groupId: `${prefix}-ledger`, maxWaitTimeInMs: 200 });
  const contents = new Contents();
  let emptyFetches = 0, failed: (error: Error) => void = () => undefined, ended: () => void = () => undefined;
  const done = new Promise<void>((resolve, reject) => { ended = resolve; failed = reject; });
  const timer = setTimeout(() => failed(new Error(`the topics' end was not reached within ${withinMs / 1_000} s; ${contents.closing} of ${closing} closing decisions came`)), withinMs);
  consumer.on('consumer.fetch', () => {
    emptyFetches += 1;
    if (emptyFetches >= emptyFetchesAtEnd && contents.closing >= closing) ended();
  });
  consumer.on('consumer.crash', ({ payload }) => { if (!payload.restart) failed(payload.error); });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: ['decisions', 'alerts', 'quarantine'].map((topic) => `${prefix}.${topic}`), fromBeginning: true });
    await consumer.run({ eachBatch: (payload) => { emptyFetches = 0; contents.take(payload, prefix); return Promise.resolve(); } });
    await done;
  } finally {
    clearTimeout(timer);
    await consumer.disconnect();
  }
  return contents;
}

class Contents implements TopicContents {
  readonly byTransaction = new Map<string, Decided>();
  originsTwice = 0;
  alertsTwice = 0;
  quarantined = 0;
  closing = 0;
  private readonly origins = new Set<string>();
  private readonly alertIds = new Set<string>();
  private readonly reader = new DecisionReader();

  get alerts(): number { return this.alertIds.size; }

  take({ batch }: EachBatchPayload, prefix: string): void {
    for (const message of batch.messages) {
      if (message.value === null) continue;
      switch (batch.topic.slice(prefix.length + 1)) {
        case 'decisions': this.decision(message.value, String(message.headers?.['weir-origin']), Number(message.timestamp)); break;
        case 'alerts': {
          const id = String(message.headers?.['ce_id']);
          if (this.alertIds.has(id)) this.alertsTwice += 1;
          this.alertIds.add(id);
          break;
        }
        default: this.quarantined += 1;
      }
    }
  }

  private decision(value: Uint8Array, origin: string, atMs: number): void {
    if (this.origins.has(origin)) this.originsTwice += 1;
    this.origins.add(origin);
    const { id, transactionId, outcome, score, degraded, digest } = this.reader.read(value);
    const known = this.byTransaction.get(transactionId);
    if (known !== undefined) { known.times += 1; return; }
    this.byTransaction.set(transactionId, { decision: id, outcome, score, degraded, digest, atMs, times: 1 });
    if (transactionId.startsWith(closingPrefix)) this.closing += 1;
  }
}
