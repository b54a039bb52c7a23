import { decidedByOrder, type DecidedBy, type Outcome } from '@weir/contracts';

/** What spoke for an outcome, as one bit per kind in the order of precedence. `score` speaks by its band, which stands beside the bits. */
export const ask = Object.freeze({ hardList: 1, allowList: 2, approveRule: 4, blockRule: 8, blockList: 16, score: 32, reviewRule: 64, watchList: 128 });

const severity: Readonly<Record<Outcome, number>> = { approve: 0, review: 1, block: 2 };
export const worse = (a: Outcome, b: Outcome): Outcome => (severity[a] >= severity[b] ? a : b);

export interface Precedence { readonly outcome: Outcome; readonly decidedBy: DecidedBy; readonly overruled: readonly DecidedBy[] }

/** By kind, in the order of precedence; undefined: the score's band. */
const askedOutcomes: readonly (Outcome | undefined)[] = ['block', 'approve', 'approve', 'block', 'block', undefined, 'review', 'review'];
const outcomeOf = (kind: number, band: Outcome): Outcome => askedOutcomes[kind] ?? band;

function resolve(asks: number, band: Outcome): Precedence {
  let outcome: Outcome | undefined;
  for (let kind = 0; kind < 3 && outcome === undefined; kind++) if (asks & (1 << kind)) outcome = outcomeOf(kind, band);
  if (outcome === undefined) {
    outcome = 'approve';
    for (let kind = 3; kind < 8; kind++) if (asks & (1 << kind)) outcome = worse(outcome, outcomeOf(kind, band));
  }
  let decidedBy: DecidedBy = 'fallback';
  const overruled: DecidedBy[] = [];
  for (let kind = 7; kind >= 0; kind--) {
    if (!(asks & (1 << kind))) continue;
    const name = decidedByOrder[kind] ?? 'fallback';
    if (outcomeOf(kind, band) === outcome) decidedBy = name;
    else overruled.unshift(name);
  }
  return Object.freeze({ outcome, decidedBy, overruled: Object.freeze(overruled) });
}

const bands: readonly Outcome[] = ['approve', 'review', 'block'];
/** All 256 × 3 answers, made once: a decision takes one by index. */
const table: readonly (readonly Precedence[])[] = bands.map((band) => Array.from({ length: 256 }, (_, asks) => resolve(asks, band)));

/**
 * Who wins: `hard_list`, `allow_list`, `approve_rule` decide alone, the first that is there; otherwise the worst outcome asked for, by the first kind
 * that asked for it. `overruled` is what spoke for another outcome, in the order of precedence.
 */
export function precedenceOf(asks: number, band: Outcome): Precedence {
  const found = table[severity[band]]?.[asks];
  if (!found) throw new RangeError(`asks ${asks}`);
  return found;
}

/** True when one of the three kinds is there that decide alone. */
export const decidesAlone = (asks: number): boolean => (asks & 7) !== 0;

/** `approve` below `review`, `block` above `block`, `review` between, both ends included. */
export const bandOf = (score: number, limits: { readonly review: number; readonly block: number }): Outcome =>
  score < limits.review ? 'approve' : score > limits.block ? 'block' : 'review';

/** `overruled` when the policy's fallback made a degraded decision worse: everything that spoke for another outcome than it. */
export function overruledBy(outcome: Outcome, asks: number, band: Outcome): DecidedBy[] {
  return decidedByOrder.filter((_, kind) => kind < 8 && (asks & (1 << kind)) !== 0 && outcomeOf(kind, band) !== outcome);
}
