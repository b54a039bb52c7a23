import type { Verdict } from '@weir/contracts';
import { recordOfVerdict, type VerdictRecord } from '@weir/rules';

/** The decision as `weir decide` and the API print it: the public record, features and statuses by name. */
export const answerOf = (verdict: Verdict): VerdictRecord => recordOfVerdict(verdict);
