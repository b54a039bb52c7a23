import type { CelType } from '@weir/expressions';
import { checkExpression, isCondition } from './check-expression';
import type { Action, DefinitionSet, FeatureView, List, Model, Pattern, Policy, Rule, RuleLike, Source } from './definition-set';
import { policyEnvironment, ruleEnvironment, viewEnvironment } from './environments';
import type { ConditionEnvironment } from './environments';
import type { Path } from './documents';
import type { Report } from './report';

type Draft = Omit<DefinitionSet, 'id' | 'canonicalJson'>;

/** The source whose events get decisions; undefined where none is marked. */
export function decidedSource(set: Pick<DefinitionSet, 'sources'>): Source | undefined {
  for (const source of set.sources.values()) if (source.decide) return source;
  return undefined;
}

/** Names of a kind, for "expected one of". */
export const oneOf = (what: string, names: Iterable<string>): string => {
  const known = [...names];
  return known.length === 0 ? `${what}, and there is none` : `one of the ${what}: ${known.slice(0, 40).join(', ')}${known.length > 40 ? ', …' : ''}`;
};

/** Where what a definition's conditions see is the same for all rules: built once, asked by each. */
export class ReferenceChecks {
  private readonly decided: Source | undefined;
  private readonly rules: ConditionEnvironment | undefined;
  private readonly policies: ConditionEnvironment | undefined;

  constructor(private readonly set: Draft) {
    this.decided = decidedSource(set);
    this.rules = this.decided && ruleEnvironment(set, this.decided);
    this.policies = this.decided && policyEnvironment(set, this.decided);
  }

  /** `paths` says where each feature was written. */
  view(view: FeatureView, paths: ReadonlyMap<string, Path>, report: Report): void {
    const environment = viewEnvironment(this.set, view);
    if (view.where !== null) condition(view.where, environment, ['where'], report);
    const checked = new Set<Path>();
    for (const feature of view.features) {
      const path = paths.get(feature.name) ?? ['features'];
      if (feature.form !== 'aggregate' || feature.where === null || checked.has(path)) continue;
      checked.add(path);
      condition(feature.where, environment, [...path, 'where'], report);
    }
  }

  rule(rule: Rule, report: Report): void {
    if (this.rules === undefined) return report(['when'], 'a source with decide: true', 'none');
    condition(rule.when, this.rules, ['when'], report);
    this.actions(rule, report);
  }

  policy(policy: Policy, report: Report): void {
    if (policy.when === null) return;
    if (this.policies === undefined) return report(['when'], 'a source with decide: true', 'none');
    condition(policy.when, this.policies, ['when'], report);
  }

  list(list: List, report: Report): void {
    const sources = this.decided === undefined ? [...this.set.sources.values()] : [this.decided];
    const field = sources.flatMap((source) => source.fields).find((each) => each.name === list.of);
    if (field === undefined) report(['of'], oneOf('fields', new Set(sources.flatMap((source) => source.fields.map((each) => each.name)))), list.of);
    else if (list.match !== 'exact' && field.type !== 'string') report(['of'], `a field of type string for match: ${list.match}`, `${list.of} of type ${field.type}`);
  }

  /** What a pattern refers to beside its steps. */
  pattern(pattern: Pattern, report: Report): void {
    const entity = this.set.entities.get(pattern.entity);
    if (entity === undefined) report(['key'], oneOf('entities', this.set.entities.keys()), pattern.entity);
    if (pattern.sources.length === 0) report(['sources'], 'a source with decide: true', 'none');
    for (const [index, name] of pattern.sources.entries()) {
      const source = this.set.sources.get(name);
      if (source === undefined) report(['sources', index], oneOf('sources', this.set.sources.keys()), name);
      else if (entity?.keys.some((key) => !source.slotByField.has(key)) === true) report(['key'], `an entity whose key is a field of ${name}`, `${pattern.entity}, whose key is ${entity.keys.join(', ')}`);
    }
    if (pattern.then.length > 0) this.actions(pattern, report);
  }

  model(model: Model, report: Report): void {
    const service = this.set.services.get(model.features);
    if (service === undefined) return report(['features'], oneOf('feature services', this.set.services.keys()), model.features);
    const layout = this.decided && this.set.layoutBySource.get(this.decided.name);
    for (const feature of service.features) {
      const [view = '', name = ''] = feature.split(':');
      const slot = layout?.slotByName.get(`${view}.${name}`);
      const type = view === 'tx' ? this.decided?.fields.find((field) => field.name === name)?.type : slot === undefined ? undefined : layout?.types[slot];
      if (type === undefined) report(['features'], `features that a decision on ${this.decided?.name ?? 'the decided source'} has`, feature);
      else if (type === 'string' || type === 'list' || type === 'counts') report(['features'], 'numeric or bool features', `${feature} of type ${type}`);
    }
  }

  private actions(rule: RuleLike, report: Report): void {
    rule.then.forEach((action, index) => this.action(action, (path, expected, got) => report(['then', index, ...path], expected, got)));
  }

  private action(action: Action, report: Report): void {
    if (action.do !== 'add_to_list') return;
    if (!this.set.lists.has(action.list)) report(['add_to_list', 'list'], oneOf('lists', this.set.lists.keys()), action.list);
    if (this.rules === undefined || action.value === '') return;
    checkExpression({ source: action.value, environment: this.rules, fits: isScalar, report: (expected, got) => report(['add_to_list', 'value'], expected, got) });
  }
}

const isScalar = (type: CelType): string | undefined => (type.kind === 'string' || type.kind === 'int' || type.kind === 'double' || type.kind === 'bool' ? undefined : 'a single value');

function condition(source: string, environment: ConditionEnvironment, path: Path, report: Report): void {
  checkExpression({ source, environment, fits: isCondition, report: (expected, got) => report(path, expected, got) });
}

/** Spreads `view:*` and `view:prefix*` into vector order; what is named twice stands where it was named first. */
export function spreadService(written: readonly string[], set: Pick<DefinitionSet, 'views' | 'sources'>, report: Report): string[] {
  const decided = decidedSource(set);
  const sources = decided === undefined ? [...set.sources.values()] : [decided];
  const spread = new Set<string>();
  written.forEach((item, index) => {
    const [view = '', pattern = ''] = item.split(':');
    const known = view === 'tx' ? new Set(sources.flatMap((source) => source.fields.map((field) => field.name))) : new Set(set.views.get(view)?.features.map((feature) => feature.name));
    if (view !== 'tx' && !set.views.has(view)) return report(['features', index], oneOf('views', set.views.keys()), item);
    const matches = new RegExp(`^${pattern.replaceAll('*', '\\w*')}$`);
    const found = [...known].filter((name) => matches.test(name));
    if (found.length === 0) report(['features', index], oneOf(view === 'tx' ? 'fields' : `features of ${view}`, known), item);
    for (const name of found) spread.add(`${view}:${name}`);
  });
  return [...spread];
}
