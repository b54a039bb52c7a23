/**
 * Parses JSON without losing what a double cannot hold: a number beyond its range (1e400) or an integer beyond 2^53 stays as it is
 * written when the value is turned into text again, so that the schema check sees what came and refuses it.
 */
export function parseKeepingNumbers(text: string): unknown {
  const keep = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? value : rawJson(context.source);
  };
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown); // the third argument is not in the language's type library yet
}

/** `JSON.rawJSON` is in the runtime (Node 22 and later) and not yet in the type library. */
function rawJson(source: string): unknown {
  return 'rawJSON' in JSON && typeof JSON.rawJSON === 'function' ? JSON.rawJSON(source) : source;
}
