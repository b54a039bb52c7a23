import { entityKey, type Verdict } from '@weir/contracts';
import type { Pattern } from '@weir/definitions';
import type { WhyNot } from '@weir/gateway';
import { compileProgram, EventContext, explainNoMatch, type NearMiss } from '@weir/patterns';
import type { StreamEvent } from '@weir/contracts';
import { inputOfRecord, type DecisionInput, type DecisionProgram } from '@weir/rules';

/** Decisions of one entity before a time, newest first in lane order; a bounded number. */
export type EarlierDecisions = (of: { readonly entity: string; readonly fromMs: number; readonly toMs: number; readonly max: number }) => Promise<readonly Verdict[]>;

/** Events of the key that are run again; what came before them is not known to the explanation. */
const eventsMax = 500;

/**
 * Why a pattern was not completed by a decision's event: its steps are run again over the key's recent events, as their decisions recorded them, and the
 * partial match that got furthest is told.
 */
export async function whyNotPattern(verdict: Verdict, of: { readonly program: DecisionProgram; readonly pattern: Pattern; readonly earlier: EarlierDecisions }): Promise<WhyNot> {
  const { program, pattern, earlier } = of;
  const { name } = pattern;
  const match = verdict.matches.find((each) => each.pattern === name);
  if (match !== undefined) return { fired: true, explanation: `${name} was completed by this event`, parts: Object.entries(match.events).map(([step, ids]) => ({ text: step, held: true, value: ids })) };
  const key = entityKey((program.set.entities.get(pattern.entity)?.keys ?? []).map((field) => valueOf(verdict.tx[field])));
  if (key === undefined) return { fired: false, explanation: `the transaction has no ${pattern.entity}, so ${name} did not see it`, parts: [] };
  const spanMs = pattern.withinMs ?? Infinity;
  const verdicts = await earlier({ entity: `${pattern.entity}:${key}`, fromMs: verdict.event_time - spanMs, toMs: verdict.event_time + spanMs, max: eventsMax });
  const inputs = [...verdicts.filter((each) => each.id !== verdict.id), verdict].map((each) => inputOfRecord(each, program));
  if (pattern.matching === 'ordered') inputs.sort((a, b) => a.event.timeMs - b.event.timeMs);
  const note = pattern.sources.some((source) => source !== program.source.name) ? ' (events of sources that are not decided are not part of this explanation)' : '';
  const explained = explain(inputs, program, pattern);
  return { ...explained, explanation: explained.explanation + note };
}

const valueOf = (value: unknown): string | number | boolean | null => (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null);

function explain(inputs: readonly DecisionInput[], program: DecisionProgram, pattern: Pattern): WhyNot {
  const context = new EventContext();
  const { compiled } = compileProgram(program.set, pattern, context);
  for (const { event, vector, profiles } of inputs) context.keepAs(event, { vector, profiles });
  const events = inputs.map(({ event }) => event);
  const why = explainNoMatch(compiled, events, (event) => event.timeMs);
  const { name } = pattern;
  switch (why.kind) {
    case 'matched': return { fired: false, explanation: `${name} was completed by an earlier event of this ${pattern.entity}, not by this one`, parts: [] };
    case 'neverBegan': return { fired: false, explanation: `none of the ${why.events} events of this ${pattern.entity} begins ${name}`, parts: why.failed.map((text) => ({ text, held: false, value: null })) };
    case 'nearMisses': {
      const [best] = why.best;
      return best === undefined ? { fired: false, explanation: `${name} was not completed by this event`, parts: [] } : { fired: false, explanation: `${name} got as far as ${best.taken} of its events: ${obstacleText(best)}`, parts: partsOf(best) };
    }
  }
}

function obstacleText({ obstacle, missing }: NearMiss<StreamEvent>): string {
  switch (obstacle.kind) {
    case 'event': return obstacle.unwanted ? `${obstacle.event.id} is an event that must not come` : `${obstacle.event.id} did not fit`;
    case 'time': return `its time was over at ${new Date(obstacle.atMs).toISOString()}, ${missing.join(', ')} had not come`;
    case 'waiting': return `it waits for ${obstacle.for.join(' or ')}`;
  }
}

/** Steps that were taken, with their events; then what stood in the way. */
function partsOf({ steps, missing, obstacle }: NearMiss<StreamEvent>): WhyNot['parts'] {
  const taken = [...steps].filter(([, events]) => events.length > 0).map(([step, events]) => ({ text: step, held: true as const, value: events.map(({ id }) => id) }));
  const failed = obstacle.kind === 'event' ? obstacle.failed.map((text) => ({ text, held: false as const, value: obstacle.event.id })) : [];
  return [...taken, ...missing.map((step) => ({ text: step, held: false as const, value: [] })), ...failed];
}
