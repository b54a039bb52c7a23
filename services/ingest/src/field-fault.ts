/** Why a value was refused. */
export interface FieldFault { readonly field: string | null; readonly expected: string; readonly got: string }

/** A refused value in a few words: its type and, of a number or a short text, itself. Not for fields that are tokenised. */
export function describeGot(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return value.length > 40 ? `text of ${value.length} characters` : `text ${JSON.stringify(value)}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `${typeof value} ${String(value)}`;
  return Array.isArray(value) ? 'a list' : 'an object';
}
