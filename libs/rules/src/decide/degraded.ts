import type { Policy } from '@weir/definitions';

/** What a decision can be degraded for, as metrics tell it apart. */
export const degradedCauses = ['model', 'features', 'lag'] as const;
export type DegradedCause = (typeof degradedCauses)[number];

export const featuresUnread = 'the features could not be read';
const lagText = (backlog: number, maxLag: number): string => `${backlog} records waited in front of it, more than max_lag ${maxLag}`;
const lagPattern = /^\d+ records waited in front of it/;

/** All that failed, with the lag where it passed the policy's bound. A record that is decided again says it already. */
export function withLag(why: readonly string[], backlog: number | undefined, { maxLag }: Pick<Policy, 'maxLag'>): readonly string[] {
  return backlog === undefined || maxLag === null || backlog <= maxLag ? why : [...why, lagText(backlog, maxLag)];
}

/** Of one entry of `degraded_why`. */
export const degradedCause = (why: string): DegradedCause => (lagPattern.test(why) ? 'lag' : why === featuresUnread ? 'features' : 'model');

/** Above so many records in front of it every transaction is degraded, whichever policy it falls under; Infinity where one of them never is. */
export function lagOfAll(policies: Iterable<Policy>): number {
  let highest = -1, isCovered = false;
  for (const { maxLag, when } of policies) {
    if (maxLag === null) return Infinity;
    highest = Math.max(highest, maxLag);
    isCovered ||= when === null;
  }
  return isCovered ? highest : Infinity;
}

/** At or below so many no transaction is; Infinity where none ever is. */
export function lagOfAny(policies: Iterable<Policy>): number {
  let lowest = Infinity;
  for (const { maxLag } of policies) if (maxLag !== null) lowest = Math.min(lowest, maxLag);
  return lowest;
}
