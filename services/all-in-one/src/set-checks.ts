import { patternCheck } from '@weir/patterns';
import type { SetCheck } from '@weir/definitions';

/** Checks of a set that live above the definitions; their findings are reported with all others. */
export const setChecks: readonly SetCheck[] = [patternCheck];
