/** One stretch of time in which a list holds a value: `fromMs ≤ t < untilMs`; ±Infinity where there is no bound. */
export interface ListEntry { readonly fromMs: number; readonly untilMs: number; readonly by: string; readonly reason: string }

/**
 * Adds a stretch, joined with those it overlaps or touches, so that an action that fires on every event leaves one entry and not one per event.
 * What was held stays held: adding never shortens. Sorted by `fromMs`; a joined stretch carries `by` and `reason` of the newest addition.
 */
export function addEntry(entries: readonly ListEntry[], added: ListEntry): readonly ListEntry[] {
  if (!(added.fromMs < added.untilMs)) return entries;
  let { fromMs, untilMs } = added;
  const before: ListEntry[] = [], after: ListEntry[] = [];
  for (const entry of entries) {
    if (entry.untilMs < fromMs) before.push(entry);
    else if (entry.fromMs > untilMs) after.push(entry);
    else {
      fromMs = Math.min(fromMs, entry.fromMs);
      untilMs = Math.max(untilMs, entry.untilMs);
    }
  }
  return [...before, { fromMs, untilMs, by: added.by, reason: added.reason }, ...after];
}

export function holdsAt(entries: readonly ListEntry[], atMs: number): boolean {
  for (const entry of entries) if (entry.fromMs <= atMs && atMs < entry.untilMs) return true;
  return false;
}

/** Without what ended at or before `horizonMs`: no event can be accepted any more that would see it. */
export const dropEnded = (entries: readonly ListEntry[], horizonMs: number): readonly ListEntry[] => entries.filter((entry) => entry.untilMs > horizonMs);
