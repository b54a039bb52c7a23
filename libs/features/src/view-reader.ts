import { isNumericType, statusCode, type FeatureLayout, type FeatureVector, type Value } from '@weir/contracts';
import { exprEnvironment, type ConditionFrame, type DefinitionSet } from '@weir/definitions';
import { compile, type CelValue } from '@weir/expressions';
import { KernelReader, type KeyedState, type ReadOptions } from '@weir/windows';
import type { ViewPlan } from './view-plan';

interface ExpressionSlot { readonly slot: number; readonly numeric: boolean; readonly evaluate: (frame: ConditionFrame) => CelValue; readonly dependsOn: readonly number[] }

/** A view at its place in one layout: reads a key's state into the vector, then evaluates the expressions over it. */
export class ViewReader {
  readonly base: number;
  private readonly kernel: KernelReader;
  private readonly expressions: readonly ExpressionSlot[];
  private frame: ConditionFrame | undefined;
  private readonly currentValue = (column: number): Value => {
    const { frame } = this;
    return frame?.event === undefined ? null : (this.plan.columns[column]?.(frame, frame.event) ?? null);
  };
  private readonly options: { -readonly [K in keyof ReadOptions]: ReadOptions[K] };

  constructor(set: DefinitionSet, readonly plan: ViewPlan, layout: FeatureLayout) {
    const { view } = plan;
    this.base = layout.slotByName.get(`${view.name}.${view.features[0]?.name ?? ''}`) ?? 0;
    this.kernel = new KernelReader(plan.kernel);
    const environment = exprEnvironment(set, view, { layout });
    this.expressions = plan.expressions.map(({ index, feature }) => ({
      slot: this.base + index,
      numeric: feature.type !== 'string' && feature.type !== 'list' && feature.type !== 'counts',
      evaluate: compile(feature.expr, environment).evaluate,
      dependsOn: feature.dependsOn.flatMap((name) => { const found = plan.indexByName.get(name); return found === undefined ? [] : [this.base + found]; }),
    }));
    this.options = { readMs: 0, currentRow: -1, currentValue: null, sinceMs: -Infinity, ttlMs: view.ttlMs, base: this.base };
  }

  /** `frame.vector` must be `into`; `frame.event` is the current event, or undefined. */
  read(state: KeyedState | undefined, at: { readonly readMs: number; readonly currentRow: number; readonly sinceMs: number }, into: FeatureVector, frame: ConditionFrame): void {
    const { options } = this;
    options.readMs = at.readMs;
    options.currentRow = at.currentRow;
    options.sinceMs = at.sinceMs;
    this.frame = frame;
    options.currentValue = frame.event !== undefined && frame.event.source === this.plan.view.source ? this.currentValue : null;
    const status = this.kernel.read(state, options, into);
    for (const expression of this.expressions) {
      if (status === statusCode.PRESENT) this.evaluate(expression, into, frame);
      else {
        setNull(into, expression);
        into.statuses[expression.slot] = status;
      }
    }
  }

  private evaluate(expression: ExpressionSlot, into: FeatureVector, frame: ConditionFrame): void {
    const value = expression.evaluate(frame);
    const { slot } = expression;
    let status: number = statusCode.PRESENT;
    for (const needed of expression.dependsOn) {
      const theirs = into.statuses[needed] as number;
      if (theirs === statusCode.WARMING || theirs === statusCode.APPROXIMATE) status = Math.min(status, theirs);
    }
    const known = value !== undefined && !(typeof value === 'number' && !Number.isFinite(value));
    if (!known) setNull(into, expression);
    else if (!expression.numeric) into.others[slot] = typeof value === 'object' ? (value as FeatureVector['others'][number]) : value;
    else into.numbers[slot] = typeof value === 'number' ? value + 0 : typeof value === 'boolean' ? Number(value) : NaN;
    into.statuses[slot] = !known && status === statusCode.PRESENT ? statusCode.NULL_VALUE : status;
  }
}

function setNull(into: FeatureVector, { slot, numeric }: ExpressionSlot): void {
  if (numeric) into.numbers[slot] = NaN;
  else into.others[slot] = undefined;
}

/** Vectors that share one block of memory: making a typed array of its own for each costs more than filling it. */
const vectorsPerBlock = 32;

/** Makes empty vectors of one layout. Each is owned by whoever gets it; the block is freed with the last of them. */
export class VectorMaker {
  private numbers = new Float64Array(0);
  private statuses = new Uint8Array(0);
  private used = 0;
  private readonly othersLength: number;

  constructor(private readonly layout: FeatureLayout) {
    this.othersLength = layout.types.findLastIndex((type) => !isNumericType(type)) + 1;
  }

  make(): FeatureVector {
    const size = this.layout.types.length;
    if (this.used + size > this.statuses.length) {
      this.numbers = new Float64Array(size * vectorsPerBlock);
      this.statuses = new Uint8Array(size * vectorsPerBlock);
      this.used = 0;
    }
    const from = this.used;
    this.used += size;
    const others = new Array<FeatureVector['others'][number]>(this.othersLength);
    for (let slot = 0; slot < this.othersLength; slot++) others[slot] = undefined;
    return { layout: this.layout, numbers: this.numbers.subarray(from, from + size), others, statuses: this.statuses.subarray(from, from + size) };
  }
}

/** An empty vector of a layout: nothing is found. */
export function newVector(layout: FeatureLayout): FeatureVector {
  const size = layout.types.length;
  return { layout, numbers: new Float64Array(size).fill(NaN), others: new Array<undefined>(size).fill(undefined), statuses: new Uint8Array(size).fill(statusCode.NOT_FOUND) };
}
