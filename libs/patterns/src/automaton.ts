import { always, and, compileGuard, conditionsOf, or, type Guard } from './guard';
import type { Graph, GraphNode } from './graph';

/** Whether single conditions hold for the event in hand, by number. */
export type Truth = (condition: number) => boolean;

/** One way an event can move a partial match, with the epsilon moves before it folded into its test. */
export interface Move {
  readonly kind: 'take' | 'ignore' | 'stop';
  readonly test: (truth: Truth) => boolean;
  /** What `test` tests. */
  readonly guard: Guard;
  /** Place after it. */
  readonly target: number;
  /** Number of the step that takes the event; -1 for an ignore. */
  readonly step: number;
  /** True when the target is the end. */
  readonly ends: boolean;
  /** Whether the match is also complete after the take, because the rest can be skipped; absent when it never can. */
  readonly completes: ((truth: Truth) => boolean) | undefined;
}

/** Where a partial match can wait. */
export interface Place {
  readonly index: number;
  /** Waits for the end of its window; a time-out is then a match. */
  readonly pending: boolean;
  /** ms after the last event; 0: none. */
  readonly windowMs: number;
  readonly moves: readonly Move[];
  /** No move here reads the events taken, so all partial matches at this place move alike. */
  readonly uniform: boolean;
  /** Numbers of the conditions its moves test. */
  readonly conditions: readonly number[];
}

export interface Automaton {
  readonly places: readonly Place[];
  readonly start: Place;
  /** Names of steps by number, in the pattern's order. */
  readonly steps: readonly string[];
}

/** Folds epsilon moves away: a place's moves are all takes and ignores reachable for one event. */
export function foldGraph(graph: Graph, steps: readonly string[], isIterative: (condition: number) => boolean): Automaton {
  const stepNumber = (name: string): number => steps.indexOf(name);
  const places = graph.nodes.map((node) => foldNode(node, stepNumber, isIterative));
  const start = places[graph.start.index];
  if (!start) throw new RangeError('a graph without a start');
  return { places, start, steps };
}

interface GuardedMove { readonly kind: Move['kind']; readonly target: GraphNode; readonly step: string; guard: Guard }

function foldNode(node: GraphNode, stepNumber: (name: string) => number, isIterative: (condition: number) => boolean): Place {
  const found: GuardedMove[] = [];
  collectMoves(node, always, new Set(), found);
  const conditions = new Set<number>();
  const moves = found.map(({ kind, target, step, guard }): Move => {
    conditionsOf(guard, conditions);
    const end = kind === 'take' ? guardToEnd(target, new Set()) : undefined;
    if (end) conditionsOf(end, conditions);
    return { kind, guard, target: target.index, step: kind === 'take' ? stepNumber(step) : -1, ends: target.kind === 'final', test: compileGuard(guard), completes: end && compileGuard(end) };
  });
  return { index: node.index, pending: node.kind === 'pending', windowMs: node.windowMs, moves, uniform: ![...conditions].some(isIterative), conditions: [...conditions].sort((a, b) => a - b) };
}

/** The same move reached in two ways is one move: the reference would give its matches twice. */
function collectMoves(node: GraphNode, path: Guard, visited: ReadonlySet<GraphNode>, into: GuardedMove[]): void {
  const seen = new Set(visited).add(node);
  for (const { action, target, guard } of node.edges) {
    const whole = and(path, guard);
    if (action === 'proceed') {
      if (!seen.has(target)) collectMoves(target, whole, seen, into);
      continue;
    }
    const kind = target.kind === 'stop' ? 'stop' : action;
    const same = into.find((move) => move.kind === kind && move.target === target && (kind !== 'take' || move.step === node.step));
    if (same) same.guard = or(same.guard, whole);
    else into.push({ kind, target, step: node.step, guard: whole });
  }
}

function guardToEnd(node: GraphNode, visited: ReadonlySet<GraphNode>): Guard | undefined {
  const seen = new Set(visited).add(node);
  const ways: Guard[] = [];
  for (const { action, target, guard } of node.edges) {
    if (action !== 'proceed' || seen.has(target)) continue;
    const rest = target.kind === 'final' ? always : guardToEnd(target, seen);
    if (rest) ways.push(and(guard, rest));
  }
  return ways.length === 0 ? undefined : or(...ways);
}
