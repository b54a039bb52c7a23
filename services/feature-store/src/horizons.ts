import type { LaneTime } from '@weir/contracts';
import type { FeaturePlan } from '@weir/features';

/**
 * Before which time no read comes, by view: the lowest watermark, less the allowed lateness, of the sources whose events read the view.
 * A source that has had no event yet can still bring any time.
 */
export class Horizons {
  private time: LaneTime | undefined;
  /** By first view of those that the same sources read. */
  private readonly known: Float64Array;
  private readonly alike: readonly number[];

  constructor(private readonly plan: FeaturePlan) {
    this.known = new Float64Array(plan.views.length);
    const names = plan.readersByView.map((sources) => JSON.stringify(sources.map(({ name }) => name).sort()));
    this.alike = names.map((name) => names.indexOf(name));
  }

  at(time: LaneTime): this {
    if (this.time === time) return this;
    this.time = time;
    this.known.fill(NaN);
    return this;
  }

  readonly of = (viewIndex: number): number => {
    const first = this.alike[viewIndex] as number, known = this.known[first] as number;
    return Number.isNaN(known) ? (this.known[first] = this.find(first)) : known;
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
