import { decidedByOrder, type DecidedBy, type Reason } from '@weir/contracts';
import { scoreFromUnits } from '../score/noisy-or';

/** A reason before it is put in order: `speaksAs` is the kind whose precedence breaks ties. */
export interface RawReason { readonly kind: Reason['kind']; readonly name: string; readonly text: string; readonly units: number; readonly speaksAs: DecidedBy }

const rank = Object.freeze(Object.fromEntries(decidedByOrder.map((kind, i) => [kind, i]))) as Readonly<Record<DecidedBy, number>>;
const none: readonly Reason[] = Object.freeze([]);

/** By contribution, largest first; ties by precedence, then name. */
export function orderedReasons(raw: readonly RawReason[]): readonly Reason[] {
  if (raw.length === 0) return none;
  const sorted = raw.length === 1 ? raw : [...raw].sort((a, b) => b.units - a.units || rank[a.speaksAs] - rank[b.speaksAs] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return sorted.map(({ kind, name, text, units }) => ({ kind, name, text, contribution: scoreFromUnits(units) }));
}

/** Kind of precedence by the bit of `ask`; a rule that asks for nothing speaks by the score. */
export const kindOfAsk = (asks: number): DecidedBy => (asks === 0 ? 'score' : decidedByOrder[31 - Math.clz32(asks)] ?? 'score');
