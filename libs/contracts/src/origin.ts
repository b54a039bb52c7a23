/** The identity of a record all the way through Weir: its place in its lane. Offsets count from 0 without gaps. */
export interface Origin {
  readonly lane: number;
  readonly offset: number;
}

/** A decision's id: a function of the origin alone, so that a replay gives the same one. */
export const decisionId = (origin: Origin): string => `d-${origin.lane}-${origin.offset}`;

/** The origin in a decision's id; undefined when the text is no such id. */
export function originOfDecisionId(id: string): Origin | undefined {
  const match = /^d-(\d{1,5})-(\d{1,16})$/.exec(id);
  return match ? { lane: Number(match[1]), offset: Number(match[2]) } : undefined;
}
