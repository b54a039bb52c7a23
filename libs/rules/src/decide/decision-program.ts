import { WeirError, type DecidedBy, type ListAddition, type Outcome, type PatternMatch, type Verdict } from '@weir/contracts';
import { emptyFrame, ruleEnvironment, type ConditionFrame, type DefinitionSet, type List, type Pattern, type Policy, type Source } from '@weir/definitions';
import { labelOf } from '../explain/labels';
import { factsText } from '../explain/facts';
import { kindOfAsk, orderedReasons, type RawReason } from '../explain/reasons';
import { RuleIndex } from '../index/rule-index';
import { EventRecords, rowsRecord } from '../record/event-record';
import { riskScoreFromUnits, scoreFromUnits } from '../score/noisy-or';
import { shareOf } from '../score/share';
import type { DecisionInput } from './decision-input';
import { withLag } from './degraded';
import { Policies } from './policies';
import { ask, bandOf, decidesAlone, overruledBy, precedenceOf, worse } from './precedence';
import { RecordingLists } from './recording-lists';
import { compileEffects, compileRule, InForce, isInForce, type CompiledRule, type Effects } from './rule-like';
import { Weights } from './weights';

interface CompiledPattern extends Effects { readonly definition: Pattern; readonly keySlots: readonly (number | undefined)[] }
interface EffectList { readonly list: List; readonly slot: number; readonly asks: number; readonly label: string }

const askByEffect: Readonly<Record<List['effect'], number>> = { none: 0, watch: ask.watchList, block: ask.blockList, allow: ask.allowList, hard: ask.hardList };
const noNames: readonly string[] = Object.freeze([]);
const noPatterns: ReadonlySet<string> = new Set();
const noMatches: Verdict['matches'] = Object.freeze([]);
const noAdditions: readonly ListAddition[] = Object.freeze([]);
const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** What one event's evaluation found so far; one object, used again. */
interface Tally { asks: number; alert: boolean; evaluated: boolean; rules: string[]; patterns: string[]; lists: string[]; tags: string[]; snoozed: string[]; additions: ListAddition[]; fired: FiredReason[] }
interface FiredReason { readonly kind: 'rule' | 'pattern' | 'list'; readonly name: string; readonly text: string; readonly weightIndex: number; readonly speaksAs: DecidedBy }

/**
 * All rules, lists and policies of a set, compiled for the events of one source: a decision is `decide(input)`, a pure function. Rules are evaluated
 * through an index (`RuleIndex`), with the same answer as one by one. Scratch memory is kept between calls, so `decide` is not re-entrant; nothing in it waits.
 */
export class DecisionProgram {
  readonly liveRules: readonly CompiledRule[];
  readonly shadowRules: readonly CompiledRule[];
  readonly liveIndex: RuleIndex<ConditionFrame>;
  private readonly shadowIndex: RuleIndex<ConditionFrame>;
  private readonly inForce: InForce;
  private readonly patterns: ReadonlyMap<string, CompiledPattern>;
  private readonly livePatterns: readonly CompiledPattern[];
  private readonly effectLists: readonly EffectList[];
  private readonly policies: Policies;
  private readonly frame = emptyFrame();
  private readonly lists = new RecordingLists();
  private readonly weights = new Weights();
  private readonly records: EventRecords;

  /** @throws WeirError WEIR_EXPRESSION_INVALID for a condition that has no meaning for this source; a validated set has none. */
  constructor(readonly set: DefinitionSet, readonly source: Source) {
    const environment = ruleEnvironment(set, source);
    const scope = { set, source, environment };
    const rules = [...set.rules.values()].sort(byName);
    this.liveRules = rules.filter(({ mode }) => mode === 'live').map((rule) => compileRule(rule, scope));
    this.shadowRules = rules.filter(({ mode }) => mode === 'shadow').map((rule) => compileRule(rule, scope));
    this.liveIndex = new RuleIndex(this.liveRules.map(({ condition }) => condition));
    this.shadowIndex = new RuleIndex(this.shadowRules.map(({ condition }) => condition));
    this.inForce = new InForce(this.liveRules);
    this.patterns = new Map([...set.patterns.values()].filter(({ mode }) => mode !== 'off').map((definition) => {
      const keys = set.entities.get(definition.entity)?.keys ?? [];
      return [definition.name, { ...compileEffects(definition, set, environment), definition, keySlots: keys.map((key) => source.slotByField.get(key)) }];
    }));
    this.livePatterns = [...this.patterns.values()].filter(({ definition }) => definition.mode === 'live' && definition.sources.includes(source.name));
    this.effectLists = [...set.lists.values()].sort(byName).flatMap((list) => {
      const slot = source.slotByField.get(list.of);
      return list.effect === 'none' || slot === undefined ? [] : [{ list, slot, asks: askByEffect[list.effect], label: labelOf(['tx', list.of], set, source).name }];
    });
    this.records = new EventRecords(source);
    this.policies = new Policies(set.policies.values(), environment);
  }

  decide(input: DecisionInput): Verdict {
    const { event } = input;
    this.fillFrame(input);
    const tally: Tally = { asks: 0, alert: false, evaluated: input.model !== null && input.model.p !== null, rules: [], patterns: [], lists: [], tags: [], snoozed: [], additions: [], fired: [] };
    this.weights.clear();
    const unknown = this.runLiveRules(input, tally);
    this.runPatterns(input, tally);
    this.askLists(input, tally);
    const policy = this.policies.pick(this.frame);
    const shadow = this.runShadow(input);
    const p = input.model?.p ?? 0;
    const units = this.weights.units(p), score = scoreFromUnits(units);
    const degradedWhy = withLag(input.degradedWhy, input.backlog, policy), degraded = degradedWhy.length > 0;
    const won = this.settle(tally, { policy, score, degraded });
    const isFallback = !tally.evaluated;
    const mayExplore = policy.exploration > 0 && !degraded && mayPass(won), explored = mayExplore && shareOf(event.id, 'exploration') < policy.exploration;
    const verdict: Verdict = {
      id: input.id, transaction_id: event.id, event_time: event.timeMs, outcome: explored ? 'approve' : won.outcome, decided_by: won.decidedBy, overruled: won.overruled,
      score: isFallback ? 0 : score, risk_score: isFallback ? 0 : riskScoreFromUnits(units),
      reasons: this.reasons(tally, { input, degradedWhy, p, units, isFallback }),
      rules: tally.rules, patterns: tally.patterns, matches: matchesOf(input.matches), unknown, shadow, lists: tally.lists, list_changes: tally.additions.length > 0 ? tally.additions : noAdditions,
      tags: tally.tags.length > 1 ? [...new Set(tally.tags)].sort() : tally.tags, marks: event.marks, snoozed: tally.snoozed, lists_read: this.lists.taken(), explored,
      alert: tally.alert || (!isFallback && score > policy.alertAbove), policy: policy.name, model: input.model, other_models: input.otherModels,
      vector: input.vector, tx: this.records.of(event), profiles: rowsRecord(input.profiles), set: this.set.id, source: this.source.name, positions: input.positions,
      degraded, degraded_why: degradedWhy,
    };
    return mayExplore ? { ...verdict, propensity: propensityOf(policy.exploration, explored) } : verdict;
  }

  /** The frame a condition of this event sees, for explanations; valid until the next call. */
  frameFor(input: DecisionInput): ConditionFrame {
    this.fillFrame(input);
    this.frame.matched = this.completed(input.matches, false);
    return this.frame;
  }

  private fillFrame(input: DecisionInput): void {
    const { frame } = this;
    frame.event = input.event;
    frame.vector = input.vector;
    frame.profiles = input.profiles;
    this.lists.start(input.lists);
    frame.lists = this.lists;
    frame.score = input.model === null ? 0 : input.model.p ?? undefined;
    frame.matched = noPatterns;
  }

  /** Names of the patterns the event completed: live ones, or all. */
  private completed(matches: readonly PatternMatch[], withShadow: boolean): ReadonlySet<string> {
    if (matches.length === 0) return noPatterns;
    const names = new Set<string>();
    for (const match of matches) {
      const mode = match.kind === 'match' && match.byEvent ? this.patterns.get(match.pattern)?.definition.mode : undefined;
      if (mode === 'live' || (mode === 'shadow' && withShadow)) names.add(match.pattern);
    }
    return names;
  }

  private runLiveRules({ event, matches, snoozes }: DecisionInput, tally: Tally): readonly string[] {
    const { frame, liveIndex, liveRules } = this;
    frame.matched = this.completed(matches, false);
    liveIndex.evaluate(frame);
    const { trues, unknowns, trueCount, unknownCount } = liveIndex;
    for (let i = 0; i < trueCount; i++) {
      const rule = liveRules[trues[i] as number] as CompiledRule;
      if (!isInForce(rule, event)) continue;
      if (snoozes?.silences(rule.name, event)) tally.snoozed.push(rule.name);
      else this.fireRule(rule, tally);
    }
    let unknown = noNames as string[];
    for (let i = 0; i < unknownCount; i++) {
      const rule = liveRules[unknowns[i] as number] as CompiledRule;
      if (!isInForce(rule, event)) continue;
      if (unknown === noNames) unknown = [];
      unknown.push(rule.name);
    }
    if (this.inForce.countAt(event.timeMs) > unknown.length) tally.evaluated = true;
    return unknown;
  }

  private fireRule(rule: CompiledRule, tally: Tally): void {
    tally.rules.push(rule.name);
    const facts = factsText(rule.facts, this.frame);
    const reason = rule.reason || rule.name;
    this.fire(rule, tally, { kind: 'rule', text: facts === '' ? reason : `${reason}: ${facts}` });
  }

  private fire(effects: Effects, tally: Tally, { kind, text }: { kind: 'rule' | 'pattern'; text: string }): void {
    tally.asks |= effects.asks;
    if (effects.alerts) tally.alert = true;
    for (const tag of effects.tags) tally.tags.push(tag);
    tally.fired.push({ kind, name: effects.name, text, weightIndex: this.weights.add(effects.weight), speaksAs: kindOfAsk(effects.asks) });
    for (const { list, value, ttlMs } of effects.additions) {
      const computed = value.evaluate(this.frame);
      if (computed === undefined || typeof computed === 'object') continue;
      tally.additions.push({ list, value: String(computed), until: ttlMs === Infinity ? null : (this.frame.event?.timeMs ?? 0) + ttlMs });
    }
  }

  private runPatterns({ matches, event }: DecisionInput, tally: Tally): void {
    if (matches.length > 0) {
      for (const name of [...this.completed(matches, false)].sort()) {
        const pattern = this.patterns.get(name);
        if (!pattern) continue;
        tally.patterns.push(name);
        const events = matches.find((match) => match.pattern === name && match.byEvent && match.kind === 'match')?.events ?? {};
        this.fire(pattern, tally, { kind: 'pattern', text: `${pattern.reason || `pattern ${name} completed`}: ${stepsText(events)}` });
      }
    }
    if (tally.evaluated) return;
    tally.evaluated = this.livePatterns.some(({ keySlots }) => keySlots.length > 0 && keySlots.every((slot) => slot !== undefined && (event.values[slot] ?? null) !== null));
  }

  private askLists({ event }: DecisionInput, tally: Tally): void {
    for (const { list, slot, asks, label } of this.effectLists) {
      const value = event.values[slot] ?? null;
      if (value === null || this.lists.holds(list.name, String(value), event.timeMs) !== true) continue;
      tally.lists.push(list.name);
      tally.asks |= asks;
      tally.evaluated = true;
      tally.fired.push({ kind: 'list', name: list.name, text: `${label} ${String(value)} is on list ${list.name}`, weightIndex: -1, speaksAs: kindOfAsk(asks) });
    }
  }

  private runShadow({ event, matches }: DecisionInput): readonly string[] {
    if (this.shadowRules.length === 0 && matches.length === 0) return noNames;
    const { frame, shadowIndex } = this;
    const all = this.completed(matches, true);
    const names: string[] = [];
    for (const name of all) if (this.patterns.get(name)?.definition.mode === 'shadow') names.push(name);
    if (this.shadowRules.length > 0) {
      frame.matched = all;
      shadowIndex.evaluate(frame);
      for (let i = 0; i < shadowIndex.trueCount; i++) {
        const rule = this.shadowRules[shadowIndex.trues[i] as number] as CompiledRule;
        if (isInForce(rule, event)) names.push(rule.name);
      }
    }
    return names.length > 1 ? names.sort() : names;
  }

  private settle(tally: Tally, { policy, score, degraded }: { policy: Policy; score: number; degraded: boolean }): { outcome: Outcome; decidedBy: DecidedBy; overruled: readonly DecidedBy[] } {
    if (!tally.evaluated) return { outcome: policy.fallback, decidedBy: 'fallback', overruled: [] };
    const band = bandOf(score, policy.bands), asks = tally.asks | ask.score;
    const won = precedenceOf(asks, band);
    if (!degraded || policy.onDegraded === 'continue' || decidesAlone(asks)) return won;
    const outcome = worse(won.outcome, policy.fallback);
    return outcome === won.outcome ? won : { outcome, decidedBy: 'fallback', overruled: overruledBy(outcome, asks, band) };
  }

  private reasons(tally: Tally, { input, degradedWhy, p, units, isFallback }: { input: DecisionInput; degradedWhy: readonly string[]; p: number; units: number; isFallback: boolean }): Verdict['reasons'] {
    this.weights.computeContributions(p, units);
    const raw: RawReason[] = tally.fired.map(({ kind, name, text, weightIndex, speaksAs }) => ({
      kind, name, text, speaksAs, units: weightIndex < 0 ? 0 : this.weights.contributionUnits(weightIndex),
    }));
    if (input.model && p > 0) raw.push({ kind: 'model', name: input.model.name, text: `the model's p is ${String(Number(p.toPrecision(6)))}`, units: units - this.weights.units(0), speaksAs: 'score' });
    if (isFallback) raw.push({ kind: 'fallback', name: 'NO_VERDICT', text: 'nothing could be evaluated', units: 0, speaksAs: 'fallback' });
    for (const why of degradedWhy) raw.push({ kind: 'degraded', name: 'DEGRADED', text: why, units: 0, speaksAs: 'fallback' });
    return orderedReasons(raw);
  }
}

/** What the event completed, live and shadow, as the record carries it. */
/** The exploration share lets through what the score, a review rule or a watch list alone would hold; never what a list or a rule blocks. */
function mayPass(won: { readonly outcome: Outcome; readonly decidedBy: DecidedBy }): boolean {
  if (won.outcome === 'approve') return false;
  return won.decidedBy === 'score' || won.decidedBy === 'review_rule' || won.decidedBy === 'watch_list';
}

/** Probability of what happened, as the decimal: 1 − 0.05 is 0.95. */
const propensityOf = (share: number, explored: boolean): number => (explored ? share : Number((1 - share).toFixed(12)));

function matchesOf(matches: readonly PatternMatch[]): Verdict['matches'] {
  if (matches.length === 0) return noMatches;
  return matches.filter(({ kind, byEvent }) => kind === 'match' && byEvent).map(({ pattern, version, events }) => ({ pattern, version, events }));
}

function stepsText(events: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(events).map(([step, ids]) => `${step} ${ids.join(', ')}`).join('; ');
}

const programsBySet = new WeakMap<DefinitionSet, Map<string, DecisionProgram>>();

/**
 * The program of a set for one source, compiled once per set object: `decide` never waits, so lanes of one process share it.
 * @throws WeirError WEIR_NOT_FOUND when the set has no such source.
 */
export function compileDecisionProgram(set: DefinitionSet, source: string): DecisionProgram {
  const known = programsBySet.get(set) ?? new Map<string, DecisionProgram>();
  programsBySet.set(set, known);
  let program = known.get(source);
  if (program) return program;
  const found = set.sources.get(source);
  if (!found) throw new WeirError('WEIR_NOT_FOUND', `the set has no source ${source}`);
  known.set(source, (program = new DecisionProgram(set, found)));
  return program;
}
