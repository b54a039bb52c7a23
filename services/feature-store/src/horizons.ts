import type { LaneTime } from '@weir/contracts';
import type { FeaturePlan } from '@weir/features';

/**
 * Before which time no read comes, by view: the lowest watermark, less the allowed lateness, of the sources whose events read the view.
 * A source that has had no event yet can still bring any time.
 */
export class Horizons {
  private time: LaneTime | undefined;
  private known: Float64Array = new Float64Array(0);

  constructor(private readonly plan: FeaturePlan) {}

  at(time: LaneTime): this {
    if (this.time === time) return this;
    this.time = time;
    if (this.known.length !== this.plan.views.length) this.known = new Float64Array(this.plan.views.length);
    this.known.fill(NaN);
    return this;
  }

  readonly of = (viewIndex: number): number => {
    const known = this.known[viewIndex] as number;
    return Number.isNaN(known) ? (this.known[viewIndex] = this.find(viewIndex)) : known;
  };

  private find(viewIndex: number): number {
    let horizonMs = Infinity;
    for (const source of this.plan.readersByView[viewIndex] ?? []) {
      const watermarkMs = this.time?.watermarkMsBySource.get(source.name) ?? -Infinity;
      horizonMs = Math.min(horizonMs, watermarkMs - source.allowedLatenessMs);
    }
    return horizonMs === Infinity ? -Infinity : horizonMs;
  }
}
