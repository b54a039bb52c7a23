import type { DecisionRow } from '@weir/ports';
import { open, type Database, type RootDatabase } from 'lmdb';
import { blockStart } from './block-start';
import { DecisionBlock, newestOffset, type Unpack } from './decision-block';

/**
 * Reads the folder of an `LmdbDecisionStore` in the order in which it was written, block by block; writes nothing. It may be used in another thread
 * than the store's. A row's record is unpacked when it is asked for, so that a sample costs no more than its rows.
 */
export class LmdbDecisionTail {
  readonly #root: RootDatabase<Buffer, number>;
  readonly #layouts: Database<string, string>;
  readonly #blocks: ReadonlyArray<Database<Buffer, number>>;
  readonly #layoutById = new Map<string, string>();
  readonly #unpack: Unpack;

  constructor(options: { readonly path: string; readonly lanes: number; readonly unpack: (layoutJson: string, bytes: Uint8Array) => string }) {
    this.#root = open<Buffer, number>({ path: options.path, maxDbs: 3 * options.lanes + 3, encoding: 'binary', overlappingSync: false, noMemInit: true });
    this.#layouts = this.#root.openDB<string, string>('layouts', { encoding: 'string' });
    this.#blocks = Array.from({ length: options.lanes }, (_, lane) => this.#root.openDB<Buffer, number>(`decisions ${lane}`, { encoding: 'binary' }));
    this.#unpack = (layoutId, bytes) => options.unpack(this.#layout(layoutId), bytes);
  }

  /** Blocks of a lane from an offset on, oldest first: where the next one begins, how many rows it has, and its rows. */
  *from(lane: number, offset: number): Generator<{ readonly next: number; readonly count: number; readonly rows: () => Generator<DecisionRow, void, undefined> }, void, undefined> {
    const blocks = this.#blocks[lane];
    if (blocks === undefined) return;
    for (const { value } of blocks.getRange({ start: blockStart(blocks, offset) })) {
      const block = new DecisionBlock(lane, value, this.#unpack), next = block.offset(block.count - 1) + 1;
      if (next <= offset) continue;
      yield {
        next, count: block.count,
        rows: function* () { for (let row = 0; row < block.count; row++) if (block.offset(row) >= offset) yield block.row(row); },
      };
    }
  }

  /** One past the newest decision of a lane. */
  end(lane: number): number { return newestOffset(lane, this.#blocks[lane]) + 1; }

  close(): Promise<void> { return this.#root.close(); }

  #layout(id: string): string {
    let layout = this.#layoutById.get(id);
    if (layout === undefined) this.#layoutById.set(id, (layout = this.#layouts.get(id) ?? '{}'));
    return layout;
  }
}
