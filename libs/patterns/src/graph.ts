import { always, and, holds, not, type Guard } from './guard';
import type { InnerContiguity, Contiguity, Pattern, Step } from './pattern';

/**
 * The graph of a pattern, built from its end backwards as Flink's NFACompiler builds it, so that both mean the same: `take` binds the event
 * to a step, `ignore` passes it over, `proceed` tries it at another node.
 */
export interface GraphNode {
  readonly index: number;
  readonly kind: 'normal' | 'final' | 'stop' | 'pending';
  /** Name of the step whose events its takes bind. */
  readonly step: string;
  /** A partial match waiting here is over this long after its last event; 0: never. */
  windowMs: number;
  readonly edges: GraphEdge[];
}
export interface GraphEdge { readonly action: 'take' | 'ignore' | 'proceed'; readonly target: GraphNode; guard: Guard }
export interface Graph { readonly nodes: readonly GraphNode[]; readonly start: GraphNode }

/** Conditions are numbers; every step that is no group has a `where`. */
export function buildGraph(pattern: Pattern<number>): Graph {
  return new GraphBuilder(pattern.steps, pattern.within?.ms ?? 0).build();
}

type Consuming = 'strict' | 'skipTillNext' | 'skipTillAny';
const consumingByContiguity: Readonly<Record<Contiguity, Consuming>> = { start: 'strict', next: 'strict', notNext: 'strict', followedBy: 'skipTillNext', notFollowedBy: 'skipTillNext', followedByAny: 'skipTillAny' };
const consumingByInner: Readonly<Record<InnerContiguity, Consuming>> = { consecutive: 'strict', relaxed: 'skipTillNext', allowCombinations: 'skipTillAny' };

class GraphBuilder {
  private readonly nodes: GraphNode[] = [];
  private readonly stopByStep = new Map<string, GraphNode>();
  private readonly untilSinkBySink = new Map<GraphNode, GraphNode>();
  private readonly inLaterRound = new Set<Step<number>>();
  private at: number;
  private following: Step<number> | undefined;
  private group: Step<number> | undefined;

  constructor(private level: readonly Step<number>[], private readonly withinMs: number) { this.at = level.length - 1; }

  build(): Graph {
    const start = this.convert(this.middle(this.node('final', '$end')));
    return { nodes: this.nodes, start };
  }

  private get current(): Step<number> {
    const step = this.level[this.at];
    if (!step) throw new RangeError(`step ${this.at} of ${this.level.length}`);
    return step;
  }

  private node(kind: GraphNode['kind'], step: string, windowMs = 0): GraphNode {
    const made: GraphNode = { index: this.nodes.length, kind, step, windowMs, edges: [] };
    this.nodes.push(made);
    return made;
  }

  /** Nodes of all steps of this level but the first. */
  private middle(sink: GraphNode): GraphNode {
    let next = sink;
    while (this.at > 0) {
      if (this.current.contiguity === 'notFollowedBy') next = this.waitForSilence(next);
      else if (this.current.contiguity === 'notNext') next = this.refuseNext(next);
      else next = this.convert(next);
      this.following = this.current;
      this.at--;
    }
    return next;
  }

  /** A closing notFollowedBy waits for the end of its window; in the middle it becomes guards of the next step's node. */
  private waitForSilence(sink: GraphNode): GraphNode {
    const windowMs = this.current.within?.ms ?? 0;
    if (sink.kind !== 'final' || (windowMs === 0 && this.withinMs === 0)) return sink;
    const pending = this.node('pending', this.current.name ?? '', windowMs);
    const unwanted = this.takeGuard(this.current);
    connect(pending, 'proceed', this.stop(unwanted, this.current.name ?? ''), unwanted);
    connect(pending, 'ignore', pending, not(unwanted));
    return pending;
  }

  private refuseNext(sink: GraphNode): GraphNode {
    const refusing = this.node('normal', this.current.name ?? '', this.current.within?.ms ?? 0);
    const unwanted = this.takeGuard(this.current);
    // To the end it is an ignore: the event that shows the absence belongs to nobody.
    connect(refusing, sink.kind === 'final' ? 'ignore' : 'proceed', sink, not(unwanted));
    connect(refusing, 'proceed', this.stop(unwanted, this.current.name ?? ''), unwanted);
    return refusing;
  }

  private convert(sink: GraphNode): GraphNode {
    const quantifier = this.current.quantifier;
    let first: GraphNode;
    if (quantifier === undefined || quantifier.single) first = this.singleton(sink, sink, { take: this.takeGuard(this.current), ignore: this.ignoreGuard(this.current), optional: quantifier?.optional ?? false, windowMs: this.current.within?.ms ?? 0, waitingWindowMs: 0 });
    else if (quantifier.max !== null) first = this.times(sink, sink, quantifier.min, quantifier.max);
    else {
      this.enterLaterRound(true);
      const looping = this.looping(this.withoutNegationsBefore(sink));
      this.enterLaterRound(false);
      first = this.times(looping, sink, quantifier.min, quantifier.min);
    }
    this.addStops(first);
    return first;
  }

  /** `min` to `max` events, from the last backwards. */
  private times(sink: GraphNode, proceedTo: GraphNode, min: number, max: number): GraphNode {
    const { quantifier, until } = this.current;
    this.enterLaterRound(true);
    const ignore = untilOver(this.innerIgnoreGuard(this.current), until);
    const take = untilOver(this.takeGuard(this.current), until) ?? always;
    if (quantifier?.greedy && min !== max) {
      if (until !== undefined) this.untilSinkBySink.set(sink, this.copy(sink));
      forbid(sink, take);
    }
    const windowMs = this.current.group ? 0 : quantifier?.windowMs ?? 0;
    let next = sink;
    for (let round = min; round < max; round++) next = this.laterRound(next, proceedTo, { take, ignore, optional: true, windowMs, waitingWindowMs: windowMs });
    for (let round = 1; round < min; round++) next = this.laterRound(next, next, { take, ignore, optional: false, windowMs, waitingWindowMs: windowMs });
    this.enterLaterRound(false);
    return this.singleton(next, proceedTo, { take, ignore: this.ignoreGuard(this.current), optional: quantifier?.optional ?? false, windowMs: 0, waitingWindowMs: 0 });
  }

  private laterRound(sink: GraphNode, proceedTo: GraphNode, options: SingletonOptions): GraphNode {
    const made = this.singleton(sink, proceedTo, options);
    this.addStopInLoop(made);
    return made;
  }

  private singleton(sinkAsGiven: GraphNode, proceedTo: GraphNode, options: SingletonOptions): GraphNode {
    const step = this.current;
    if (step.group) return this.groupOnce(step, sinkAsGiven, proceedTo, options.optional);
    const made = this.node('normal', step.name ?? '', options.windowMs);
    // Once it takes an event, the negations before it no longer matter.
    const sink = this.withoutNegationsBefore(sinkAsGiven);
    connect(made, 'take', sink, options.take);
    if (options.optional) this.proceedPast(made, proceedTo);
    if (options.ignore) {
      let waiting = made;
      if (options.optional || this.isHeadOfOptionalGroup()) {
        waiting = this.node('normal', step.name ?? '', options.waitingWindowMs);
        connect(waiting, 'take', sink, options.take);
        connect(waiting, 'ignore', waiting, options.ignore);
        this.addStops(waiting);
      }
      connect(made, 'ignore', waiting, options.ignore);
    }
    return made;
  }

  /** The step is skipped; after a greedy loop another way where its `until` holds. */
  private proceedPast(from: GraphNode, to: GraphNode): void {
    const { quantifier, until } = this.current;
    const open = this.openGuard();
    if (!quantifier?.greedy || until === undefined) { connect(from, 'proceed', to, open); return; }
    connect(from, 'proceed', this.untilSinkBySink.get(to) ?? to, and(open, holds(until)));
    connect(from, 'proceed', to, and(open, not(holds(until))));
  }

  private looping(sink: GraphNode): GraphNode {
    const { group, name = '', quantifier, until } = this.current;
    if (group) return this.groupLoop(this.current, sink);
    const windowMs = quantifier?.windowMs ?? 0;
    const ignore = untilOver(this.innerIgnoreGuard(this.current), until);
    const take = untilOver(this.takeGuard(this.current), until) ?? always;
    const loop = this.node('normal', name, windowMs);
    if (quantifier?.greedy) {
      if (until !== undefined) this.untilSinkBySink.set(sink, this.copy(sink));
      this.proceedPast(loop, sink);
      forbid(sink, this.takeGuard(this.current));
    } else connect(loop, 'proceed', sink, this.openGuard());
    connect(loop, 'take', loop, take);
    this.addStopInLoop(loop);
    if (ignore) {
      const waiting = this.node('normal', name, windowMs);
      connect(waiting, 'take', loop, take);
      connect(waiting, 'ignore', waiting, ignore);
      connect(loop, 'ignore', waiting, ignore);
      this.addStopInLoop(waiting);
    }
    return loop;
  }

  private groupOnce(step: Step<number>, sink: GraphNode, proceedTo: GraphNode, optional: boolean): GraphNode {
    const open = this.openGuard();
    return this.inside(step, () => {
      const first = this.convert(this.middle(sink));
      if (optional) connect(first, 'proceed', proceedTo, open);
      return first;
    });
  }

  private groupLoop(step: Step<number>, sink: GraphNode): GraphNode {
    const open = this.openGuard();
    const again = this.node('normal', '');
    return this.inside(step, () => {
      const first = this.convert(this.middle(again));
      connect(first, 'proceed', sink, open);
      connect(again, 'proceed', first, open);
      return first;
    });
  }

  private inside(step: Step<number>, work: () => GraphNode): GraphNode {
    const { level, at, following, group } = this;
    this.group = step;
    this.level = step.group?.steps ?? [];
    this.at = this.level.length - 1;
    const made = work();
    Object.assign(this, { level, at, following, group });
    return made;
  }

  private stop(unwanted: Guard, step: string): GraphNode {
    const known = this.stopByStep.get(step);
    if (known) return known;
    const made = this.node('stop', step);
    connect(made, 'take', made, unwanted);
    this.stopByStep.set(step, made);
    return made;
  }

  /** Negations in force before the current step: directly before it, or with only optional steps between. */
  private negationsBefore(): Step<number>[] {
    const found: Step<number>[] = [];
    for (let at = this.at - 1; at >= 0; at--) {
      const step = this.level[at];
      if (!step || !(step.quantifier?.optional || step.contiguity === 'notFollowedBy')) break;
      if (step.contiguity === 'notFollowedBy') found.push(step);
    }
    return found;
  }

  private addStops(node: GraphNode): void {
    for (const step of this.negationsBefore()) {
      const unwanted = this.takeGuard(step);
      connect(node, 'proceed', this.stop(unwanted, step.name ?? ''), unwanted);
    }
  }

  private addStopInLoop(node: GraphNode): void {
    if (this.following?.contiguity !== 'notFollowedBy') return;
    const unwanted = this.takeGuard(this.following);
    connect(node, 'proceed', this.stop(unwanted, this.following.name ?? ''), unwanted);
  }

  /** A copy of what follows an optional step without the negations before that step; the node itself where there are none. */
  private withoutNegationsBefore(sink: GraphNode): GraphNode {
    const negated = this.negationsBefore();
    if (negated.length === 0 || !this.current.quantifier?.optional) return sink;
    const made = this.node(sink.kind, sink.step, sink.windowMs);
    for (const { action, target, guard } of sink.edges) {
      if (action !== 'proceed') connect(made, action, target === sink ? made : target, guard);
      else if (target.kind !== 'stop') connect(made, action, this.withoutNegationsBefore(target), guard);
      else if (!negated.some((step) => step.name === target.step)) connect(made, action, target, guard);
    }
    return made;
  }

  private copy(node: GraphNode): GraphNode {
    const made = this.node(node.kind, node.step, node.windowMs);
    for (const { action, target, guard } of node.edges) connect(made, action, target === node ? made : target, guard);
    return made;
  }

  private enterLaterRound(later: boolean): void {
    if (!this.current.group) return;
    if (later) this.inLaterRound.add(this.current);
    else this.inLaterRound.delete(this.current);
  }

  private isHeadOfOptionalGroup(): boolean {
    return this.group !== undefined && this.at === 0 && !this.inLaterRound.has(this.group) && (this.group.quantifier?.optional ?? false);
  }

  private ignoreGuard(step: Step<number>): Guard | undefined {
    let consuming = consumingByContiguity[step.contiguity];
    if (this.group && this.at === 0) consuming = this.inLaterRound.has(this.group) ? consumingByInner[this.group.quantifier?.inner ?? 'relaxed'] : consumingByContiguity[this.group.contiguity];
    return this.passing(step, consuming);
  }

  private innerIgnoreGuard(step: Step<number>): Guard | undefined {
    let inner = step.quantifier?.inner ?? 'relaxed';
    if (this.group && this.at === 0) inner = this.group.quantifier?.inner ?? 'relaxed';
    return this.passing(step, consumingByInner[inner]);
  }

  private passing(step: Step<number>, consuming: Consuming): Guard | undefined {
    if (consuming === 'strict') return undefined;
    const pass = consuming === 'skipTillAny' ? always : step.where === undefined ? undefined : not(holds(step.where));
    return untilOver(pass, this.group?.until);
  }

  private takeGuard(step: Step<number>): Guard {
    return untilOver(step.where === undefined ? always : holds(step.where), this.group?.until) ?? always;
  }

  /** Of an epsilon move: always, but inside a loop with `until` only while that does not hold. */
  private openGuard(): Guard {
    return this.group?.until === undefined ? always : not(holds(this.group.until));
  }
}

interface SingletonOptions { readonly take: Guard; readonly ignore: Guard | undefined; readonly optional: boolean; readonly windowMs: number; /** Of the node that waits after an event was passed over. */ readonly waitingWindowMs: number }

const connect = (from: GraphNode, action: GraphEdge['action'], target: GraphNode, guard: Guard): void => { from.edges.push({ action, target, guard }); };
const untilOver = (guard: Guard | undefined, until: number | undefined): Guard | undefined => (until === undefined || guard === undefined ? guard : and(not(holds(until)), guard));
/** A greedy loop keeps what it can take from everything after it. */
const forbid = (node: GraphNode, take: Guard): void => { for (const edge of node.edges) edge.guard = and(edge.guard, not(take)); };
