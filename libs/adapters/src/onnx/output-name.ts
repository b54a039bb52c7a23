/** The number that is P(fraud): a tensor by name and, where it has several columns, which one. */
export interface OutputName {
  readonly tensor: string;
  /** undefined: the tensor has one column. */
  readonly column: number | undefined;
}

/** Reads `name` or `name[column]`; undefined when the text is neither. */
export function parseOutputName(text: string): OutputName | undefined {
  const match = /^([^[\]]+)(?:\[(\d{1,4})\])?$/.exec(text.trim());
  if (match?.[1] === undefined) return undefined;
  return { tensor: match[1], column: match[2] === undefined ? undefined : Number(match[2]) };
}
