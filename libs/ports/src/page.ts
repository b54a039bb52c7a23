/** One page of a list. `next` is the cursor of the following page, null at the end; a page may be short, or empty, and still have one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** Where to go on and how much to give at most. */
export interface PageRequest {
  readonly cursor?: string | undefined;
  /** 1 to `pageLimitMax`. */
  readonly limit: number;
}

export const pageLimitMax = 1_000;
