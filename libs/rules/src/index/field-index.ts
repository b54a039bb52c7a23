import type { CelValue, Expression } from '@weir/expressions';
import { isFalse, isNumeric, isTrue, isUnknown, type Predicate, type Truth } from './predicate';

export interface PlacedPredicate<Frame> { readonly clause: number; readonly predicate: Predicate<Frame> }

/** Words of bits one field's table may take before it keeps only every n-th row and the changes between: 512 KB. */
export const tableWordsMax = 131_072;

/**
 * For one field, which clauses its value leaves open. The field's literals cut its values into cells (for numbers the points and the gaps between them,
 * else each literal and "any other"); per cell there is one row of bits, a bit a clause. A row holds only the words in which the field has a predicate.
 * Where all rows would be too large, every `stride`-th is kept, and `flips` lead from it to the wanted one.
 */
export class FieldIndex<Frame> {
  private readonly words: Uint32Array;
  private readonly cuts: Float64Array;
  private readonly cellByLiteral = new Map<CelValue, number>();
  private readonly rows: Uint32Array;
  private readonly stride: number;
  private readonly flipStarts: Uint32Array;
  private readonly flips: Uint32Array;
  private readonly scratch: Uint32Array;
  private readonly missingOpen: Uint32Array;
  private readonly missingUnknown: Uint32Array;
  private readonly numeric: boolean;

  constructor(readonly path: Expression<Frame>, placed: readonly PlacedPredicate<Frame>[], wordsMax = tableWordsMax) {
    const byClause = conjunctions(placed);
    this.numeric = isNumeric(path.type);
    const literals = [...new Set(placed.flatMap(({ predicate }) => predicate.literals))];
    this.cuts = this.numeric ? Float64Array.from(literals as number[], (cut) => cut + 0).sort() : new Float64Array();
    if (!this.numeric) literals.forEach((literal, i) => this.cellByLiteral.set(literal, i + 1));
    this.words = Uint32Array.from(new Set([...byClause.keys()].map((clause) => clause >>> 5))).sort();
    const width = this.words.length, cells = this.numeric ? 2 * this.cuts.length + 1 : literals.length + 1;
    const localByWord = new Map([...this.words].map((word, local) => [word, local]));
    const bitOf = (clause: number): number => (localByWord.get(clause >>> 5) ?? 0) * 32 + (clause & 31);

    const first = new Uint32Array(width).fill(0xffff_ffff);
    this.missingOpen = first.slice();
    this.missingUnknown = new Uint32Array(width);
    const flipsByCell: number[][] = Array.from({ length: cells }, () => []);
    for (const [clause, test] of byClause) {
      const bit = bitOf(clause);
      const missing = test.test(undefined);
      if (missing === isFalse) clearBit(this.missingOpen, bit);
      if (missing === isUnknown) setBit(this.missingUnknown, bit);
      if (this.numeric) this.placeNumeric(test, bit, first, flipsByCell);
      else this.placeDiscrete(test, bit, first, flipsByCell);
    }
    this.stride = this.numeric ? Math.max(1, Math.ceil((cells * width) / wordsMax)) : cells * width > wordsMax ? cells : 1;
    this.rows = this.buildRows(first, flipsByCell);
    this.flipStarts = new Uint32Array(cells + 1);
    flipsByCell.forEach((flips, cell) => { this.flipStarts[cell + 1] = (this.flipStarts[cell] as number) + flips.length; });
    this.flips = Uint32Array.from(flipsByCell.flat());
    this.scratch = new Uint32Array(width);
  }

  /** Closes in `open` the clauses that the frame's value makes false, and marks in `unknown` those it leaves unknown. */
  apply(frame: Frame, open: Uint32Array, unknown: Uint32Array): void {
    const value = this.path.evaluate(frame);
    const { words } = this;
    const width = words.length;
    if (value === undefined) {
      for (let i = 0; i < width; i++) {
        const word = words[i] as number;
        open[word] = (open[word] as number) & (this.missingOpen[i] as number);
        unknown[word] = (unknown[word] as number) | (this.missingUnknown[i] as number);
      }
      return;
    }
    const cell = this.numeric ? this.cellOfNumber(value as number) : this.cellByLiteral.get(value) ?? 0;
    if (this.stride === 1) {
      for (let i = 0, at = cell * width; i < width; i++, at++) open[words[i] as number] = (open[words[i] as number] as number) & (this.rows[at] as number);
      return;
    }
    this.loadRow(cell);
    for (let i = 0; i < width; i++) open[words[i] as number] = (open[words[i] as number] as number) & (this.scratch[i] as number);
  }

  private loadRow(cell: number): void {
    const { scratch, flips } = this;
    const width = scratch.length, kept = Math.floor(cell / this.stride);
    for (let i = 0, at = kept * width; i < width; i++, at++) scratch[i] = this.rows[at] as number;
    const from = this.numeric ? kept * this.stride + 1 : cell;
    for (let at = this.flipStarts[from] as number, end = this.flipStarts[cell + 1] as number; at < end; at++) {
      const bit = flips[at] as number;
      scratch[bit >>> 5] = (scratch[bit >>> 5] as number) ^ (1 << (bit & 31));
    }
  }

  /** 2·i + 1 on the i-th cut, else twice the number of cuts below. */
  private cellOfNumber(value: number): number {
    const { cuts } = this;
    let low = 0, high = cuts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cuts[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low < cuts.length && cuts[low] === value ? 2 * low + 1 : 2 * low;
  }

  /** Bit of the first cell, and a flip wherever the answer changes from one cell to the next. Only the clause's own cuts can change it. */
  private placeNumeric(predicate: Conjunction, bit: number, first: Uint32Array, flipsByCell: number[][]): void {
    const own = [...new Set(predicate.literals as number[])].sort((a, b) => a - b);
    let current = predicate.test(-Infinity) === isTrue;
    if (!current) clearBit(first, bit);
    own.forEach((cut, i) => {
      const cell = this.cellOfNumber(cut), next = own[i + 1] ?? Infinity;
      const between = next === Infinity ? Infinity : cut + (next - cut) / 2;
      for (const [at, value] of [[cell, cut], [cell + 1, between]] as const) {
        if (at === cell + 1 && (value === cut || (value === next && next !== Infinity))) continue; // neighbours: nothing lies between
        const truth = predicate.test(value) === isTrue;
        if (truth === current) continue;
        flipsByCell[at]?.push(bit);
        current = truth;
      }
    });
  }

  /** Cell 0 is "any other value"; each literal's flips lead from there. */
  private placeDiscrete(predicate: Conjunction, bit: number, first: Uint32Array, flipsByCell: number[][]): void {
    const other = predicate.test(noLiteral) === isTrue;
    if (!other) clearBit(first, bit);
    if (predicate.literals.length === 0) return;
    for (const literal of new Set(predicate.literals)) {
      if ((predicate.test(literal) === isTrue) !== other) flipsByCell[this.cellByLiteral.get(literal) ?? 0]?.push(bit);
    }
  }

  private buildRows(first: Uint32Array, flipsByCell: readonly (readonly number[])[]): Uint32Array {
    const width = first.length, kept = Math.floor((flipsByCell.length - 1) / this.stride) + 1;
    const rows = new Uint32Array(kept * width);
    const running = first.slice();
    flipsByCell.forEach((flips, cell) => {
      if (!this.numeric) running.set(first);
      for (const bit of flips) running[bit >>> 5] = (running[bit >>> 5] as number) ^ (1 << (bit & 31));
      if (cell % this.stride === 0) rows.set(running, (cell / this.stride) * width);
    });
    return rows;
  }
}

/** No value of an event is this object, so it stands for every value that no predicate names. */
const noLiteral = Object.freeze({});

interface Conjunction { readonly literals: readonly (number | string | boolean)[]; readonly test: (value: CelValue) => Truth }

/** All predicates of a clause on this field, as one. */
function conjunctions<Frame>(placed: readonly PlacedPredicate<Frame>[]): Map<number, Conjunction> {
  const byClause = new Map<number, Conjunction>();
  for (const { clause, predicate } of placed) {
    const before = byClause.get(clause);
    byClause.set(clause, before ? { literals: [...before.literals, ...predicate.literals], test: (value) => both(before.test(value), predicate.test(value)) } : predicate);
  }
  return byClause;
}

const both = (a: Truth, b: Truth): Truth => (a === isFalse || b === isFalse ? isFalse : a === isUnknown || b === isUnknown ? isUnknown : isTrue);
const setBit = (bits: Uint32Array, bit: number): void => { bits[bit >>> 5] = (bits[bit >>> 5] as number) | (1 << (bit & 31)); };
const clearBit = (bits: Uint32Array, bit: number): void => { bits[bit >>> 5] = (bits[bit >>> 5] as number) & ~(1 << (bit & 31)); };
