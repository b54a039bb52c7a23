import type { DefinitionSet } from '@weir/definitions';
import type { FeaturePlan } from '@weir/features';
import type { Backfill, LaneTime } from '@weir/contracts';

/** What the stage remembers of a view beside its states. */
export interface ViewRecord {
  readonly view: string;
  readonly meaning: string;
  /** Offset of the record that brought this meaning. */
  readonly epoch: number;
  /** First ms whose events the view has seen all of; null: its source's whole log. */
  readonly sinceMs: number | null;
  /** Where the states it began with were built, and of which events; absent for a view that began empty. */
  readonly built?: { readonly id: string; readonly fromMs: number | null; readonly afterOffset: number };
}

/** Views of the new set: those that are back-filled here begin with what was built, those that mean what they meant keep their states, others begin here. */
export function nextRecords(plan: FeaturePlan, before: readonly ViewRecord[], at: { readonly offset: number; readonly time: LaneTime; readonly backfill?: Backfill | undefined }): ViewRecord[] {
  const known = new Map(before.map((record) => [record.view, record]));
  return plan.views.map(({ view, meaning }) => {
    const filled = at.backfill?.views.find((each) => each.view === view.name);
    if (at.backfill !== undefined && filled !== undefined) return { view: view.name, meaning, epoch: at.offset, sinceMs: filled.sinceMs, built: { id: at.backfill.id, fromMs: filled.fromMs, afterOffset: filled.afterOffset } };
    const old = known.get(view.name);
    if (old !== undefined && old.meaning === meaning) return old;
    return { view: view.name, meaning, epoch: at.offset, sinceMs: beginsAt(plan.set, view.source, at.time) };
  });
}

/** A view over a source without events has seen its whole log; else its history begins behind the newest event so far. */
function beginsAt(set: DefinitionSet, sourceName: string, time: LaneTime): number | null {
  const source = set.sources.get(sourceName);
  const watermarkMs = time.watermarkMsBySource.get(sourceName);
  if (source === undefined || watermarkMs === undefined) return source?.historyFromMs ?? null;
  return watermarkMs + source.outOfOrdernessMs + 1;
}
