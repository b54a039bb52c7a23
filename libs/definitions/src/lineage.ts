import { WeirError } from '@weir/contracts';
import { compile } from '@weir/expressions';
import { FeatureNames } from './bindings';
import { decidedSource } from './check-references';
import type { Action, DefinitionSet, FeatureView, Pattern, Source } from './definition-set';
import { exprEnvironment, patternEnvironment, policyEnvironment, ruleEnvironment, viewEnvironment } from './environments';
import type { ConditionEnvironment } from './environments';
import { isPlainName } from './resolve-view';

/** What stands in the graph; `id` is `kind:name`, of a field `field:SOURCE.FIELD`, of a feature `feature:VIEW.NAME`. */
const lineageKinds = ['source', 'field', 'entity', 'table', 'view', 'feature', 'service', 'model', 'list', 'pattern', 'rule', 'policy'] as const;
export type LineageKind = (typeof lineageKinds)[number];
export interface LineageNode { readonly id: string; readonly kind: LineageKind; readonly name: string }

/** From what is used to what uses it: source field → feature → service → model, and → rule, pattern, policy, list. */
export interface Lineage {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** The graph of a whole set, nodes and edges sorted. */
export function lineage(set: DefinitionSet): Lineage {
  const graph = new GraphBuilder(set);
  for (const source of set.sources.values()) graph.addSource(source);
  for (const view of set.views.values()) graph.addView(view);
  for (const service of set.services.values()) {
    graph.node('service', service.name);
    for (const feature of service.features) graph.edge(graph.serviceInput(feature), `service:${service.name}`);
  }
  for (const model of set.models.values()) graph.link('model', model.name, [`service:${model.features}`]);
  for (const table of set.tables.values()) graph.node('table', table.name);
  for (const list of set.lists.values()) graph.link('list', list.name, graph.fieldOfDecided(list.of));
  for (const pattern of set.patterns.values()) graph.addPattern(pattern);
  graph.addRulesAndPolicies();
  return graph.build();
}

/** Everything that uses a node, directly or through others, nearest first; a cycle (a rule that fills the list it reads) ends where it began. */
export const downstream = (graph: Lineage, id: string): string[] => reach(graph, id, (edge) => [edge.from, edge.to]);
/** Everything a node is made of, nearest first. */
export const upstream = (graph: Lineage, id: string): string[] => reach(graph, id, (edge) => [edge.to, edge.from]);

function reach(graph: Lineage, id: string, direction: (edge: Lineage['edges'][number]) => readonly [string, string]): string[] {
  const next = new Map<string, string[]>();
  for (const edge of graph.edges) {
    const [from, to] = direction(edge);
    const known = next.get(from);
    if (known === undefined) next.set(from, [to]);
    else known.push(to);
  }
  const seen = new Set([id]);
  for (const each of seen) for (const to of next.get(each) ?? []) seen.add(to);
  seen.delete(id);
  return [...seen];
}

class GraphBuilder {
  private readonly nodeById = new Map<string, LineageNode>();
  private readonly edgeByKey = new Map<string, { readonly from: string; readonly to: string }>();
  private readonly features: FeatureNames;
  private readonly decided: Source | undefined;

  constructor(private readonly set: DefinitionSet) {
    this.features = FeatureNames.of(set);
    this.decided = decidedSource(set);
  }

  node(kind: LineageKind, name: string): void { this.nodeById.set(`${kind}:${name}`, { id: `${kind}:${name}`, kind, name }); }
  edge(from: string, to: string): void { if (from !== to) this.edgeByKey.set(`${from}\n${to}`, { from, to }); }

  link(kind: LineageKind, name: string, from: Iterable<string>): void {
    this.node(kind, name);
    for (const each of from) this.edge(each, `${kind}:${name}`);
  }

  addSource(source: Source): void {
    this.node('source', source.name);
    for (const field of source.fields) this.link('field', `${source.name}.${field.name}`, [`source:${source.name}`]);
  }

  addView(view: FeatureView): void {
    const entity = this.set.entities.get(view.entity);
    this.node('entity', view.entity);
    for (const key of entity?.keys ?? []) this.edge(`field:${view.source}.${key}`, `entity:${view.entity}`);
    const environment = viewEnvironment(this.set, view);
    const sources = this.sourcesOf([view.source]);
    this.link('view', view.name, [`source:${view.source}`, `entity:${view.entity}`, ...this.inputs(view.where, environment, sources)]);
    for (const feature of view.features) {
      const id = `${view.name}.${feature.name}`;
      this.link('feature', id, [`view:${view.name}`]);
      const inputs = feature.form === 'aggregate'
        ? [...feature.of.flatMap((of) => (isPlainName(of) ? [`field:${view.source}.${of}`] : this.inputs(of, environment, sources))), ...this.inputs(feature.where, environment, sources)]
        : [...feature.dependsOn.map((name) => `feature:${view.name}.${name}`), ...this.inputs(feature.expr, exprEnvironment(this.set, view), sources).filter((input) => input.startsWith('field:'))];
      for (const input of inputs) this.edge(input, `feature:${id}`);
    }
  }

  addPattern(pattern: Pattern): void {
    const sources = this.sourcesOf(pattern.sources);
    const names = stepNames(pattern.steps);
    const environment = patternEnvironment(this.set, pattern, names);
    const inputs = conditionsOf(pattern.steps).flatMap((condition) => (typeof condition === 'string' ? this.inputs(condition, environment, sources) : jsonFields(condition).flatMap((field) => this.fields(sources, field))));
    this.link('pattern', pattern.name, [...inputs, `entity:${pattern.entity}`]);
    this.node('entity', pattern.entity);
    this.addActions('pattern', pattern.name, pattern.then);
  }

  addRulesAndPolicies(): void {
    if (this.decided === undefined) return;
    const rules = ruleEnvironment(this.set, this.decided);
    const policies = policyEnvironment(this.set, this.decided);
    for (const rule of this.set.rules.values()) {
      this.link('rule', rule.name, this.inputs(rule.when, rules, [this.decided]));
      this.addActions('rule', rule.name, rule.then, rules);
    }
    for (const policy of this.set.policies.values()) this.link('policy', policy.name, this.inputs(policy.when, policies, [this.decided]));
  }

  serviceInput(feature: string): string {
    const [view = '', name = ''] = feature.split(':');
    return view === 'tx' ? `field:${this.decided?.name ?? ''}.${name}` : `feature:${view}.${name}`;
  }

  fieldOfDecided(name: string): string[] { return this.decided === undefined ? [] : this.fields([this.decided], name); }

  build(): Lineage {
    const edges = [...this.edgeByKey.values()].filter((edge) => this.nodeById.has(edge.from) && this.nodeById.has(edge.to));
    return {
      nodes: [...this.nodeById.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
      edges: edges.sort((a, b) => (a.from < b.from || (a.from === b.from && a.to < b.to) ? -1 : 1)),
    };
  }

  private addActions(kind: 'rule' | 'pattern', name: string, actions: readonly Action[], environment?: ConditionEnvironment): void {
    for (const action of actions) {
      if (action.do !== 'add_to_list') continue;
      this.edge(`${kind}:${name}`, `list:${action.list}`);
      if (environment !== undefined && this.decided !== undefined) for (const input of this.inputs(action.value, environment, [this.decided])) this.edge(input, `${kind}:${name}`);
    }
  }

  private sourcesOf(names: readonly string[]): Source[] { return names.flatMap((name) => this.set.sources.get(name) ?? []); }
  private fields(sources: readonly Source[], name: string): string[] { return sources.flatMap((source) => (source.slotByField.has(name) ? [`field:${source.name}.${name}`] : [])); }

  /** Ids of what an expression reads. A set that was resolved has no expression that fails; one that does reads nothing. */
  private inputs(expression: string | null, environment: ConditionEnvironment, sources: readonly Source[]): string[] {
    if (expression === null) return [];
    try {
      return compile(expression, environment).reads.flatMap((read) => this.input(read.split('.'), sources));
    } catch (problem) {
      if (problem instanceof WeirError) return [];
      throw problem;
    }
  }

  private input([root, ...rest]: readonly string[], sources: readonly Source[]): string[] {
    const [name = ''] = rest;
    switch (root) {
      case 'tx': return this.fields(sources, name);
      case 'profile': return [`table:${name}`];
      case 'lists': return [`list:${name}`];
      case 'matches': return [`pattern:${name}`];
      case 'score': return [...this.set.models.values()].filter((model) => model.role !== 'shadow').map((model) => `model:${model.name}`);
      case 'features': {
        const found = this.features.find(rest);
        return typeof found === 'string' ? [] : [`feature:${found.view}.${found.feature.name}`];
      }
      default: return this.fields(sources, name);
    }
  }
}

/** Names of the steps of a pattern, those inside groups too. */
const stepNames = (steps: readonly unknown[]): string[] => steps.flatMap((step) => {
  const { name, group } = parts(step);
  return [...(typeof name === 'string' ? [name] : []), ...stepNames(groupSteps(group))];
});

const conditionsOf = (steps: readonly unknown[]): unknown[] => steps.flatMap((step) => {
  const { where, until, group } = parts(step);
  return [where, until, ...conditionsOf(groupSteps(group))].filter((condition) => condition !== undefined);
});

const parts = (step: unknown): { readonly name?: unknown; readonly where?: unknown; readonly until?: unknown; readonly group?: unknown } => (typeof step === 'object' && step !== null ? step : {});
function groupSteps(group: unknown): readonly unknown[] {
  const steps: unknown = typeof group === 'object' && group !== null ? Reflect.get(group, 'steps') : undefined;
  return Array.isArray(steps) ? steps : [];
}

/** Field names anywhere in a condition of the JSON form. */
function jsonFields(condition: unknown): string[] {
  if (Array.isArray(condition)) return condition.flatMap(jsonFields);
  if (typeof condition !== 'object' || condition === null) return [];
  return Object.entries(condition).flatMap(([key, value]) => ((key === 'field' || key === 'current') && typeof value === 'string' ? [value] : jsonFields(value)));
}
