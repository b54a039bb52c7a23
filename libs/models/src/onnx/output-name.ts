/** `name` or `name[column]`, as a model's definition writes its output. */
export interface ModelOutput {
  readonly tensor: string;
  readonly column: number | undefined;
}

/** undefined when the text is neither. */
export function parseModelOutput(text: string): ModelOutput | undefined {
  const match = /^([^[\]]+)(?:\[(\d{1,4})\])?$/.exec(text.trim());
  if (match?.[1] === undefined) return undefined;
  return { tensor: match[1], column: match[2] === undefined ? undefined : Number(match[2]) };
}
