import { decisionId, type Verdict } from '@weir/contracts';
import { verdictJson } from '@weir/rules';
import type { FeatureDifference } from '../reprocess/compare-values';
import { reasonOf } from '../verify/mismatch-reason';
import { storedBefore, type ReadPack } from './stored-rows';
import { outcomeCode, type Mismatch, type StoredTotals, type VerdictCounts } from './side-batch';

/** A verdict as it was stored. */
export interface StoredVerdict {
  readonly outcome: Verdict['outcome']; readonly degraded: boolean; readonly rules: readonly string[]; readonly patterns: readonly string[]; readonly shadow: readonly string[]; readonly unknown: readonly string[];
  /** Read in other lanes; null with one lane. */
  readonly positions: readonly number[] | null;
  /** Canonical JSON of the whole. */
  readonly line: () => string;
  /** True when a verdict is certainly the same, by a quicker way than its JSON. */
  readonly equals?: (verdict: Verdict) => boolean;
}
/** The stored verdicts of offsets, which ascend from question to question; undefined where none is. */
export type ReadStored = (offsets: readonly number[]) => Promise<readonly (StoredVerdict | undefined)[]>;

export interface StoredDecisionsOptions {
  readonly read: ReadStored;
  /** Decisions of later offsets may not be stored yet; they are left out. */
  readonly throughOffset: number;
  /** All that are stored, where they can be listed: so those are found whose record the log no longer has. */
  readonly packs?: ReadPack | undefined;
}

/** Mismatches that are described; beyond it they are counted. */
const mismatchesMax = 1_000;
const reasonsMax = 8;
/** Stored decisions that are looked at together where the log has a gap. */
const gapRowsMax = 256;

/** One decision of a batch: replayed, or (undefined) refused where an event stood. */
export interface Replayed { readonly offset: number; readonly lane: number; readonly verdict: Verdict | undefined }

/**
 * Compares what a replay gives with what was stored when it was live, byte for byte (`verdictJson`: outcome, reasons, rules, every feature with
 * its status). Degraded decisions are counted apart, for what failed then does not fail now.
 */
export class StoredComparison {
  readonly totals: StoredTotals = { compared: 0, same: 0, degraded: 0, different: 0, notStored: 0, storedCounts: noCounts(), replayedCounts: noCounts(), mismatches: [] };

  /** Event time of the newest decided so far, ms. */
  private newestMs = -Infinity;
  /** A lane counts without a gap: the record that follows those that were passed. */
  private nextOffset = 0;

  /** `inRange`: by event time, ms. */
  constructor(private readonly options: StoredDecisionsOptions, private readonly inRange: (eventTimeMs: number) => boolean = () => true) {}

  /** Is told of every record of the lane, in order: a decision that is stored where there is none differs. */
  async pass(records: readonly { readonly offset: number }[]): Promise<void> {
    for (const { offset } of records) {
      if (offset > this.nextOffset) await this.lost(offset);
      this.nextOffset = offset + 1;
    }
  }

  /** The lane has no more records. */
  async end(): Promise<void> { await this.lost(this.options.throughOffset + 1); }

  private async lost(endOffset: number): Promise<void> {
    const { packs, throughOffset } = this.options, end = Math.min(endOffset, throughOffset + 1);
    for (let at = this.nextOffset; packs !== undefined && at < end; ) {
      const pack = await packs(at, gapRowsMax), last = pack.offsets.at(-1);
      if (last === undefined) return;
      for (const { offset, id, event_time: eventTimeMs } of storedBefore(pack, end)) if (this.inRange(eventTimeMs)) this.noteLost(offset, id);
      at = last + 1;
    }
  }

  private noteLost(offset: number, id: string): void {
    this.totals.compared += 1;
    this.totals.different += 1;
    this.note({ offset, id, kind: 'not replayed', why: 'bug', reasons: ['a decision is stored, and the log has no record here'] });
  }

  /** `given`: the stored ones by offset, where they are at hand already. */
  async compare(replayed: readonly Replayed[], given?: ReadonlyMap<number, StoredVerdict>): Promise<void> {
    const known = replayed.filter(({ offset }) => offset <= this.options.throughOffset);
    if (known.length === 0) return;
    const offsets = known.map(({ offset }) => offset);
    const stored = given === undefined ? await this.options.read(offsets) : offsets.map((offset) => given.get(offset));
    known.forEach((each, index) => {
      this.compareOne(each, stored[index]);
      this.newestMs = Math.max(this.newestMs, each.verdict?.event_time ?? -Infinity);
    });
  }

  private compareOne({ offset, lane, verdict }: Replayed, stored: StoredVerdict | undefined): void {
    const { totals } = this;
    if (stored === undefined && verdict === undefined) return;
    totals.compared += 1;
    const id = decisionId({ lane, offset });
    if (stored === undefined) {
      totals.notStored += 1;
      this.note({ offset, id, kind: 'not stored', why: 'bug', reasons: ['the log gives a decision here, and none is stored'] });
      return;
    }
    if (stored.degraded) { totals.degraded += 1; return; }
    count(stored, totals.storedCounts);
    if (verdict !== undefined) count(verdict, totals.replayedCounts);
    if (verdict === undefined) {
      totals.different += 1;
      this.note({ offset, id, kind: 'not replayed', why: 'bug', reasons: ['a decision is stored, and the log gives none here'] });
      return;
    }
    if (stored.equals?.(verdict) === true) { totals.same += 1; return; }
    const line = stored.line(), again = verdictJson(verdict);
    if (line === again) { totals.same += 1; return; }
    totals.different += 1;
    const one: unknown = JSON.parse(line), other: unknown = JSON.parse(again), order = verdict.event_time - this.newestMs;
    const facts = { late: order < 0, tie: order === 0, versionChanged: memberOf(one, 'set') !== memberOf(other, 'set') };
    this.note({ offset, id, kind: 'different', why: reasonOf(featureDifferences(one, other), facts), reasons: differences(one, other) });
  }

  private note(mismatch: Mismatch): void {
    if (this.totals.mismatches.length < mismatchesMax) this.totals.mismatches.push(mismatch);
  }
}

const noCounts = (): VerdictCounts => ({ outcomes: [0, 0, 0], byRule: new Map() });

function count({ outcome, rules, patterns, shadow, unknown }: Omit<StoredVerdict, 'degraded' | 'line' | 'positions'>, into: VerdictCounts): void {
  const code = outcomeCode[outcome];
  into.outcomes[code] = (into.outcomes[code] ?? 0) + 1;
  const countOf = (name: string): { fired: number; unknown: number } => {
    let known = into.byRule.get(name);
    if (known === undefined) into.byRule.set(name, (known = { fired: 0, unknown: 0 }));
    return known;
  };
  for (const names of [rules, patterns, shadow]) for (const name of names) countOf(name).fired += 1;
  for (const name of unknown) countOf(name).unknown += 1;
}

/** Where two JSON values differ, as `path: stored …, replayed …`, the first few. */
export function differences(stored: unknown, replayed: unknown): string[] {
  const found: string[] = [];
  const visit = (one: unknown, other: unknown, path: string): void => {
    if (found.length >= reasonsMax) return;
    if (isObject(one) && isObject(other)) {
      for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) visit(one[key], other[key], path === '' ? key : `${path}.${key}`);
      return;
    }
    const [left, right] = [textOf(one), textOf(other)];
    if (left !== right) found.push(`${path}: stored ${cut(left)}, replayed ${cut(right)}`);
  };
  visit(stored, replayed, '');
  return found;
}

/** Features whose value or status differs between two verdicts. */
function featureDifferences(stored: unknown, replayed: unknown): FeatureDifference[] {
  const [values, again, statuses, statusesAgain] = [memberOf(stored, 'features'), memberOf(replayed, 'features'), memberOf(stored, 'statuses'), memberOf(replayed, 'statuses')];
  return Object.keys(isObject(values) ? values : {}).flatMap((feature): FeatureDifference[] => {
    const found = { feature, old: memberOf(values, feature) as FeatureDifference['old'], new: memberOf(again, feature) as FeatureDifference['new'], old_status: String(memberOf(statuses, feature)), new_status: String(memberOf(statusesAgain, feature)) }; // as verdictJson wrote them
    return found.old_status === found.new_status && textOf(found.old) === textOf(found.new) ? [] : [found];
  });
}

const memberOf = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
const textMax = 160;
const cut = (text: string): string => (text.length <= textMax ? text : `${text.slice(0, textMax)}…`);
