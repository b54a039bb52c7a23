import type { Transferable, Worker } from 'node:worker_threads';

interface Waiting<Answer> { readonly resolve: (answer: Answer) => void; readonly reject: (cause: Error) => void }

/**
 * A thread that answers each order once, in the order of the orders. Who waits for an answer keeps the process; a thread that nobody waits for does not.
 * When it ends, by whatever, those who wait are told so, and those who ask later.
 */
export class OrderedThread<Order, Answer> {
  /** Once the thread is no more. */
  readonly ended: Promise<void>;
  readonly #waiting: Array<Waiting<Answer>> = [];
  #gone: Error | undefined;

  /** @param name in errors, as "the thread of the database". */
  constructor(private readonly worker: Worker, private readonly name: string) {
    worker.on('message', (answer: Answer) => this.#take(answer));
    worker.on('error', (cause) => this.#giveUp(cause instanceof Error ? cause : new Error(String(cause))));
    this.ended = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#giveUp(new Error(`${name} ended`));
        resolve();
      });
    });
    worker.unref();
  }

  get isGone(): boolean { return this.#gone !== undefined; }
  get isWaitedFor(): boolean { return this.#waiting.length > 0; }

  /** @param hand buffers that are the thread's from now on. */
  ask(order: Order, hand: readonly Transferable[] = []): Promise<Answer> {
    const answer = this.next();
    if (this.#gone === undefined) this.worker.postMessage(order, hand);
    return answer;
  }

  /** The answer to what it was started with. */
  next(): Promise<Answer> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.worker.ref();
    });
  }

  /** Says the last, at which it ends, behind what was asked before; resolves once it has. */
  async end(last: Order): Promise<void> {
    if (this.#gone === undefined) {
      this.#gone = new Error(`${this.name} is closed`);
      this.worker.ref();
      this.worker.postMessage(last);
    }
    await this.ended;
  }

  /** Ends it in the midst of what it does. */
  async terminate(): Promise<void> { await this.worker.terminate(); }

  /** It no longer keeps the process, whoever waits. */
  leave(): void { this.worker.unref(); }

  #take(answer: Answer): void {
    const asked = this.#waiting.shift();
    if (this.#waiting.length === 0 && this.#gone === undefined) this.worker.unref();
    asked?.resolve(answer);
  }

  #giveUp(cause: Error): void {
    this.#gone ??= cause;
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
  }
}
