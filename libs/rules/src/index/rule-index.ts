import type { Compiled } from '@weir/expressions';
import { clausesOf } from './clauses';
import { FieldIndex, tableWordsMax, type PlacedPredicate } from './field-index';
import { isFalse, isTrue, isUnknown } from './predicate';

/**
 * Evaluates many conditions at once: exactly what evaluating each would give, without looking at those that one of their comparisons already makes false.
 * A clause (see `clausesOf`) is a bit; per field the value picks a row of bits that stay open; the rows are and-ed. What is left open is true or
 * unknown by the bits alone where all of the condition is in the index, and is evaluated otherwise. Nothing is allocated per call.
 */
export class RuleIndex<Frame> {
  /** Ordinals of conditions that are true after `evaluate`, ascending, the first `trueCount`. */
  readonly trues: Int32Array;
  trueCount = 0;
  /** Ordinals of conditions that are unknown, ascending, the first `unknownCount`. */
  readonly unknowns: Int32Array;
  unknownCount = 0;
  /** Conditions evaluated by their closure in the last call; for measuring. */
  evaluatedCount = 0;

  private readonly fields: readonly FieldIndex<Frame>[];
  private readonly initial: Uint32Array;
  private readonly open: Uint32Array;
  private readonly unknown: Uint32Array;
  private readonly ruleByClause: Int32Array;
  private readonly isWhole: Uint8Array;
  /** Per condition: 0 untouched, 1 true, 2 unknown by the bits, 3 to be evaluated. */
  private readonly states: Uint8Array;
  private readonly touched: Uint32Array;

  /** `wordsMax`: how large one field's table may be, in words of 32 bits. */
  constructor(private readonly conditions: readonly Compiled<Frame>[], wordsMax = tableWordsMax) {
    const placed = new Map<string, { path: PlacedPredicate<Frame>['predicate']['path']; predicates: PlacedPredicate<Frame>[] }>();
    const ruleByClause: number[] = [], isWhole: number[] = [];
    for (const { rule, clauses } of bySignature(conditions)) {
      for (const { predicates, whole } of clauses) {
        const clause = ruleByClause.push(rule) - 1;
        isWhole.push(whole ? 1 : 0);
        for (const predicate of predicates) {
          const field = placed.get(predicate.key) ?? { path: predicate.path, predicates: [] };
          placed.set(predicate.key, field);
          field.predicates.push({ clause, predicate });
        }
      }
    }
    this.ruleByClause = Int32Array.from(ruleByClause);
    this.isWhole = Uint8Array.from(isWhole);
    this.fields = [...placed.values()].map(({ path, predicates }) => new FieldIndex(path, predicates, wordsMax));
    const words = Math.ceil(ruleByClause.length / 32);
    this.initial = new Uint32Array(words).fill(0xffff_ffff);
    if (ruleByClause.length % 32) this.initial[words - 1] = 2 ** (ruleByClause.length % 32) - 1;
    this.open = new Uint32Array(words);
    this.unknown = new Uint32Array(words);
    this.states = new Uint8Array(conditions.length);
    this.touched = new Uint32Array(Math.ceil(conditions.length / 32));
    this.trues = new Int32Array(conditions.length);
    this.unknowns = new Int32Array(conditions.length);
  }

  evaluate(frame: Frame): void {
    const { open, unknown } = this;
    open.set(this.initial);
    unknown.fill(0);
    for (const field of this.fields) field.apply(frame, open, unknown);
    this.collect();
    this.settle(frame);
  }

  private collect(): void {
    const { open, unknown, states, touched } = this;
    for (let word = 0; word < open.length; word++) {
      for (let bits = open[word] as number; bits !== 0; bits &= bits - 1) {
        const bit = 31 - Math.clz32(bits & -bits), clause = word * 32 + bit;
        const rule = this.ruleByClause[clause] as number, before = states[rule] as number;
        const isUnknownHere = ((unknown[word] as number) >>> bit) & 1;
        touched[rule >>> 5] = (touched[rule >>> 5] as number) | (1 << (rule & 31));
        if (this.isWhole[clause] === 0) { if (before !== 1) states[rule] = 3; }
        else if (isUnknownHere === 0) states[rule] = 1;
        else if (before === 0) states[rule] = 2;
      }
    }
  }

  private settle(frame: Frame): void {
    const { states, touched, trues, unknowns } = this;
    let trueCount = 0, unknownCount = 0, evaluated = 0;
    for (let word = 0; word < touched.length; word++) {
      for (let bits = touched[word] as number; bits !== 0; bits &= bits - 1) {
        const rule = word * 32 + 31 - Math.clz32(bits & -bits);
        let state: number = states[rule] as number;
        states[rule] = 0;
        if (state === 3) {
          evaluated++;
          const value = (this.conditions[rule] as Compiled<Frame>).evaluate(frame);
          state = value === true ? isTrue : value === undefined ? isUnknown : isFalse;
        }
        if (state === isTrue) trues[trueCount++] = rule;
        else if (state === isUnknown) unknowns[unknownCount++] = rule;
      }
      touched[word] = 0;
    }
    this.trueCount = trueCount;
    this.unknownCount = unknownCount;
    this.evaluatedCount = evaluated;
  }
}

/** Conditions over the same fields side by side, so that a field's rows touch few words. */
function bySignature<Frame>(conditions: readonly Compiled<Frame>[]) {
  const rules = conditions.map((condition, rule) => {
    const clauses = clausesOf(condition.tree);
    return { rule, clauses, signature: [...new Set(clauses.flatMap(({ predicates }) => predicates.map(({ key }) => key)))].sort().join(' ') };
  });
  return rules.sort((a, b) => (a.signature < b.signature ? -1 : a.signature > b.signature ? 1 : a.rule - b.rule));
}
