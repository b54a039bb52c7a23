import { featureStatuses, featureValue, type FeatureValue } from '@weir/contracts';
import { emptyFrame } from '@weir/definitions';
import { decodeShard } from '@weir/feature-store';
import { newVector, pointInTimeLayout, ViewReader, type FeaturePlan } from '@weir/features';
import type { KeyedState } from '@weir/windows';

export interface FeatureDifference { readonly feature: string; readonly old: FeatureValue; readonly old_status: string; readonly new: FeatureValue; readonly new_status: string }

/** Reads one key of one view from two shards at the same time, and says where they differ. */
export class ValueComparison {
  private readonly layout;
  private readonly readers: ReadonlyMap<string, { readonly reader: ViewReader; readonly index: number }>;

  constructor(private readonly plan: FeaturePlan) {
    this.layout = pointInTimeLayout(plan.set);
    this.readers = new Map(plan.views.map((view, index) => [view.view.name, { reader: new ViewReader(plan.set, view, this.layout), index }]));
  }

  /** undefined for a shard of another meaning of the view. */
  decode(view: string, shard: Uint8Array | undefined): KeyedState | undefined {
    const plan = this.plan.views[this.readers.get(view)?.index ?? -1];
    return plan === undefined || shard === undefined ? undefined : decodeShard(shard, plan.kernel, { meaning: plan.meaning });
  }

  differences(view: string, old: { readonly state: KeyedState | undefined; readonly sinceMs: number }, next: { readonly state: KeyedState | undefined; readonly sinceMs: number }, atMs: number): FeatureDifference[] {
    const found = this.readers.get(view);
    if (found === undefined) return [];
    const one = this.read(found.reader, old, atMs), other = this.read(found.reader, next, atMs);
    return one.flatMap((value, index): FeatureDifference[] => {
      const second = other[index];
      return second === undefined || JSON.stringify(value) === JSON.stringify(second) ? [] : [{ feature: value.name, old: value.value, old_status: value.status, new: second.value, new_status: second.status }];
    });
  }

  private read(reader: ViewReader, { state, sinceMs }: { readonly state: KeyedState | undefined; readonly sinceMs: number }, atMs: number): Array<{ readonly name: string; readonly value: FeatureValue; readonly status: string }> {
    const vector = newVector(this.layout), frame = emptyFrame();
    frame.vector = vector;
    reader.read(state, { readMs: atMs, currentRow: -1, sinceMs }, vector, frame);
    return reader.plan.view.features.map(({ name }, index) => ({ name, value: featureValue(vector, reader.base + index), status: featureStatuses[vector.statuses[reader.base + index] ?? 0] ?? 'ERROR' }));
  }
}
