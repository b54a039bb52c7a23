import type { InferenceSession } from 'onnxruntime-node';
import { OrderedThread, startWorker } from '../threads';
import type { ModelSession, SessionAnswer, SessionRun, SessionShape } from './model-session';

export interface SessionJob { readonly bytes: Uint8Array; readonly options: InferenceSession.SessionOptions }
/** What the thread says: first its shape, then an answer a run, in their order. */
export type SessionSaid = { readonly shape: SessionShape } | { readonly answer: SessionAnswer } | { readonly error: string };

/** Heap of the thread; the runtime's own memory is not of it. */
const heapMb = 64;
/** Whoever closes waits no longer than this for a run to end. A thread is never ended in the midst of one: the runtime's binding would take the process with it. */
const endsWithinMs = 4_000;

type Thread = OrderedThread<SessionRun | null, SessionSaid>;

/** Those that have not ended. A process waits for its threads when it ends, and nothing ends a run of the runtime from without. */
const threads = new Set<Thread>();
let isWatched = false;

/** At the process's end a run that goes on is left behind: the process becomes a shell that ends with its code. */
function leaveRunsBehind(code: number): void {
  if ([...threads].some(({ isWaitedFor }) => isWaitedFor) && process.platform !== 'win32') process.execve?.('/bin/sh', ['sh', '-c', `exit ${code}`], {});
}

/** A session in a thread of its own. Runs wait for each other; one that never ends holds its own thread and what waits for it, nothing else. */
export class SessionThread implements ModelSession {
  private constructor(private readonly thread: Thread, private readonly shape: SessionShape) {}

  /** @throws Error with what the runtime says of the model. */
  static async open(bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<SessionThread> {
    const job: SessionJob = { bytes, options };
    if (!isWatched) process.on('exit', leaveRunsBehind);
    isWatched = true;
    const thread: Thread = new OrderedThread(startWorker(__dirname, 'session.worker', { workerData: job, resourceLimits: { maxOldGenerationSizeMb: heapMb } }), 'the thread of the model');
    threads.add(thread);
    void thread.ended.then(() => threads.delete(thread));
    const said = await thread.next();
    if ('shape' in said) return new SessionThread(thread, said.shape);
    await endIn(thread);
    throw new Error('error' in said ? said.error : 'the thread of the model said nothing of it');
  }

  get inputNames() { return this.shape.inputNames; }
  get inputMetadata() { return this.shape.inputMetadata; }
  get outputNames() { return this.shape.outputNames; }
  get outputMetadata() { return this.shape.outputMetadata; }

  async run(asked: SessionRun): Promise<SessionAnswer> {
    const said = await this.thread.ask({ ...asked, rows: asked.rows.slice() }); // its rows alone, not the whole matrix they lie in
    if ('answer' in said) return said.answer;
    throw new Error('error' in said ? said.error : 'the thread of the model answered something else');
  }

  release(): Promise<void> { return endIn(this.thread); }
}

/** Behind the runs that were asked for; one that takes longer than a while is left to itself. */
async function endIn(thread: Thread): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, endsWithinMs); });
  await Promise.race([thread.end(null), late]);
  clearTimeout(timer);
  thread.leave();
}
