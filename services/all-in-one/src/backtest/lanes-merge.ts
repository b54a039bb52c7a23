import type { ControlItem, LaneItem, ListChange, PatternMatch } from '@weir/contracts';
import { isItem, mergeItems, type Outcome, type Stage } from '@weir/pipeline';
import { additionsOf } from '@weir/scoring';
import type { FrontBatch } from './front-batch';

/** `lane:offset` of decisions in other lanes whose additions to lists a lane's log holds. */
export type ToldOrigins = ReadonlySet<string>;

export interface MergedLane {
  /** Its items as what decides gets them. */
  readonly front: AsyncGenerator<FrontBatch, void, undefined>;
  readonly scoring: Pick<Stage<LaneItem, LaneItem>, 'process'>;
  readonly told: ToldOrigins;
}

export interface MergedBatch { readonly lane: number; readonly batch: FrontBatch; readonly outcomes: readonly Outcome[] }

const noMatches: readonly PatternMatch[] = Object.freeze([]);

/**
 * Decides several lanes in one order, that of their arrival, so that what a decision lists holds in the others as it would live. What the decisions of then
 * listed stands in the logs and is left out; in its place come the additions of the decisions that are taken now: where the log has those of the same
 * decision, there, else before the next item that arrived no earlier. A function of the logs and the set, however the batches are cut.
 */
export async function* mergedBatches(lanes: readonly MergedLane[], { substitutes }: { /** False: the additions stay as the logs have them. */ readonly substitutes: boolean }): AsyncGenerator<MergedBatch, void, undefined> {
  const runs = lanes.map((lane, index) => new LaneRun(lane, index, substitutes));
  for (;;) {
    for (const run of runs) for (let whole = await run.ready(); whole !== undefined; whole = await run.ready()) yield whole;
    const going = runs.filter(({ isOver }) => !isOver);
    if (going.length === 0) return;
    const blocked = going.filter((run) => run.waitsFor.some(({ lane, offset }) => !isPast(runs[lane], offset)));
    // Nobody waits for nobody: what is listed came to the others after its decision. Should a log say otherwise, the first goes on.
    const free = blocked.length === going.length ? going.slice(0, 1) : going.filter((run) => !blocked.includes(run));
    const next = free.reduce((first, run) => (run.arrivedMs < first.arrivedMs ? run : first));
    const limitMs = blocked.length > 0 ? -Infinity : Math.min(...free.map((run) => (run === next ? Infinity : run.lane < next.lane ? beforeMs(run.arrivedMs) : run.arrivedMs)));
    const additions = await next.decide(limitMs);
    if (substitutes) for (const addition of additions) for (const other of runs) if (other !== next) other.tell(addition);
  }
}

const isPast = (run: LaneRun | undefined, offset: number): boolean => run === undefined || run.isOver || run.passed >= offset;
const beforeMs = (ms: number): number => ms - 0.5;

interface Origin { readonly lane: number; readonly offset: number }
const keyOf = ({ lane, offset }: Origin): string => `${lane}:${offset}`;
const originOf = (change: ListChange): Origin | undefined => (change.op === 'put' ? change.origin : undefined);

/** A lane on its way: one batch at a time, from its front through what decides. */
class LaneRun {
  isOver = false;
  /** Offset of the last one that is through. */
  passed = -1;
  private batch: FrontBatch | undefined;
  private at = 0;
  private decided: LaneItem[] = [];
  /** Additions with a place in the log, by the decision; and those that hold from the next item on. */
  private readonly placed = new Map<string, ListChange[]>();
  private pending: ListChange[] = [];

  constructor(private readonly of: MergedLane, readonly lane: number, private readonly substitutes: boolean) {}

  /** A batch that is through; else the next one is at hand, or the lane is over. */
  async ready(): Promise<MergedBatch | undefined> {
    const { batch, lane } = this;
    if (this.isOver || (batch !== undefined && this.at < batch.outcomes.length)) return undefined;
    const whole = batch && { lane, batch, outcomes: mergeItems(batch.outcomes, this.decided) }, { value } = await this.of.front.next();
    this.batch = value ?? undefined;
    this.at = 0;
    this.decided = [];
    this.isOver = !value;
    return whole ?? this.ready();
  }

  /** When the next one arrived; what is no event comes with what is before it. */
  get arrivedMs(): number { return this.arrival(this.at); }

  /** Decisions in other lanes that have to be taken before the next one. */
  get waitsFor(): readonly Origin[] { return originsOf(this.batch?.outcomes[this.at]); }

  /** Decides the next one and those behind it that arrived at or before the limit. Gives what was listed. */
  async decide(limitMs: number): Promise<readonly ListChange[]> {
    const outcomes = this.batch?.outcomes ?? [], from = this.at;
    this.at += 1;
    while (this.at < outcomes.length && this.arrival(this.at) <= limitMs && originsOf(outcomes[this.at]).length === 0) this.at += 1;
    const run = outcomes.slice(from, this.at).filter(isItem).map((item) => (this.substitutes ? this.substituted(item) : item)), [first] = run;
    this.passed = outcomes[this.at - 1]?.offset ?? this.passed;
    if (first === undefined) return [];
    const told = this.pending.length === 0 ? [] : [additionItem(first, this.pending)];
    this.pending = [];
    const processed = (await this.of.scoring.process([...told, ...run])).slice(told.length);
    for (const item of processed) this.decided.push(item);
    return additionsOf(processed);
  }

  private arrival(at: number): number {
    const { batch } = this, outcome = batch?.outcomes[at];
    return batch?.arrivedMs?.[at] ?? (outcome?.kind === 'event' ? outcome.receivedAtMs : -Infinity);
  }

  tell(addition: ListChange): void {
    const origin = originOf(addition);
    if (addition.op !== 'put' || origin === undefined) return;
    const { origin: _origin, ...change } = addition, key = keyOf(origin);
    if (!this.of.told.has(key)) { this.pending.push(change); return; }
    const placed = this.placed.get(key);
    if (placed === undefined) this.placed.set(key, [change]);
    else placed.push(change);
  }

  private substituted(item: LaneItem): LaneItem {
    if (item.kind !== 'list' || originsOf(item).length === 0) return item;
    const listChanges = (item.listChanges ?? []).flatMap((change): readonly ListChange[] => {
      const origin = originOf(change);
      if (origin === undefined) return [change];
      const key = keyOf(origin), placed = this.placed.get(key) ?? [];
      this.placed.delete(key);
      return placed;
    });
    return { ...item, listChanges };
  }
}

const noOrigins: readonly Origin[] = Object.freeze([]);

function originsOf(item: Outcome | undefined): readonly Origin[] {
  if (item?.kind !== 'list') return noOrigins;
  return (item.listChanges ?? []).flatMap((change) => originOf(change) ?? []);
}

/** As they stand in `ToldOrigins`. */
export const originsTold = (changes: readonly ListChange[]): string[] => [...new Set(changes.flatMap((change) => { const origin = originOf(change); return origin === undefined ? [] : [keyOf(origin)]; }))];

const additionItem = ({ lane, offset, receivedAtMs, time }: LaneItem, listChanges: readonly ListChange[]): ControlItem => ({ kind: 'list', lane, offset, receivedAtMs, time, listChanges, matches: noMatches });
