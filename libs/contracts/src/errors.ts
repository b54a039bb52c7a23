/** Every stable code an error of Weir can carry; the last part of a problem's `type`. */
export const errorCodes = [
  'WEIR_DEFINITION_INVALID', 'WEIR_EXPRESSION_INVALID', 'WEIR_PATTERN_INVALID', 'WEIR_MODEL_INVALID', 'WEIR_INPUT_INVALID', 'WEIR_USAGE',
  'WEIR_LOG_FAILED', 'WEIR_STORE_FAILED', 'WEIR_HISTORY_FAILED', 'WEIR_MODEL_FAILED', 'WEIR_REGISTRY_FAILED', 'WEIR_LIMIT_REACHED', 'WEIR_FENCED', 'WEIR_NOT_FOUND', 'WEIR_CONFLICT',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** What is wrong at one place of the input. */
export interface Finding {
  /** `file:line` or a path in the document. */
  readonly where: string;
  readonly field: string;
  readonly expected: string;
  readonly got: string;
  /** Name of the definition at fault, where there is one. */
  readonly name?: string;
}

/** An error with a stable code; `findings` name each field at fault. */
export class WeirError extends Error {
  override readonly name: string = 'WeirError';
  constructor(readonly code: ErrorCode, message: string, readonly options: { readonly findings?: readonly Finding[]; readonly retriable?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }
  get findings(): readonly Finding[] { return this.options.findings ?? []; }
  get retriable(): boolean { return this.options.retriable ?? false; }
}
