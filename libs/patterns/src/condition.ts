/** The events a partial match has taken, as a condition sees them. Valid during the call only. */
export interface TakenView<E> {
  /** Events the step holds in this partial match, in the order taken; empty when it took nothing. */
  eventsOf(step: string): readonly E[];
}

/** What an index may know about a condition: it can only hold for an event whose `field` is in the range or among the values. */
export type Selector =
  | { readonly kind: 'range'; readonly field: string; /** Inclusive unless `aboveOpen`. */ readonly from: number; readonly to: number; readonly fromOpen: boolean; readonly toOpen: boolean }
  | { readonly kind: 'values'; readonly field: string; readonly values: readonly (string | number)[] };

/** A compiled condition. Unknown is not true, so the answer is a plain boolean. */
export interface StepCondition<E> {
  /** Two conditions with the same key always give the same answer for the same event and partial match. */
  readonly key: string;
  /** True when it reads the events taken so far; otherwise it is a function of the event alone and is evaluated once per event. */
  readonly iterative: boolean;
  /**
   * It reads more than the event and the events taken, so it can be asked only while its event is in hand; asked later it answers false.
   */
  readonly immediate?: boolean | undefined;
  readonly holds: (event: E, taken: TakenView<E>) => boolean;
  /** Necessary for the condition to hold; absent when nothing is known. */
  readonly selector?: Selector | undefined;
}

/** The condition of a step without `where`: any event fits, except one that comes too late. */
export const anyEvent = <E>(): StepCondition<E> => ({ key: 'true', iterative: false, holds: () => true });
