import type { DecisionRecord, Outcome } from '../api/types';
import { plain } from '../format';

/** Every word must be somewhere in what the table shows or the decision names. */
export function filterDecisions(decisions: readonly DecisionRecord[], filter: { outcomes: ReadonlySet<Outcome>; text: string }): DecisionRecord[] {
  const wanted = filter.text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  return decisions.filter((decision) => filter.outcomes.has(decision.outcome) && (wanted.length === 0 || wanted.every((word) => haystack(decision).includes(word))));
}

const haystack = (decision: DecisionRecord): string =>
  [decision.id, decision.transaction_id, decision.decided_by, ...decision.rules, ...decision.patterns, ...decision.lists, ...decision.tags, ...decision.reasons.map(({ text }) => text), ...Object.values(decision.tx).map(plain)].join(' ').toLowerCase();
