import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import { lagOfAny } from '@weir/rules';
import type { ControlRecord } from './recorded-front';
import { stageIdentity } from './stage-identity';
import type { Way } from './thread-pair';

/** The quickest way that gives the answers of running every stage twice, for a file whose one set is `live`. */
export const wayOfFile = (live: DefinitionSet, changed: DefinitionSet): Way => sharedWay([live], changed);

/**
 * The same for the log of a lane: its sets are among `controls` (undefined: unknown). `recordedThrough`: the stored decisions may be used, up to this
 * offset. Features and patterns are taken from them only where every set that ever was in force has those of the changed one, for what is stored was made
 * by the set of its time.
 */
export function wayOfLog(controls: readonly ControlRecord[] | undefined, changed: DefinitionSet, { useRecords, lanes, known }: { readonly useRecords: boolean; readonly lanes: number; /** A set that is at hand already. */ readonly known?: DefinitionSet }): Way {
  if (controls === undefined) return { kind: 'apart' };
  const texts = new Set(controls.flatMap(({ body }) => (body.kind === 'definitions' ? [body.json] : [])));
  const sets: DefinitionSet[] = [];
  for (const text of texts) {
    try { sets.push(known?.canonicalJson === text ? known : resolveCanonicalSet(text)); } catch { return { kind: 'apart' }; } // a record that ingest skips; the changed set would stand in its place
  }
  const way = sharedWay(sets, changed);
  // What a record waited for stands in the log alone.
  const asksForLag = [...sets, changed].some(({ policies }) => lagOfAny(policies.values()) < Infinity);
  if (useRecords && !asksForLag && way.kind === 'shared' && way.patterns === 'both') return { kind: 'recorded', controls };
  // Each side then follows the other lanes, and builds what was back-filled, by itself.
  const hasBackfills = controls.some(({ body }) => body.kind === 'definitions' && body.backfill !== undefined);
  return lanes > 1 || hasBackfills ? { kind: 'apart' } : way;
}

function sharedWay(sets: readonly DefinitionSet[], changed: DefinitionSet): Way {
  const wanted = stageIdentity(changed), found = sets.map(stageIdentity);
  if (found.some(({ features }) => features !== wanted.features)) return { kind: 'apart' };
  const areSame = found.every(({ patterns, running }) => patterns === wanted.patterns && running === found[0]?.running);
  return { kind: 'shared', patterns: areSame ? 'both' : 'each' };
}
