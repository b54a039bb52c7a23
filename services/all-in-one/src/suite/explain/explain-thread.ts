import { AskedThread, builtWorker } from '@weir/adapters/threads';
import { WeirError } from '@weir/contracts';
import type { Explained, ExplainedModel } from './explainers';
import { serveExplainers, type ExplainQuestion } from './serve-explainers';

/** Questions that may wait; reasons are for people, and more than that no person reads. */
const waitingMax = 1_000;

/**
 * Explains in a thread of its own, started by the first who asks: taking a large model apart takes seconds and a row of it a millisecond, and whoever does not ask
 * must not wait for that. Where that thread ends, the next who asks starts another.
 */
export class ExplainThread {
  private thread: AskedThread<ExplainQuestion, Explained | undefined, string> | undefined;
  private isClosed = false;

  /** @param folder of the model files. */
  constructor(private readonly folder: string) {}

  /** undefined where no rows were kept with the model. @throws WeirError WEIR_LIMIT_REACHED when too many wait; WEIR_MODEL_FAILED. */
  async explain(model: ExplainedModel, row: Float64Array): Promise<Explained | undefined> {
    if (this.isClosed) throw new WeirError('WEIR_MODEL_FAILED', 'explanations have ended');
    if (this.thread === undefined || this.thread.isGone) this.thread = this.open();
    if (this.thread.waiting >= waitingMax) throw new WeirError('WEIR_LIMIT_REACHED', `${waitingMax} explanations wait already`, { retriable: true });
    try {
      return await this.thread.ask({ model, row });
    } catch (cause) {
      throw new WeirError('WEIR_MODEL_FAILED', cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.thread?.close();
  }

  private open(): AskedThread<ExplainQuestion, Explained | undefined, string> {
    return new AskedThread({ built: builtWorker(__dirname, 'explain.worker'), job: this.folder, serve: serveExplainers, gone: (cause) => new Error('the thread of the explanations ended', { cause }) });
  }
}
