import type { MismatchReason } from '@weir/gateway';
import type { FeatureDifference } from '../reprocess/compare-values';

/** What is known of a key beside its values. */
export interface KeyFacts {
  /** Some of its events came behind the watermark, or at the same time as another. */
  readonly late: boolean;
  readonly tie: boolean;
  /** The view began anew between the two. */
  readonly versionChanged: boolean;
}

/** Why a served value is not the one computed again; `bug` where nothing else explains it. The first that holds, most certain first. */
export function reasonOf(differences: readonly FeatureDifference[], facts: KeyFacts): MismatchReason {
  const has = (status: string): boolean => differences.some((each) => each.old_status === status || each.new_status === status);
  if (facts.versionChanged) return 'version';
  if (has('WARMING')) return 'warming';
  if (has('OUTSIDE_MAX_AGE')) return 'ttl';
  if (has('APPROXIMATE')) return 'coarsened';
  if (facts.late) return 'late';
  return facts.tie ? 'tie' : 'bug';
}
