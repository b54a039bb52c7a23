import type { FeatureLayout } from '@weir/contracts';
import { layoutOf, viewsOfSource, type DefinitionSet, type Source } from '@weir/definitions';
import { TextTables } from '@weir/windows';
import { compileView, type ViewPlan } from './view-plan';
import { VectorMaker, ViewReader } from './view-reader';

/** What an event of one source does: the views it enters, and those its vector shows. */
export interface SourcePlan {
  readonly source: Source;
  readonly layout: FeatureLayout;
  readonly vectors: VectorMaker;
  readonly steps: readonly ViewStep[];
  /** Tables whose key is a field of the source, with its slot. */
  readonly tables: ReadonlyArray<{ readonly table: string; readonly slot: number }>;
  /** True when something needs the vector: a decision, or a pattern over the source. */
  readonly wantsVector: boolean;
}

export interface ViewStep {
  readonly viewIndex: number;
  readonly plan: ViewPlan;
  readonly reader: ViewReader;
  readonly keySlots: readonly number[];
  /** True when the view is fed by this source. */
  readonly feeds: boolean;
}

/** A set of definitions compiled for the stream. */
export interface FeaturePlan {
  readonly set: DefinitionSet;
  readonly views: readonly ViewPlan[];
  readonly bySource: ReadonlyMap<string, SourcePlan>;
  /** Sources whose reads decide how long a view must remember, by view. */
  readonly readersByView: ReadonlyArray<readonly Source[]>;
}

export function compileFeatures(set: DefinitionSet): FeaturePlan {
  const texts = new TextTables();
  const views = [...set.views.values()].map((view) => compileView(set, view, texts));
  const indexByView = new Map(views.map((plan, index) => [plan.view.name, index]));
  const patternSources = new Set([...set.patterns.values()].filter((pattern) => pattern.mode !== 'off').flatMap((pattern) => pattern.sources));
  const bySource = new Map<string, SourcePlan>();
  for (const source of set.sources.values()) {
    const layout = set.layoutBySource.get(source.name) ?? layoutOf(viewsOfSource(set, source));
    const steps = viewsOfSource(set, source).flatMap((view): ViewStep[] => {
      const viewIndex = indexByView.get(view.name);
      const plan = viewIndex === undefined ? undefined : views[viewIndex];
      if (viewIndex === undefined || plan === undefined) return [];
      return [{ viewIndex, plan, reader: new ViewReader(set, plan, layout), keySlots: plan.keys.map((key) => source.slotByField.get(key) ?? -1), feeds: view.source === source.name }];
    });
    const tables = [...set.tables.values()].flatMap((table) => { const slot = source.slotByField.get(table.key); return slot === undefined ? [] : [{ table: table.name, slot }]; });
    bySource.set(source.name, { source, layout, vectors: new VectorMaker(layout), steps, tables, wantsVector: source.decide || patternSources.has(source.name) });
  }
  const readersByView = views.map((plan) => {
    const readers = [...bySource.values()].filter((each) => each.wantsVector && each.steps.some((step) => step.plan === plan)).map((each) => each.source);
    const own = set.sources.get(plan.view.source);
    return readers.length > 0 || own === undefined ? readers : [own];
  });
  return { set, views, bySource, readersByView };
}
