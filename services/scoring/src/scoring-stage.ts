import { decisionId, statusCode, type EventItem, type FeatureLayout, type FeatureVector, type LaneItem, type ListChange, type Verdict } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import type { Stage, StageState } from '@weir/pipeline';
import type { ModelRuntime } from '@weir/ports';
import { compileDecisionProgram, featuresUnread, lagOfAll, ListStore, Snoozes, type DecisionProgram, type SnoozeLookup } from '@weir/rules';
import { alertsOf, type Alert } from './alerts';
import { ForeignAdditions } from './foreign-additions';
import { ModelRoles, noModels, rowAnswer, unasked, type RowAnswer } from './model-answers';
import { ModelHost, type BatchAnswer, type ModelHostOptions } from './model-host';
import { decodeSet, encodeSet, setKey } from './scoring-state';

export interface ScoringOptions {
  readonly lane: number;
  readonly runtime: ModelRuntime;
  readonly loadFile: ModelHostOptions['loadFile'];
  /** `modelMs`: longest wait for a model's answer to a batch; without it the stage waits, and is a pure function of its lane. */
  readonly budgets?: { readonly modelMs: number };
  /** Told how models did, batch by batch. */
  readonly observe?: ModelHostOptions['observe'];
}

/** A set in force, compiled for every source that is decided. */
interface InForce { readonly set: DefinitionSet; readonly roles: ModelRoles; /** With more records in front of it a transaction is degraded in any case, and no model is asked. */ readonly maxLag: number; readonly programs: Map<string, DecisionProgram>; readonly snoozes: Map<string, SnoozeLookup> }

/** Sets whose alerts can still be asked for after they were replaced. */
const recentSetsMax = 8;

/**
 * Fills in the verdict of every event that is decided. Models are asked once a batch; rules, lists and policies then run event by event, for what one
 * decision lists holds for the next. State: the lists, the snoozes and the set in force.
 */
export class ScoringStage implements Stage<LaneItem, LaneItem> {
  readonly name = 'scoring';
  readonly lists = new ListStore();
  readonly snoozes = new Snoozes();
  private readonly foreignAdditions = new ForeignAdditions();
  private readonly models: ModelHost;
  private inForce: InForce | undefined;
  private isSetChanged = false;
  /** Horizon of `forgetEnded`, and for which time and programs it was found. */
  private horizonMs = Infinity;
  private horizonAt: LaneItem['time'] | undefined;
  private horizonOf: InForce['programs'] | undefined;
  private readonly recentSets = new Map<string, DefinitionSet>();
  private readonly setOfItem = new WeakMap<LaneItem, DefinitionSet>();

  constructor(private readonly options: ScoringOptions) {
    this.models = new ModelHost({ runtime: options.runtime, loadFile: options.loadFile, budgetMs: options.budgets?.modelMs ?? null, observe: options.observe });
  }

  /** The set in force; undefined before the first. */
  get set(): DefinitionSet | undefined { return this.inForce?.set; }
  /** Models that could not be loaded, with the reason: their transactions are decided degraded. */
  get modelFaults(): ReadonlyMap<string, string> { return this.models.faults(); }

  async process(batch: readonly LaneItem[]): Promise<LaneItem[]> {
    for (let from = 0; from < batch.length; ) {
      const first = batch[from] as LaneItem;
      if (first.kind === 'definitions') {
        if (first.json !== undefined) await this.use(resolveCanonicalSet(first.json));
        this.isSetChanged = true;
        from++;
        continue;
      }
      let to = from + 1;
      while (to < batch.length && batch[to]?.kind !== 'definitions') to++;
      await this.processRun(batch, from, to);
      from = to;
    }
    return [...batch];
  }

  takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> { return [...this.changes()]; }

  private *changes(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    yield* this.lists.takeChanges();
    if (this.isSetChanged && this.inForce) yield [setKey, encodeSet(this.inForce.set.canonicalJson)];
    this.isSetChanged = false;
    yield* this.snoozes.takeChanges();
    yield* this.foreignAdditions.takeChanges();
  }

  async restore(state: StageState): Promise<void> {
    const bytes = state.get(setKey);
    this.inForce = undefined;
    if (bytes) await this.use(resolveCanonicalSet(decodeSet(bytes)));
    this.isSetChanged = false;
    this.lists.restore(state);
    this.snoozes.restore(state);
    this.foreignAdditions.restore(state);
  }

  async simulate(input: LaneItem): Promise<LaneItem> {
    if (input.kind !== 'event' || !input.decide || !this.inForce) return input;
    const [answers] = await this.askModels([input], this.inForce);
    return { ...input, verdict: this.decide(input, answers ?? noModels, this.inForce) };
  }

  /** Alerts of a processed item, ready to be sent; the same item gives the same ones. */
  alertsOf(item: LaneItem): readonly Alert[] {
    if (!mayAlert(item)) return noAlerts;
    const id = item.kind === 'event' ? item.verdict?.set : undefined;
    const set = this.setOfItem.get(item) ?? (id === undefined ? undefined : this.recentSets.get(id));
    return set ? alertsOf(item, set) : [];
  }

  close(): Promise<void> { return this.models.close(); }

  private async use(set: DefinitionSet): Promise<void> {
    await this.models.use(set);
    this.lists.configure(set.lists);
    const programs = new Map([...set.sources.values()].filter(({ decide }) => decide).map((source) => [source.name, compileDecisionProgram(set, source.name)]));
    this.inForce = { set, roles: new ModelRoles(set), maxLag: lagOfAll(set.policies.values()), programs, snoozes: new Map([...programs].map(([name, { source }]) => [name, this.snoozes.lookup(set, source)])) };
    this.recentSets.delete(set.id);
    this.recentSets.set(set.id, set);
    for (const oldest of this.recentSets.keys()) {
      if (this.recentSets.size <= recentSetsMax) break;
      this.recentSets.delete(oldest);
    }
  }

  private async processRun(batch: readonly LaneItem[], from: number, to: number): Promise<void> {
    const { inForce } = this;
    const decided: EventItem[] = [];
    for (let i = from; i < to; i++) {
      const item = batch[i] as LaneItem;
      if (item.kind === 'event' && item.decide && inForce?.programs.has(item.event.source)) decided.push(item);
    }
    const answers = inForce && decided.length > 0 ? await this.askModels(decided, inForce) : [];
    let row = 0;
    for (let i = from; i < to; i++) {
      const item = batch[i] as LaneItem;
      if (item.kind === 'list') this.applyListChanges(item.listChanges ?? []);
      if (inForce && item.kind === 'event' && decided[row] === item) this.decideInOrder(item, answers[row++] ?? noModels, inForce);
      if (inForce && item.matches.length > 0) this.setOfItem.set(item, inForce.set);
    }
  }

  /** One row answer per item. Every model sees the whole batch, source by source. */
  private async askModels(items: readonly EventItem[], inForce: InForce): Promise<RowAnswer[]> {
    const rowAnswers: RowAnswer[] = new Array<RowAnswer>(items.length).fill(noModels);
    if (inForce.roles.all.length === 0) return rowAnswers;
    for (const { source } of inForce.programs.values()) {
      const mine: number[] = [];
      for (let index = 0; index < items.length; index++) {
        const { event, backlog } = items[index] as EventItem;
        if (event.source !== source.name) continue;
        if (backlog !== undefined && backlog > inForce.maxLag) rowAnswers[index] = unasked(inForce.roles, event.id);
        else mine.push(index);
      }
      if (mine.length === 0) continue;
      const asked = mine.map((index) => items[index] as EventItem);
      const scored = await Promise.all(inForce.roles.all.map(async (model): Promise<[string, BatchAnswer]> => [model.name, await this.models.score(model, asked, { set: inForce.set, source })]));
      const answers = new Map(scored);
      mine.forEach((index, row) => { rowAnswers[index] = rowAnswer(inForce.roles, answers, { index: row, transactionId: (items[index] as EventItem).event.id }); });
    }
    return rowAnswers;
  }

  private decideInOrder(item: EventItem, answer: RowAnswer, inForce: InForce): void {
    const verdict = this.decide(item, answer, inForce);
    if (!verdict) return;
    item.verdict = verdict;
    for (const { list, value, until } of verdict.list_changes) {
      this.lists.put(list, value, { fromMs: item.event.timeMs, untilMs: until ?? Infinity, by: verdict.id, reason: '' });
    }
    this.forgetEnded(item, inForce);
  }

  private decide(item: EventItem, answer: RowAnswer, inForce: InForce): Verdict | undefined {
    const { event } = item;
    const program = inForce.programs.get(event.source);
    if (!program) return undefined;
    const vector = item.vector ?? unreadVector(inForce.set.layoutBySource.get(event.source));
    return program.decide({
      id: decisionId(item), event, vector, profiles: item.profiles, matches: item.matches, positions: item.positions ?? null,
      model: answer.model, otherModels: answer.otherModels, degradedWhy: item.vector ? answer.degradedWhy : [...answer.degradedWhy, featuresUnread], lists: this.lists, backlog: item.backlog,
      snoozes: this.snoozes.isEmpty ? undefined : inForce.snoozes.get(event.source),
    });
  }

  /** What ended before any event that can still be accepted is forgotten; a function of the lane alone. */
  private forgetEnded({ time }: LaneItem, { programs }: InForce): void {
    if (time !== this.horizonAt || programs !== this.horizonOf) {
      this.horizonAt = time;
      this.horizonOf = programs;
      this.horizonMs = Infinity;
      for (const { source } of programs.values()) this.horizonMs = Math.min(this.horizonMs, (time.watermarkMsBySource.get(source.name) ?? -Infinity) - source.allowedLatenessMs);
    }
    const { horizonMs } = this;
    if (!(Math.abs(horizonMs) < Infinity)) return;
    this.lists.expire(horizonMs);
    this.snoozes.expire(horizonMs);
  }

  private applyListChanges(changes: readonly ListChange[]): void {
    for (const change of this.foreignAdditions.fresh(changes)) {
      if (change.op === 'remove') this.lists.remove(change.list, change.value);
      else if (change.op === 'snooze') this.snoozes.put(change);
      else this.lists.put(change.list, change.value, { fromMs: change.fromMs ?? -Infinity, untilMs: change.untilMs ?? Infinity, by: change.by, reason: change.reason });
    }
  }
}

/** Nearly no item does, so the rest are passed over at a glance. */
function mayAlert(item: LaneItem): boolean {
  if (item.matches.length > 0) return true;
  const verdict = item.kind === 'event' ? item.verdict : undefined;
  return verdict !== undefined && (verdict.alert || verdict.rules.length > 0 || verdict.patterns.length > 0);
}
const noAlerts: readonly Alert[] = Object.freeze([]);

/** Stands in where no features came: the transaction is decided all the same, degraded. */
function unreadVector(layout: FeatureLayout = { qualifiedNames: [], names: [], types: [], slotByName: new Map() }): FeatureVector {
  const count = layout.names.length;
  return { layout, numbers: new Float64Array(count).fill(Number.NaN), others: new Array<undefined>(count).fill(undefined), statuses: new Uint8Array(count).fill(statusCode.ERROR) };
}
