import { WeirError } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import type { PatternStanding } from '@weir/gateway';
import type { PatternStage } from '@weir/cep';
import type { DecisionStore } from '@weir/ports';
import type { DecisionInsight } from '../suite-views';
import { recordOf } from '../suite-views';

export interface StandingOptions {
  readonly set: () => DefinitionSet;
  /** One a lane. */
  readonly stages: () => readonly PatternStage[] | Promise<readonly PatternStage[]>;
  readonly decisions: DecisionStore;
  readonly insight: Pick<DecisionInsight, 'whyNot'>;
  readonly entityTypeOf: (name: string) => string;
  readonly tokenOf: (entity: string, key: string) => string;
}

/** Partial matches told of. */
const openMax = 10;

/** Where a pattern stands with an entity: from the lanes' state, and from the entity's latest decision. */
export async function patternStanding(name: string, of: { readonly type: string; readonly key: string }, options: StandingOptions): Promise<PatternStanding> {
  const pattern = options.set().patterns.get(name);
  if (pattern === undefined) throw new WeirError('WEIR_NOT_FOUND', `the set has no pattern ${name}; there are ${[...options.set().patterns.keys()].join(', ') || 'none'}`);
  const type = options.entityTypeOf(of.type);
  if (!options.set().entities.has(type)) throw new WeirError('WEIR_NOT_FOUND', `there is no entity type ${of.type}; there are ${[...options.set().entities.keys()].join(', ')}`);
  if (type !== pattern.entity) throw new WeirError('WEIR_INPUT_INVALID', `${name} goes by ${pattern.entity}, not by ${type}`, { findings: [{ where: 'path', field: 'type', expected: pattern.entity, got: type }] });
  const key = options.tokenOf(type, of.key);
  const open = (await options.stages()).flatMap((stage) => stage.openMatches(name, key));
  open.sort((a, b) => b.taken - a.taken || a.sinceMs - b.sinceMs);
  const [row] = (await options.decisions.search({ entity: `${type}:${key}`, limit: 1, cursor: undefined })).items;
  const why = row && await options.insight.whyNot(recordOf(row), { kind: 'pattern', name });
  return {
    pattern: name, version: pattern.version, entity: type, key, open: open.slice(0, openMax).map(({ steps, awaits, sinceMs, untilMs }) => ({ steps, awaits, sinceMs, untilMs: untilMs === Infinity ? null : untilMs })), openCount: open.length,
    latest: row === undefined || why === undefined ? null : { ...why, decisionId: row.id, transactionId: row.transactionId },
  };
}
