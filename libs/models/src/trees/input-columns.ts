/** `nodes_modes`: how a node compares; the true child when `x (mode) value` holds. */
export const branchModes = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'] as const;
export type BranchMode = (typeof branchModes)[number];

/** A node's test as the file has it. */
export interface Branch {
  readonly feature: number;
  readonly mode: BranchMode;
  /** float32. */
  readonly value: number;
  /** Where NaN goes to the true child. */
  readonly missingIsTrue: boolean;
}

/** The same test as every node is evaluated: `columns[column] < threshold`. */
export interface LessTest {
  readonly column: number;
  readonly threshold: number;
  /** Whether the true child is the one taken when it is less. */
  readonly lessIsTrue: boolean;
}

/** float32 by definition of the standard; NaN compares false, so only `BRANCH_NEQ` holds for it. */
export function branchHolds({ mode, value, missingIsTrue }: Branch, x: number): boolean {
  if (Number.isNaN(x) && missingIsTrue) return true;
  switch (mode) {
    case 'BRANCH_LEQ': return x <= value;
    case 'BRANCH_LT': return x < value;
    case 'BRANCH_GTE': return x >= value;
    case 'BRANCH_GT': return x > value;
    case 'BRANCH_EQ': return x === value;
    case 'BRANCH_NEQ': return x !== value;
  }
}

/**
 * What the nodes of all trees compare. A row's inputs come first, rounded to float32; then copies of those inputs whose NaN
 * must count as less; then one column per test that is no plain comparison (equality, infinite threshold), −1 where it holds
 * and 1 where not. So every node of every mode is one `<`.
 */
export class InputColumns {
  private readonly lowColumnByFeature = new Map<number, number>();
  private readonly testColumnByKey = new Map<string, number>();
  private readonly lowFeatures: { column: number; feature: number }[] = [];
  private readonly tests: { column: number; branch: Branch }[] = [];
  count: number;

  constructor(private readonly inputs: number) {
    this.count = inputs;
  }

  /** The test of a node, its columns made where they are missing. */
  testFor(branch: Branch): LessTest {
    const { feature, mode, value, missingIsTrue } = branch;
    const plain = mode !== 'BRANCH_EQ' && mode !== 'BRANCH_NEQ' && Number.isFinite(value);
    if (!plain) return { column: this.testColumn(branch), threshold: 0, lessIsTrue: true };
    const lessIsTrue = mode === 'BRANCH_LT' || mode === 'BRANCH_LEQ';
    const threshold = mode === 'BRANCH_LEQ' || mode === 'BRANCH_GT' ? nextFloat32Above(value) : value;
    const missingIsLess = lessIsTrue === missingIsTrue;
    return { column: missingIsLess ? this.lowColumn(feature) : feature, threshold, lessIsTrue };
  }

  /** Writes the columns of a row; `into` holds at least `count` numbers. */
  expand(row: ArrayLike<number>, into: Float64Array): void {
    for (let feature = 0; feature < this.inputs; feature++) into[feature] = Math.fround(row[feature] as number);
    for (const { column, feature } of this.lowFeatures) {
      const x = into[feature] as number;
      into[column] = Number.isNaN(x) ? Number.NEGATIVE_INFINITY : x;
    }
    for (const { column, branch } of this.tests) into[column] = branchHolds(branch, into[branch.feature] as number) ? -1 : 1;
  }

  private lowColumn(feature: number): number {
    const known = this.lowColumnByFeature.get(feature);
    if (known !== undefined) return known;
    const column = this.count++;
    this.lowColumnByFeature.set(feature, column);
    this.lowFeatures.push({ column, feature });
    return column;
  }

  private testColumn(branch: Branch): number {
    const key = `${branch.feature} ${branch.mode} ${branch.value} ${branch.missingIsTrue}`;
    const known = this.testColumnByKey.get(key);
    if (known !== undefined) return known;
    const column = this.count++;
    this.testColumnByKey.set(key, column);
    this.tests.push({ column, branch });
    return column;
  }
}

const bits = new DataView(new ArrayBuffer(4));

/** The next float32 up: for a float32 x, `x ≤ value` and `x < nextFloat32Above(value)` are the same. */
function nextFloat32Above(value: number): number {
  if (value === 0) return 2 ** -149;
  bits.setFloat32(0, value);
  const pattern = bits.getInt32(0);
  bits.setInt32(0, value > 0 ? pattern + 1 : pattern - 1);
  return bits.getFloat32(0);
}
