import { isNumericType } from '@weir/contracts';
import type { FeatureLayout, StreamEvent, Value } from '@weir/contracts';
import { celTypeOfField } from '@weir/expressions';
import type { Binding, CelType, CelValue } from '@weir/expressions';
import { celTypeOfFeature } from './cel-types';
import type { ConditionFrame } from './condition-frame';
import type { DefinitionSet, Feature, Source } from './definition-set';

/** A name's meaning, or a text saying what is known instead. */
export type Resolved = Binding<ConditionFrame> | string;
type Read = (frame: ConditionFrame) => CelValue;
export type FieldScope = Pick<DefinitionSet, 'sources' | 'tables' | 'views'>;
export type FeatureScope = FieldScope & Pick<DefinitionSet, 'layoutBySource' | 'entities'>;

/**
 * `tx.NAME` over the events of the sources given. One source: the slot is bound here. Several, or events of yet others (`open`): the
 * event's source says where to look, and a field that its source lacks is missing.
 */
export function txBinding(sources: readonly Source[], name: string, options: { readonly open?: boolean } = {}): Resolved {
  const typed = sources.flatMap((source) => {
    const read = eventFieldReader(source, name);
    return read === undefined ? [] : [{ source: source.name, ...read }];
  });
  const first = typed[0];
  const known = (): string => `fields of ${sources.map((source) => source.name).join(', ')}: ${unique(sources.flatMap((source) => source.fields.map((field) => field.name))).join(', ')}`;
  if (first === undefined) return known();
  const other = typed.find((each) => each.type.kind !== first.type.kind);
  if (other !== undefined) return `one type for ${name}: it is ${first.type.kind} in ${first.source} and ${other.type.kind} in ${other.source}`;
  if (sources.length === 1 && options.open !== true) {
    const { read } = first;
    return { type: first.type, read: (frame) => (frame.event === undefined ? undefined : read(frame.event)) };
  }
  const readBySource = new Map(typed.map((each) => [each.source, each.read]));
  return { type: first.type, read: (frame) => (frame.event === undefined ? undefined : readBySource.get(frame.event.source)?.(frame.event)) };
}

/** Reads one field of an event of a source: the time field is the corrected event time. */
export function eventFieldReader(source: Source, name: string): { readonly type: CelType; readonly read: (event: StreamEvent) => Exclude<Value, null> | undefined } | undefined {
  if (name === source.time) return { type: { kind: 'timestamp' }, read: (event) => event.timeMs };
  const slot = source.slotByField.get(name);
  const field = slot === undefined ? undefined : source.fields[slot];
  if (slot === undefined || field === undefined) return undefined;
  return { type: celTypeOfField(field.type), read: (event) => event.values[slot] ?? undefined };
}

/** `profile.TABLE.FIELD`: the row whose key equals the event's field of the key's name. */
export function profileBinding(scope: FieldScope, sources: readonly Source[], path: readonly string[]): Resolved {
  const [tableName, fieldName] = path;
  const table = tableName === undefined ? undefined : scope.tables.get(tableName);
  if (table === undefined) return scope.tables.size === 0 ? 'a Table, and there is none' : `tables: ${[...scope.tables.keys()].join(', ')}`;
  if (!sources.some((source) => source.slotByField.has(table.key))) return `a table whose key is a field of ${sources.map((source) => source.name).join(', ')}; the key of ${table.name} is ${table.key}`;
  const field = table.fields.find((each) => each.name === fieldName);
  if (field === undefined || fieldName === undefined || path.length > 2) return `fields of ${table.name}: ${table.fields.map((each) => each.name).join(', ')}`;
  const { name } = table;
  return {
    type: celTypeOfField(field.type),
    read: (frame) => {
      const row = frame.profiles?.get(name);
      return row !== undefined && Object.hasOwn(row, fieldName) ? row[fieldName] ?? undefined : undefined;
    },
  };
}

/** Finds features by `NAME` where one view of the set has it, else by `VIEW.NAME`. */
export class FeatureNames {
  private readonly byShortName = new Map<string, { readonly view: string; readonly feature: Feature }[]>();

  private static readonly byViews = new WeakMap<FieldScope['views'], FeatureNames>();

  /** The index of a set, made once. */
  static of(scope: FieldScope): FeatureNames {
    const known = FeatureNames.byViews.get(scope.views);
    if (known !== undefined) return known;
    const names = new FeatureNames(scope);
    FeatureNames.byViews.set(scope.views, names);
    return names;
  }

  private constructor(private readonly scope: Pick<FieldScope, 'views'>) {
    for (const view of scope.views.values()) {
      for (const feature of view.features) {
        const found = this.byShortName.get(feature.name);
        if (found === undefined) this.byShortName.set(feature.name, [{ view: view.name, feature }]);
        else found.push({ view: view.name, feature });
      }
    }
  }

  /** The feature and its view, or what is known instead. */
  find(path: readonly string[]): { readonly view: string; readonly feature: Feature } | string {
    const [first, second] = path;
    if (first === undefined) return 'features.NAME or features.VIEW.NAME';
    const view = this.scope.views.get(first);
    if (second !== undefined && path.length === 2 && view !== undefined) {
      const feature = view.features.find((each) => each.name === second);
      return feature === undefined ? `features of ${first}: ${view.features.map((each) => each.name).join(', ')}` : { view: first, feature };
    }
    const named = this.byShortName.get(first);
    if (path.length > 1) return named === undefined ? `views: ${[...this.scope.views.keys()].join(', ') || 'none'}` : `no member of the feature ${first}`;
    if (named === undefined) return view === undefined ? this.known() : `features.${first}.NAME`;
    if (named.length > 1) return `one of ${named.map((each) => `features.${each.view}.${first}`).join(', ')}: several views have a feature of this name`;
    return named[0] ?? this.known();
  }

  private known(): string {
    const names = [...this.byShortName.keys()];
    return names.length === 0 ? 'a feature, and there is none' : `features: ${names.slice(0, 40).join(', ')}${names.length > 40 ? ', …' : ''}`;
  }
}

/** `features.…` in the vectors that events of the sources carry. */
export function featureBinding(scope: FeatureScope, names: FeatureNames, sources: readonly Source[], path: readonly string[]): Resolved {
  const found = names.find(path);
  if (typeof found === 'string') return found;
  const qualified = `${found.view}.${found.feature.name}`;
  const layouts = sources.flatMap((source) => {
    const layout = scope.layoutBySource.get(source.name);
    const slot = layout?.slotByName.get(qualified);
    return layout === undefined || slot === undefined ? [] : [{ source: source.name, slot, layout }];
  });
  const view = scope.views.get(found.view);
  const entity = view === undefined ? undefined : scope.entities.get(view.entity);
  if (layouts[0] === undefined) return `a feature of an entity that ${sources.map((source) => source.name).join(', ')} has the key of; ${found.view} is by ${entity?.keys.join(', ') ?? 'nothing'}`;
  const type = celTypeOfFeature(found.feature, view === undefined ? undefined : scope.sources.get(view.source));
  if (sources.length === 1) return { type, read: vectorReader(layouts[0].layout, layouts[0].slot) };
  const readBySource = new Map(layouts.map((each) => [each.source, vectorReader(each.layout, each.slot)]));
  return { type, read: (frame) => (frame.event === undefined ? undefined : readBySource.get(frame.event.source)?.(frame)) };
}

/** Reads one slot of the frame's vector; null is missing. */
export function vectorReader(layout: FeatureLayout, slot: number): Read {
  const type = layout.types[slot];
  if (type === undefined) throw new RangeError(`feature slot ${slot} of ${layout.types.length}`);
  if (!isNumericType(type)) return (frame) => frame.vector?.others[slot] ?? undefined;
  if (type === 'bool') {
    return (frame) => {
      const number = frame.vector?.numbers[slot];
      return number === undefined || Number.isNaN(number) ? undefined : number !== 0;
    };
  }
  return (frame) => {
    const number = frame.vector?.numbers[slot];
    return number === undefined || Number.isNaN(number) ? undefined : number;
  };
}

const unique = (items: readonly string[]): string[] => [...new Set(items)];
