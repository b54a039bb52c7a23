/**
 * The types every user of expressions shares. A value inside an expression is a JavaScript string, number, boolean, a list or a map;
 * `undefined` is both "missing" and "unknown" (null never appears): one representation for the third truth value.
 */
export type CelType =
  | { readonly kind: 'int' | 'double' | 'bool' | 'string' | 'timestamp' | 'duration' | 'null' | 'dyn' }
  | { readonly kind: 'list'; readonly of: CelType }
  | { readonly kind: 'map'; readonly of: CelType };

/** A timestamp and a duration are numbers of ms; their static type tells them from other numbers. */
export type CelValue = string | number | boolean | readonly unknown[] | Readonly<Record<string, unknown>> | undefined;

/** What a name or a path of names (`tx.amount`, `features.card_velocity.tx_count_1h`) means in an environment. */
export interface Binding<Frame> {
  readonly type: CelType;
  /** Must be total: a missing value is `undefined`, never null, never NaN. */
  readonly read: (frame: Frame) => CelValue;
}

/** Names an expression may use. `resolve` gets the longest chain of plain selections, e.g. ['tx', 'amount']. */
export interface Environment<Frame> {
  /** A binding; or a text saying what is known instead, e.g. "fields of transactions: amount, card_id". */
  readonly resolve: (path: readonly string[]) => Binding<Frame> | string;
  /** Tests `x in lists.NAME`: membership is asked of the list with the value, never with a missing one. Absent where lists are not in scope. */
  readonly membership?: (path: readonly string[]) => { readonly test: (frame: Frame, value: CelValue) => boolean | undefined } | undefined;
  /** Extra functions by name (e.g. `ratio`, `trend`, `zscore`, `count(step)` in patterns). */
  readonly functions?: ReadonlyMap<string, ExtraFunction<Frame>>;
}

export interface ExtraFunction<Frame> {
  /** Types the call or gives a text with what was expected. Argument nodes are compiled first. */
  readonly type: (argumentTypes: readonly CelType[]) => CelType | string;
  /** A missing argument is `undefined`. `values` is one array for all calls: read it, never keep it. null, NaN and ±Infinity out become unknown. */
  readonly call: (frame: Frame, values: readonly CelValue[]) => CelValue;
}

/** A compiled expression: a closure over its environment, no parse and no look-up at run time. */
export interface Compiled<Frame> {
  readonly source: string;
  readonly type: CelType;
  readonly evaluate: (frame: Frame) => CelValue;
  /** Paths it reads, joined by `.`, sorted, unique. For lineage, projection and dependencies. */
  readonly reads: readonly string[];
  /** The typed tree, for indexes over predicates and for explanations. */
  readonly tree: Expression<Frame>;
}

/** The typed tree. Every node can be evaluated alone, so an explanation can say what each comparison saw. */
export type Expression<Frame> = { readonly type: CelType; readonly evaluate: (frame: Frame) => CelValue; /** Position in the source, from 0. */ readonly at: number; /** Source text of the node as CEL. */ readonly text: string } & (
  | { readonly node: 'literal'; readonly value: CelValue }
  | { readonly node: 'path'; readonly path: readonly string[] }
  | { readonly node: 'and' | 'or'; readonly operands: readonly Expression<Frame>[] }
  | { readonly node: 'not'; readonly operand: Expression<Frame> }
  /** `has(x)` is a `!=` whose right side is the literal null (type kind `null`). */
  | { readonly node: 'compare'; readonly op: '==' | '!=' | '<' | '<=' | '>' | '>='; readonly left: Expression<Frame>; readonly right: Expression<Frame> }
  /** A list of constants is a literal whose value is the array; `list` is NAME of `lists.NAME`. */
  | { readonly node: 'in'; readonly left: Expression<Frame>; readonly right: Expression<Frame> | { readonly list: string } }
  | { readonly node: 'conditional'; readonly operands: readonly Expression<Frame>[] }
  | { readonly node: 'call'; readonly name: string; readonly operands: readonly Expression<Frame>[] }
  | { readonly node: 'list' | 'map'; readonly operands: readonly Expression<Frame>[] }
);
