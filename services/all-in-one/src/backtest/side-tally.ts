import type { EventItem, Verdict } from '@weir/contracts';
import { emptyFrame, resolveCanonicalSet, ruleEnvironment, type ConditionFrame, type DefinitionSet } from '@weir/definitions';
import { compile, type Compiled } from '@weir/expressions';
import type { Outcome } from '@weir/pipeline';
import { MatchTally } from '../offline/match-tally';
import type { LabelBook } from './label-book';
import { labelCode, outcomeCode, type DecisionDetail, type RuleTotals, type SideBatch, type SideTotals, type StoredTotals } from './side-batch';

/** Distinct segments that are told apart; what comes later is `(other)`. */
const segmentsMax = 1_000;
/** Matches shown of a pattern. */
export const matchExamplesMax = 5;
const otherSegment = '(other)', noSegment = '(none)';

/** What a side looks at. */
export interface SideView {
  /** `fromMs` ≤ event time < `toMs`; everything before still runs, for state comes from the whole log. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Field that holds the money at stake. */
  readonly amountField: string;
  /** CEL over a decision's event, features and profiles, or the name of a field; undefined: no segments. */
  readonly segment: string | undefined;
}

/** Turns what the last stage gave into columns, and adds up what one side of a back-test decided. */
export class SideTally {
  private readonly rules = new Map<string, RuleTotals>();
  private readonly segments: SegmentReader | undefined;
  private readonly setIds: string[] = [];
  private readonly matches: MatchTally;
  private last: readonly EventItem[] = [];
  private decided = 0;
  private quarantined = 0;
  private duplicates = 0;

  constructor(private readonly view: SideView, private readonly labels: LabelBook) {
    this.segments = view.segment === undefined ? undefined : new SegmentReader(view.segment);
    this.matches = new MatchTally({ fromMs: view.fromMs, toMs: view.toMs, examples: matchExamplesMax });
  }

  take(records: number, outcomes: readonly Outcome[]): SideBatch {
    for (const outcome of outcomes) this.note(outcome);
    this.matches.add(outcomes);
    this.last = outcomes.filter((outcome): outcome is EventItem => this.counts(outcome));
    this.decided += this.last.length;
    return this.columns(records);
  }

  /** Decisions of the batch that was taken last. */
  details(offsets: readonly number[]): readonly DecisionDetail[] {
    const wanted = new Set(offsets);
    return this.last.flatMap(({ offset, verdict }) => (verdict !== undefined && wanted.has(offset) ? [detailOf(offset, verdict)] : []));
  }

  totals(stored: StoredTotals | undefined): SideTotals {
    return { decided: this.decided, quarantined: this.quarantined, duplicates: this.duplicates, setIds: this.setIds, rules: this.rules, patterns: this.matches.figures(), stored };
  }

  /** Whether it is a decision of the range that is looked at. */
  counts(outcome: Outcome): outcome is EventItem {
    return outcome.kind === 'event' && outcome.verdict !== undefined && this.isInRange(outcome.event.timeMs);
  }

  isInRange(eventTimeMs: number): boolean { return eventTimeMs >= this.view.fromMs && eventTimeMs < this.view.toMs; }

  private note(outcome: Outcome): void {
    if (outcome.kind === 'quarantined') this.quarantined += 1;
    else if (outcome.kind === 'duplicate') this.duplicates += 1;
    else if (outcome.kind === 'definitions' && outcome.json !== undefined) {
      if (this.setIds.at(-1) !== outcome.setId) this.setIds.push(outcome.setId ?? '');
      this.segments?.use(resolveCanonicalSet(outcome.json));
    }
  }

  private columns(records: number): SideBatch {
    const { last, view, labels, segments } = this;
    const count = last.length;
    const batch = {
      records, offsets: new Float64Array(count), outcomes: new Uint8Array(count), degraded: new Uint8Array(count), labels: new Uint8Array(count), amounts: new Float64Array(count), timesMs: new Float64Array(count),
      segments: new Uint32Array(segments === undefined ? 0 : count), newSegments: [] as string[],
    };
    for (let row = 0; row < count; row++) {
      const item = last[row] as EventItem, verdict = item.verdict as Verdict;
      const label = labels.codeOf(verdict.transaction_id), amount = verdict.tx[view.amountField];
      batch.offsets[row] = item.offset;
      batch.outcomes[row] = outcomeCode[verdict.outcome];
      batch.degraded[row] = verdict.degraded ? 1 : 0;
      batch.labels[row] = label;
      batch.amounts[row] = typeof amount === 'number' ? amount : Number.NaN;
      batch.timesMs[row] = verdict.event_time;
      if (segments !== undefined) batch.segments[row] = segments.indexOf(item, batch.newSegments);
      if (!verdict.degraded) this.countRules(verdict, label);
    }
    return batch;
  }

  private countRules({ rules, patterns, shadow, unknown }: Verdict, label: number): void {
    for (const names of [rules, patterns, shadow]) {
      for (const name of names) {
        const totals = this.rule(name);
        totals.fired += 1;
        if (label === labelCode.fraud) totals.fraud += 1;
        else if (label === labelCode.genuine) totals.genuine += 1;
      }
    }
    for (const name of unknown) this.rule(name).unknown += 1;
  }

  private rule(name: string): RuleTotals {
    let totals = this.rules.get(name);
    if (totals === undefined) this.rules.set(name, (totals = { name, fired: 0, unknown: 0, fraud: 0, genuine: 0 }));
    return totals;
  }
}

const detailOf = (offset: number, { id, transaction_id, event_time, outcome, score, decided_by, reasons }: Verdict): DecisionDetail =>
  ({ offset, id, transactionId: transaction_id, eventTimeMs: event_time, outcome, score, decidedBy: decided_by, reasons });

/** Puts decisions into segments by an expression; names are numbered as they are met. */
class SegmentReader {
  private readonly indexByName = new Map<string, number>();
  private readonly programs = new Map<string, Compiled<ConditionFrame> | undefined>();
  private readonly frame = emptyFrame();
  private set: DefinitionSet | undefined;

  constructor(private readonly text: string) {}

  use(set: DefinitionSet): void {
    this.set = set;
    this.programs.clear();
  }

  indexOf({ event, vector, profiles }: EventItem, newNames: string[]): number {
    this.frame.event = event;
    this.frame.vector = vector;
    this.frame.profiles = profiles;
    const value = this.program(event.source)?.evaluate(this.frame);
    let name = value === undefined || value === null ? noSegment : String(value);
    if (!this.indexByName.has(name) && this.indexByName.size >= segmentsMax) name = otherSegment;
    let index = this.indexByName.get(name);
    if (index === undefined) {
      this.indexByName.set(name, (index = this.indexByName.size));
      newNames.push(name);
    }
    return index;
  }

  /** @throws WeirError WEIR_EXPRESSION_INVALID for what is no expression of the source. */
  private program(sourceName: string): Compiled<ConditionFrame> | undefined {
    if (this.programs.has(sourceName)) return this.programs.get(sourceName);
    const source = this.set?.sources.get(sourceName);
    const program = this.set === undefined || source === undefined ? undefined : compile(source.slotByField.has(this.text) ? `tx.${this.text}` : this.text, ruleEnvironment(this.set, source));
    this.programs.set(sourceName, program);
    return program;
  }
}
