import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { InferenceSession } from 'onnxruntime-node';
import type { ModelSession, SessionAnswer, SessionRun, SessionShape } from './model-session';

export interface SessionJob { readonly bytes: Uint8Array; readonly options: InferenceSession.SessionOptions }
/** What the thread says: first its shape, then an answer a run, in their order. */
export type SessionSaid = { readonly shape: SessionShape } | { readonly answer: SessionAnswer } | { readonly error: string };

/** Heap of the thread; the runtime's own memory is not of it. */
const heapMb = 64;
/** Whoever closes waits no longer than this for a run to end. A thread is never ended in the midst of one: the runtime's binding would take the process with it. */
const endsWithinMs = 4_000;

/** Threads in a run. A process waits for its threads when it ends, and nothing ends a run of the runtime from without. */
const running = new Set<SessionThread>();
let isWatched = false;

/** At the process's end a run that goes on is left behind: the process becomes a shell that ends with its code. */
function leaveRunsBehind(code: number): void {
  if (running.size > 0 && process.platform !== 'win32') process.execve?.('/bin/sh', ['sh', '-c', `exit ${code}`], {});
}

/** A session in a thread of its own. Runs wait for each other; one that never ends holds its own thread and what waits for it, nothing else. */
export class SessionThread implements ModelSession {
  private readonly waiting: Array<{ readonly resolve: (said: SessionSaid) => void; readonly reject: (cause: Error) => void }> = [];
  private gone: Error | undefined;
  private isLeft = false;
  private readonly ended: Promise<void>;
  private shape: SessionShape = { inputNames: [], inputMetadata: [], outputNames: [], outputMetadata: [] };

  private constructor(private readonly worker: Worker) {
    worker.on('message', (said: SessionSaid) => this.take(said));
    worker.on('error', (cause) => this.giveUp(cause instanceof Error ? cause : new Error(String(cause))));
    this.ended = new Promise((resolve) => {
      worker.on('exit', () => {
        running.delete(this);
        this.giveUp(new Error('the thread of the model ended'));
        resolve();
      });
    });
    worker.unref();
  }

  /** @throws Error with what the runtime says of the model. */
  static async open(bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<SessionThread> {
    const job: SessionJob = { bytes, options }, built = join(__dirname, 'session.worker.js'), settings = { workerData: job, resourceLimits: { maxOldGenerationSizeMb: heapMb } };
    // Uncompiled, Node strips its types and says how the file could be found faster.
    if (!isWatched) process.on('exit', leaveRunsBehind);
    isWatched = true;
    const thread = new SessionThread(existsSync(built) ? new Worker(built, settings) : new Worker(join(__dirname, 'session.worker.ts'), { ...settings, execArgv: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'] }));
    const said = await thread.next();
    if (!('shape' in said)) {
      await thread.release();
      throw new Error('error' in said ? said.error : 'the thread of the model said nothing of it');
    }
    thread.shape = said.shape;
    return thread;
  }

  get inputNames() { return this.shape.inputNames; }
  get inputMetadata() { return this.shape.inputMetadata; }
  get outputNames() { return this.shape.outputNames; }
  get outputMetadata() { return this.shape.outputMetadata; }

  async run(asked: SessionRun): Promise<SessionAnswer> {
    if (this.gone !== undefined) throw this.gone;
    this.worker.postMessage({ ...asked, rows: asked.rows.slice() }); // its rows alone, not the whole matrix they lie in
    const said = await this.next();
    if ('answer' in said) return said.answer;
    throw new Error('error' in said ? said.error : 'the thread of the model answered something else');
  }

  async release(): Promise<void> {
    if (!this.isLeft) this.worker.postMessage(null);
    this.isLeft = true;
    this.gone ??= new Error('the session is closed');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, endsWithinMs); });
    await Promise.race([this.ended, late]);
    clearTimeout(timer);
    this.worker.unref();
  }

  private next(): Promise<SessionSaid> {
    if (this.gone !== undefined) return Promise.reject(this.gone);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      running.add(this);
      this.worker.ref(); // who waits for an answer keeps the process
    });
  }

  private take(said: SessionSaid): void {
    const asked = this.waiting.shift();
    if (this.waiting.length === 0) {
      running.delete(this);
      this.worker.unref();
    }
    asked?.resolve(said);
  }

  private giveUp(cause: Error): void {
    this.gone ??= cause;
    this.isLeft = true;
    for (const { reject } of this.waiting.splice(0)) reject(this.gone);
  }
}
