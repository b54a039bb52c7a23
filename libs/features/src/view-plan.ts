import { isNumericType, type FieldType, type StreamEvent, type Value } from '@weir/contracts';
import { eventFieldReader, isPlainName, viewEnvironment, type ConditionFrame, type DefinitionSet, type Feature, type FeatureView, type Source } from '@weir/definitions';
import { compile, compileCondition, type CelType } from '@weir/expressions';
import { compileKernel, hashText, type TextTables, type AggregatePlan, type ColumnKind, type KernelPlan } from '@weir/windows';

type ReadValue = (frame: ConditionFrame, event: StreamEvent) => Value;
type Test = (frame: ConditionFrame) => boolean;

/** A view compiled: what an event brings into the state of its entity, and the kernel that reads it. Shared by all keys. */
export interface ViewPlan {
  readonly view: FeatureView;
  /** Names of the key's fields. */
  readonly keys: readonly string[];
  /** Null for a view without a `where`. */
  readonly where: Test | null;
  readonly columns: readonly ReadValue[];
  readonly filters: readonly Test[];
  readonly kernel: KernelPlan;
  /** Position of each feature in the view by name. */
  readonly indexByName: ReadonlyMap<string, number>;
  readonly expressions: ReadonlyArray<{ readonly index: number; readonly feature: Feature & { form: 'expression' } }>;
  /** Equal for two views whose stored state means the same. */
  readonly meaning: string;
}

/** Views that share `texts` number equal texts alike, so that each is looked for in one place. */
export function compileView(set: DefinitionSet, view: FeatureView, texts: TextTables): ViewPlan {
  const source = set.sources.get(view.source);
  if (source === undefined) throw new RangeError(`view ${view.name} without its source`);
  const environment = viewEnvironment(set, view);
  const columnByText = new Map<string, number>();
  const filterByText = new Map<string, number>();
  const columns: ReadValue[] = [];
  const kinds: ColumnKind[] = [];
  const filters: Test[] = [];
  const columnOf = (of: string): number => {
    const known = columnByText.get(of);
    if (known !== undefined) return known;
    const { read, kind } = columnReader(source, of, environment);
    columnByText.set(of, columns.length);
    kinds.push(kind);
    return columns.push(read) - 1;
  };
  const filterOf = (where: string | null): number => {
    if (where === null) return -1;
    const known = filterByText.get(where);
    if (known !== undefined) return known;
    filterByText.set(where, filters.length);
    const { evaluate } = compileCondition(where, environment);
    return filters.push((frame) => evaluate(frame) === true) - 1;
  };
  const aggregates: AggregatePlan[] = [];
  const expressions: Array<{ index: number; feature: Feature & { form: 'expression' } }> = [];
  view.features.forEach((feature, index) => {
    if (feature.form === 'expression') { expressions.push({ index, feature }); return; }
    aggregates.push({
      agg: feature.agg, columns: feature.of.map(columnOf), filter: filterOf(feature.where), window: feature.window, excludeCurrent: feature.current === 'exclude',
      k: feature.k ?? 10, n: feature.n ?? 1, percentile: feature.percentile ?? 50, halfLifeMs: feature.halfLifeMs ?? 1, exactUpTo: feature.exactUpTo,
      slot: index, numeric: isNumericType(feature.type),
    });
  });
  const keys = set.entities.get(view.entity)?.keys ?? [];
  const where = view.where === null ? null : compileCondition(view.where, environment).evaluate;
  const withoutSlots = aggregates.map(({ slot: _slot, numeric: _numeric, ...plan }) => plan);
  return {
    view, keys, columns, filters,
    where: where === null ? null : (frame) => where(frame) === true,
    kernel: compileKernel(kinds, filters.length, aggregates, texts),
    indexByName: new Map(view.features.map((feature, index) => [feature.name, index])),
    expressions: inOrderOfDependence(expressions),
    meaning: hashText(JSON.stringify([view.source, keys, view.where, [...columnByText.keys()], kinds, [...filterByText.keys()], withoutSlots]), 0).toString(36),
  };
}

function columnReader(source: Source, of: string, environment: ReturnType<typeof viewEnvironment>): { read: ReadValue; kind: ColumnKind } {
  const field = isPlainName(of) ? eventFieldReader(source, of) : undefined;
  if (field !== undefined) {
    const slot = source.slotByField.get(of);
    const kind = of === source.time || slot === undefined ? 'int' : kindOfField(source.fields[slot]?.type ?? 'string');
    if (of === source.time || slot === undefined) return { read: (_frame, event) => event.timeMs, kind };
    return { read: (_frame, event) => event.values[slot] ?? null, kind };
  }
  const compiled = compile(of, environment);
  const kind = kindOfType(compiled.type);
  return {
    kind,
    read: (frame) => {
      const value = compiled.evaluate(frame);
      if (typeof value === 'number') return Number.isFinite(value) ? value : null;
      return typeof value === 'string' || typeof value === 'boolean' ? value : null;
    },
  };
}

function kindOfField(type: FieldType): ColumnKind {
  switch (type) {
    case 'int': case 'money': case 'timestamp': return 'int';
    case 'number': return 'double';
    case 'bool': return 'bool';
    case 'string': return 'text';
  }
}

/** An `int` of an expression may be a sum beyond 2^53: it is held as a double. */
function kindOfType(type: CelType): ColumnKind {
  switch (type.kind) {
    case 'bool': return 'bool';
    case 'string': return 'text';
    default: return 'double';
  }
}

/** Expressions after those they read. Sets are checked for cycles when they are resolved. */
function inOrderOfDependence(expressions: ReadonlyArray<{ index: number; feature: Feature & { form: 'expression' } }>): ViewPlan['expressions'] {
  const waiting = new Map(expressions.map((expression) => [expression.feature.name, expression]));
  const ordered: Array<(typeof expressions)[number]> = [];
  const visit = (name: string): void => {
    const expression = waiting.get(name);
    if (expression === undefined) return;
    waiting.delete(name);
    for (const needed of expression.feature.dependsOn) visit(needed);
    ordered.push(expression);
  };
  for (const { feature } of expressions) visit(feature.name);
  return ordered;
}

