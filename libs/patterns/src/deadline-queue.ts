/** A binary heap of things that are over at a time, earliest first; what is outdated is left in until it comes up. */
export class DeadlineQueue<T> {
  private readonly atMs: number[] = [];
  private readonly items: T[] = [];

  get size(): number { return this.items.length; }
  /** Infinity when empty. */
  get nextMs(): number { return this.atMs[0] ?? Infinity; }

  push(atMs: number, item: T): void {
    let at = this.items.length;
    this.atMs.push(atMs);
    this.items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.atMs[parent] as number) <= atMs) break;
      this.swap(at, parent);
      at = parent;
    }
  }

  /** The earliest item that is over at `clockMs`; undefined when none is. */
  popDue(clockMs: number): T | undefined {
    if (this.nextMs > clockMs) return undefined;
    const last = this.items.length - 1;
    this.swap(0, last);
    this.atMs.pop();
    const item = this.items.pop();
    this.sink(0);
    return item;
  }

  /** Everything that is over at `clockMs`, in no order; nothing changes. */
  dueAt(clockMs: number): T[] {
    const found: T[] = [];
    const look = (at: number): void => {
      if (at >= this.items.length || (this.atMs[at] as number) > clockMs) return;
      found.push(this.items[at] as T);
      look(2 * at + 1);
      look(2 * at + 2);
    };
    look(0);
    return found;
  }

  /** Keeps what `isCurrent` says; O(n). */
  retain(isCurrent: (item: T, atMs: number) => boolean): void {
    let kept = 0;
    for (let at = 0; at < this.items.length; at++) {
      const item = this.items[at] as T, atMs = this.atMs[at] as number;
      if (!isCurrent(item, atMs)) continue;
      this.items[kept] = item;
      this.atMs[kept++] = atMs;
    }
    this.items.length = kept;
    this.atMs.length = kept;
    for (let at = (kept >> 1) - 1; at >= 0; at--) this.sink(at);
  }

  private sink(from: number): void {
    const size = this.items.length;
    for (let at = from; ;) {
      const left = 2 * at + 1, right = left + 1;
      let least = at;
      if (left < size && (this.atMs[left] as number) < (this.atMs[least] as number)) least = left;
      if (right < size && (this.atMs[right] as number) < (this.atMs[least] as number)) least = right;
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  private swap(a: number, b: number): void {
    const atMs = this.atMs[a] as number, item = this.items[a] as T;
    this.atMs[a] = this.atMs[b] as number;
    this.items[a] = this.items[b] as T;
    this.atMs[b] = atMs;
    this.items[b] = item;
  }
}
