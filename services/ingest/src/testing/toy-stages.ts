import type { LaneItem } from '@weir/contracts';
import { emptyState, type Stage, type StageState } from '@weir/pipeline';

const text = new TextDecoder(), utf8 = new TextEncoder();

/** Counts events per card and marks each item with the count, so that any event counted twice, never or out of order shows. Keeps nothing in memory that it handed over. */
export class CountStage implements Stage<LaneItem, LaneItem> {
  readonly name = 'count';
  readonly #changed = new Map<string, number>();
  #state: StageState = emptyState;

  process(batch: readonly LaneItem[]): LaneItem[] {
    return batch.map((item) => {
      if (item.kind === 'event') item.patternsKeyed = [`count ${this.#count(String(item.event.values[0]))}`];
      return item;
    });
  }
  simulate(input: LaneItem): LaneItem { return input; }
  takeChanges(): Iterable<readonly [string, Uint8Array | undefined]> {
    const changes = [...this.#changed].sort().map(([card, count]) => [`count/${card}`, utf8.encode(String(count))] as const);
    this.#changed.clear();
    return changes;
  }
  restore(state: StageState): Promise<void> {
    this.#state = state;
    this.#changed.clear();
    return Promise.resolve();
  }
  #count(card: string): number {
    const stored = this.#state.get(`count/${card}`);
    const count = (this.#changed.get(card) ?? (stored === undefined ? 0 : Number(text.decode(stored)))) + 1;
    this.#changed.set(card, count);
    return count;
  }
}

/** Answers later, as a model does, and remembers one thing from every event for the next. */
export class ChainStage implements Stage<LaneItem, LaneItem> {
  readonly name = 'chain';
  #link = 0;

  async process(batch: readonly LaneItem[]): Promise<LaneItem[]> {
    await Promise.resolve();
    for (const item of batch) {
      this.#link = (Math.imul(this.#link, 31) + item.offset + (item.kind === 'event' ? item.event.id.length : 7)) >>> 0;
      if (item.kind === 'event') item.patternsKeyed = [...item.patternsKeyed, `link ${this.#link}`];
      await Promise.resolve();
    }
    return [...batch];
  }
  simulate(input: LaneItem): LaneItem { return input; }
  takeChanges(): Iterable<readonly [string, Uint8Array | undefined]> { return [['chain/link', utf8.encode(String(this.#link))]]; }
  restore(state: StageState): Promise<void> {
    const stored = state.get('chain/link');
    this.#link = stored === undefined ? 0 : Number(text.decode(stored));
    return Promise.resolve();
  }
}
