import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { WeirError } from '@weir/contracts';
import type { Explained, ExplainedModel } from './explainers';
import { serveExplainers, type ExplainAnswer, type ExplainQuestion } from './serve-explainers';

/** Questions that may wait; reasons are for people, and more than that no person reads. */
const waitingMax = 1_000;

/**
 * Explains in a thread of its own, started by the first who asks: taking a large model apart takes seconds and a row of it a millisecond, and whoever does not ask
 * must not wait for that. Uncompiled sources have no thread to start, and are served in this one by the same messages.
 */
export class ExplainThread {
  private port: MessagePort | Worker | undefined;
  private readonly waiting = new Map<number, { readonly resolve: (explained: Explained | undefined) => void; readonly reject: (error: Error) => void }>();
  private asked = 0;
  private isClosed = false;

  /** @param folder of the model files. */
  constructor(private readonly folder: string) {}

  /** undefined where no rows were kept with the model. @throws WeirError WEIR_LIMIT_REACHED when too many wait; WEIR_MODEL_FAILED. */
  explain(model: ExplainedModel, row: Float64Array): Promise<Explained | undefined> {
    if (this.isClosed) return Promise.reject(new WeirError('WEIR_MODEL_FAILED', 'explanations have ended'));
    if (this.waiting.size >= waitingMax) return Promise.reject(new WeirError('WEIR_LIMIT_REACHED', `${waitingMax} explanations wait already`, { retriable: true }));
    const port = (this.port ??= this.open()), number = this.asked++;
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      port.postMessage({ number, model, row } satisfies ExplainQuestion);
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.port instanceof Worker) await this.port.terminate();
    else this.port?.close();
    this.fail(new WeirError('WEIR_MODEL_FAILED', 'explanations have ended'));
  }

  private open(): MessagePort | Worker {
    const port = this.connect();
    port.on('message', (answer: ExplainAnswer) => this.take(answer));
    port.unref();
    return port;
  }

  private connect(): MessagePort | Worker {
    const built = join(__dirname, 'explain.worker.js');
    if (!existsSync(built)) {
      const { port1, port2 } = new MessageChannel();
      serveExplainers(port2, this.folder);
      port2.unref();
      return port1;
    }
    const worker = new Worker(built, { workerData: this.folder });
    const ended = (cause: unknown): void => {
      if (this.port === worker) this.port = undefined; // the next who asks starts another
      this.fail(new WeirError('WEIR_MODEL_FAILED', 'the thread of the explanations ended', { cause }));
    };
    worker.on('error', ended);
    worker.on('exit', ended);
    return worker;
  }

  private take({ number, explained, error }: ExplainAnswer): void {
    const waiter = this.waiting.get(number);
    this.waiting.delete(number);
    if (error === undefined) waiter?.resolve(explained);
    else waiter?.reject(new WeirError('WEIR_MODEL_FAILED', error));
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
