import { MessageChannel, Worker, type MessagePort, type Transferable } from 'node:worker_threads';
import { errorOf, type Asked, type Said } from './serve-asked';

interface Waiting<Answer> { readonly resolve: (answer: Answer) => void; readonly reject: (cause: Error) => void }

export interface AskedThreadOptions<Job> {
  /** The compiled file of the thread; undefined where the code runs uncompiled. */
  readonly built: string | undefined;
  /** What it is told at its start. */
  readonly job: Job;
  /** Uncompiled code has no thread to start, and is served in this one by the same messages. */
  readonly serve: (port: MessagePort, job: Job) => void;
  /** What those who ask are told once it is no more. */
  readonly gone: (cause: unknown) => Error;
}

/** A thread that is asked several things at once and answers each when it is known (`serveAsked`). Who waits for an answer keeps the process. */
export class AskedThread<Question, Answer, Job = unknown> {
  /** Whether it runs beside this thread. */
  readonly isBeside: boolean;
  readonly #port: MessagePort | Worker;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #asked = 0;
  #gone: Error | undefined;

  constructor(private readonly options: AskedThreadOptions<Job>) {
    this.isBeside = options.built !== undefined;
    this.#port = options.built === undefined ? this.#serveHere() : this.#start(options.built);
    this.#port.on('message', (said: Said<Answer>) => this.#take(said));
    this.#port.unref();
  }

  get isGone(): boolean { return this.#gone !== undefined; }
  get waiting(): number { return this.#waiting.size; }

  /** @param hand buffers that are the thread's from now on. @throws what it failed with. */
  ask(question: Question, hand: readonly Transferable[] = []): Promise<Answer> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      const number = this.#asked++;
      this.#port.ref();
      this.#waiting.set(number, { resolve, reject });
      this.#port.postMessage({ number, question } satisfies Asked<Question>, hand);
    });
  }

  /** Ends it at once: what was asked and is not answered fails. */
  async close(): Promise<void> {
    this.#giveUp(new Error('it is closed'));
    if (this.#port instanceof Worker) await this.#port.terminate();
    else this.#port.close();
  }

  #start(file: string): Worker {
    const worker = new Worker(file, { workerData: this.options.job });
    worker.on('error', (cause) => this.#giveUp(cause));
    worker.on('exit', () => this.#giveUp(new Error('it ended')));
    return worker;
  }

  #serveHere(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.options.serve(port2, this.options.job);
    port2.unref();
    return port1;
  }

  #take(said: Said<Answer>): void {
    const waiting = this.#waiting.get(said.number);
    this.#waiting.delete(said.number);
    if (this.#waiting.size === 0) this.#port.unref();
    if ('failure' in said) waiting?.reject(errorOf(said.failure));
    else waiting?.resolve(said.answer);
  }

  #giveUp(cause: unknown): void {
    this.#gone ??= this.options.gone(cause);
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }
}
