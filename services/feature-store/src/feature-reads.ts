import { WeirError, featureStatuses, featureValue, type FeatureStatus, type FeatureValue } from '@weir/contracts';
import { emptyFrame } from '@weir/definitions';
import { ViewReader, newVector, pointInTimeLayout, type FeaturePlan } from '@weir/features';
import type { KeyedState } from '@weir/windows';

export interface FeatureReadQuestion {
  readonly entityType: string;
  /** The entity's key; of several fields joined by `|`, each percent-encoded. */
  readonly key: string;
  /** Names of views; default all of the entity. */
  readonly views?: readonly string[] | undefined;
  /** Name of a service: its features of this entity, in its order. */
  readonly service?: string | undefined;
  /** Query time, ms. */
  readonly atMs: number;
}

export interface FeatureReadAnswer {
  readonly features: Readonly<Record<string, FeatureValue>>;
  readonly statuses: Readonly<Record<string, FeatureStatus>>;
  /** Time of the entity's newest event in the feature's view, at or before the read; null for none. */
  readonly event_times: Readonly<Record<string, number | null>>;
  /** Where the history of a WARMING feature's view begins, ms. */
  readonly since: Readonly<Record<string, number>>;
}

interface Wanted { readonly viewIndex: number; readonly slot: number; readonly view: string; readonly feature: string; /** As it is answered. */ readonly name: string }
/** What a question asks for, found once for all questions alike. */
interface Question { readonly viewIndexes: readonly number[]; readonly wanted: readonly Wanted[] }

/** Questions of different features that are remembered; beyond it they are found anew. */
const questionsMax = 1_024;

/** Reads that belong to no event: values of one entity at a time. */
export class FeatureReads {
  private readonly readers: readonly ViewReader[];
  private readonly vector;
  private readonly frame = emptyFrame();
  private readonly questions = new Map<string, Question>();

  constructor(private readonly plan: FeaturePlan, private readonly states: { readonly find: (viewIndex: number, key: string) => KeyedState | undefined; readonly sinceMs: (viewIndex: number) => number }) {
    const layout = pointInTimeLayout(plan.set);
    this.readers = plan.views.map((view) => new ViewReader(plan.set, view, layout));
    this.vector = newVector(layout);
    this.frame.vector = this.vector;
  }

  read(question: FeatureReadQuestion): FeatureReadAnswer {
    const { viewIndexes, wanted } = this.asked(question), newestByView: (number | null)[] = [];
    for (const viewIndex of viewIndexes) newestByView[viewIndex] = this.readView(viewIndex, question);
    const features: Record<string, FeatureValue> = {};
    const statuses: Record<string, FeatureStatus> = {};
    const eventTimes: Record<string, number | null> = {};
    const since: Record<string, number> = {};
    for (const { viewIndex, slot, name } of wanted) {
      features[name] = featureValue(this.vector, slot);
      statuses[name] = featureStatuses[this.vector.statuses[slot] ?? 0] ?? 'ERROR';
      eventTimes[name] = newestByView[viewIndex] ?? null;
      if (statuses[name] === 'WARMING') since[name] = this.states.sinceMs(viewIndex);
    }
    return { features, statuses, event_times: eventTimes, since };
  }

  private readView(viewIndex: number, { key, atMs }: FeatureReadQuestion): number | null {
    const state = this.states.find(viewIndex, key);
    this.readers[viewIndex]?.read(state, { readMs: atMs, currentRow: -1, sinceMs: this.states.sinceMs(viewIndex) }, this.vector, this.frame);
    if (state === undefined || state.firstMs > atMs) return null;
    const row = state.raw.firstAtOrAfter(atMs + 1) - 1;
    return row >= state.raw.head ? state.raw.timeAt(row) : Math.min(atMs, state.spilledNewestMs);
  }

  private asked(question: FeatureReadQuestion): Question {
    const { entityType, views, service } = question, key = JSON.stringify([entityType, service, views]), known = this.questions.get(key);
    if (known !== undefined) return known;
    const found = this.wanted(question), times = new Map<string, number>();
    for (const { feature } of found) times.set(feature, (times.get(feature) ?? 0) + 1);
    const wanted = found.map((each) => (times.get(each.feature) === 1 ? each : { ...each, name: `${each.view}.${each.feature}` }));
    const asked: Question = { wanted, viewIndexes: [...new Set(wanted.map(({ viewIndex }) => viewIndex))] };
    if (this.questions.size < questionsMax) this.questions.set(key, asked);
    return asked;
  }

  private wanted({ entityType, views, service }: FeatureReadQuestion): Wanted[] {
    const { set } = this.plan;
    if (!set.entities.has(entityType)) throw new WeirError('WEIR_NOT_FOUND', `no entity ${entityType}; there are ${[...set.entities.keys()].join(', ') || 'none'}`);
    const all = this.plan.views.flatMap(({ view }, viewIndex) => (view.entity === entityType
      ? view.features.map((feature, index): Wanted => ({ viewIndex, slot: (this.readers[viewIndex]?.base ?? 0) + index, view: view.name, feature: feature.name, name: feature.name })) : []));
    if (service !== undefined) {
      const found = set.services.get(service);
      if (found === undefined) throw new WeirError('WEIR_NOT_FOUND', `no service ${service}; there are ${[...set.services.keys()].join(', ') || 'none'}`);
      const byName = new Map(all.map((each) => [`${each.view}:${each.feature}`, each]));
      return found.features.flatMap((name) => byName.get(name) ?? []);
    }
    if (views === undefined) return all;
    const unknown = views.find((name) => !set.views.has(name));
    if (unknown !== undefined) throw new WeirError('WEIR_NOT_FOUND', `no view ${unknown}; there are ${[...set.views.keys()].join(', ') || 'none'}`);
    return all.filter((each) => views.includes(each.view));
  }
}
