import type { NearMisses } from '../dependencies/decisions';

/** As it is answered. */
export const nearMissesRecord = ({ band, whatIf, rules }: NearMisses): Readonly<Record<string, unknown>> => ({ ...(band === undefined ? {} : { band }), what_if: whatIf, rules });
