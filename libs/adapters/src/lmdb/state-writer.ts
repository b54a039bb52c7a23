import { OrderedThread, startWorker } from '../threads';

export interface PackedEntries { readonly bytes: ArrayBuffer; readonly length: number }
/** What the thread is told: one publish, its entries packed by `packEntries`. */
export interface PublishOrder { readonly lane: number; readonly position: number; readonly blocks: readonly PackedEntries[] }
/** What it answers, in the order of the orders. */
export interface PublishAnswer { readonly error: string | undefined }

const headBytes = 8;
/** A value's length where there is none: the key goes. */
const gone = 0xffffffff;
/** Entries are packed in stretches of about so long: whoever decides is not held up. */
const stretchMs = 1;
const blockBytes = 1 << 18;

/**
 * Publishes in a thread of its own: sorting and putting many entries takes a while, and is one transaction. Publishes are made one after
 * the other.
 */
export class StateWriter {
  readonly #thread: OrderedThread<PublishOrder, PublishAnswer>;

  constructor(path: string) {
    this.#thread = new OrderedThread(startWorker(__dirname, 'state-writer.worker', { workerData: path }), 'the thread that writes state');
  }

  /** Resolves when all of it is synced; rejects when nothing of it was written. */
  async publish(order: PublishOrder): Promise<void> {
    const { error } = await this.#thread.ask(order, order.blocks.map(({ bytes }) => bytes));
    if (error !== undefined) throw new Error(error);
  }

  close(): Promise<void> { return this.#thread.terminate(); }
}

/** Key length, value length, key, value; little-endian. Made a stretch at a time. */
export async function packEntries(changes: Iterable<readonly [key: Uint8Array, value: Uint8Array | undefined]>): Promise<PackedEntries[]> {
  const blocks: PackedEntries[] = [];
  let bytes = Buffer.alloc(0), length = 0;
  let untilMs = performance.now() + stretchMs;
  const close = (): void => { if (length > 0) blocks.push({ bytes: bytes.buffer, length }); };
  for (const [key, value] of changes) {
    const needed = headBytes + key.length + (value?.length ?? 0);
    if (length + needed > bytes.length) {
      close();
      bytes = Buffer.from(new ArrayBuffer(Math.max(needed, blockBytes)));
      length = 0;
    }
    bytes.writeUInt32LE(key.length, length);
    bytes.writeUInt32LE(value?.length ?? gone, length + 4);
    bytes.set(key, length + headBytes);
    if (value !== undefined) bytes.set(value, length + headBytes + key.length);
    length += needed;
    if (performance.now() < untilMs) continue;
    await new Promise((resume) => { setImmediate(resume); });
    untilMs = performance.now() + stretchMs;
  }
  close();
  return blocks;
}
