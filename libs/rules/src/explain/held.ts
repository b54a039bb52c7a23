import { lineage, type DefinitionSet } from '@weir/definitions';
import type { DecisionInput } from '../decide/decision-input';
import type { DecisionProgram } from '../decide/decision-program';

/** Features named; more are counted. */
const featuresNamedMax = 3;

/**
 * What would move too if one value of an event changed, and cannot be computed again from the decision's record: the model's p, features made of
 * the value, patterns that read it. In words, such as `the model's p, card_amount_sum_1h`; empty when nothing does, so that the change alone is all there is.
 */
export class Held {
  private readonly next = new Map<string, string[]>();
  private readonly unmoved: ReadonlySet<string>;

  constructor(private readonly program: DecisionProgram) {
    for (const { from, to } of lineage(program.set).edges) {
      const known = this.next.get(from);
      if (known === undefined) this.next.set(from, [to]);
      else known.push(to);
    }
    this.unmoved = withoutCurrent(program.set);
  }

  /** `path` as conditions write it: `tx.amount`, `features.tx_count_1h`, `features.VIEW.NAME`. */
  names(path: string, input: DecisionInput): readonly string[] {
    const { set, source } = this.program;
    const [root, ...rest] = path.split('.');
    const slot = root === 'tx' ? undefined : set.layoutBySource.get(source.name)?.slotByName.get(rest.join('.'));
    const start = root === 'tx' ? `field:${source.name}.${rest.join('.')}` : `feature:${set.layoutBySource.get(source.name)?.qualifiedNames[slot ?? -1] ?? ''}`;
    const moved = this.reach(start);
    const model = input.model === null || input.model.p === null ? undefined : set.models.get(input.model.name);
    const features = moved.flatMap((id) => (id.startsWith('feature:') && this.isRead(id, model?.features) ? [id.slice(id.lastIndexOf('.') + 1)] : []));
    const named = features.slice(0, featuresNamedMax), more = features.length - named.length;
    return [
      ...(model !== undefined && moved.includes(`service:${model.features}`) ? ["the model's p"] : []),
      ...moved.flatMap((id) => (id.startsWith('pattern:') && set.patterns.get(id.slice('pattern:'.length))?.mode === 'live' ? [`pattern ${id.slice('pattern:'.length)}`] : [])),
      ...named, ...(more > 0 ? [`${more} other feature${more === 1 ? '' : 's'}`] : []),
    ];
  }

  /** What is made of a node, nearest first; through rules and lists nothing moves within one decision. */
  private reach(start: string): string[] {
    const seen = new Set([start]);
    for (const id of seen) if (id === start || id.startsWith('feature:')) for (const to of this.next.get(id) ?? []) if (!this.unmoved.has(to)) seen.add(to);
    seen.delete(start);
    return [...seen];
  }

  private isRead(feature: string, service: string | undefined): boolean {
    return (this.next.get(feature) ?? []).some((to) => to.startsWith('policy:') || to === `service:${service ?? ''}` || (to.startsWith('rule:') && this.program.set.rules.get(to.slice('rule:'.length))?.mode === 'live'));
  }
}

/** Features that the event decided is no part of, whatever its fields: it is left out, or not yet in the window. */
function withoutCurrent(set: DefinitionSet): ReadonlySet<string> {
  return new Set([...set.views.values()].flatMap((view) => view.features.flatMap((feature) => (feature.form === 'aggregate' && feature.current === 'exclude' ? [`feature:${view.name}.${feature.name}`] : []))));
}
