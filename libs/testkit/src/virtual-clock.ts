import { Clock } from '@weir/ports';

/** A clock that stands still until it is told otherwise; it never goes back. */
export class VirtualClock extends Clock {
  private currentMs: number;

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    super();
    this.currentMs = startMs;
  }

  override nowMs(): number {
    return this.currentMs;
  }

  advance(byMs: number): void {
    this.set(this.currentMs + byMs);
  }

  /** @throws RangeError for a time before the present one. */
  set(toMs: number): void {
    if (!(toMs >= this.currentMs)) throw new RangeError(`clock at ${this.currentMs} cannot go to ${toMs}`);
    this.currentMs = toMs;
  }
}
