/** Keys by the time they end, earliest first: a binary heap. A key may stand in it several times; who takes one out checks whether it still ends then. */
export class Deadlines {
  private readonly times: number[] = [];
  private readonly keys: string[] = [];

  add(key: string, atMs: number): void {
    if (atMs === Infinity) return;
    let at = this.times.length;
    this.times.push(atMs);
    this.keys.push(key);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.times[parent] as number) <= (this.times[at] as number)) break;
      this.swap(at, parent);
      at = parent;
    }
  }

  /** The key that ends first, when that is at or before `horizonMs`; it is taken out. */
  takeEnded(horizonMs: number): string | undefined {
    if (this.times.length === 0 || (this.times[0] as number) > horizonMs) return undefined;
    const taken = this.keys[0];
    this.swap(0, this.times.length - 1);
    this.times.pop();
    this.keys.pop();
    this.sink();
    return taken;
  }

  clear(): void {
    this.times.length = 0;
    this.keys.length = 0;
  }

  private sink(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1, right = left + 1;
      let least = at;
      if (left < this.times.length && (this.times[left] as number) < (this.times[least] as number)) least = left;
      if (right < this.times.length && (this.times[right] as number) < (this.times[least] as number)) least = right;
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  private swap(a: number, b: number): void {
    [this.times[a], this.times[b]] = [this.times[b] as number, this.times[a] as number];
    [this.keys[a], this.keys[b]] = [this.keys[b] as string, this.keys[a] as string];
  }
}
