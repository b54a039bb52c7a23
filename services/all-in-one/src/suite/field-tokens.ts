import type { DefinitionSet } from '@weir/definitions';
import type { Tokeniser } from '@weir/pipeline';

/** A field's value as the lanes know it: its token where any source declares the field `tokenise`, else as it is. */
export function tokenOfField(set: DefinitionSet, tokeniser: Tokeniser, { field, value }: { readonly field: string; readonly value: string }): string {
  for (const source of set.sources.values()) if (source.fields.some((each) => each.name === field && each.tokenise)) return tokeniser.token(value);
  return value;
}
