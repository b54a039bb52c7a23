import { toJson } from './canonical-document';
import type { Json } from './canonical-document';
import { formatDuration } from './duration';

/** A step in the form it was written in, its durations in their shortest form: `60s` and `1m` are one meaning. */
export function writtenStep(step: unknown): Json {
  const json = toJson(step);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const written: Record<string, Json | undefined> = {};
  for (const [key, value] of Object.entries(json)) {
    if ((key === 'within' || key === 'times_within') && typeof value === 'number') written[key] = formatDuration(value);
    else if (key === 'group' && typeof value === 'object' && value !== null && 'steps' in value && Array.isArray(value['steps'])) written[key] = { steps: value['steps'].map(writtenStep) };
    else written[key] = value;
  }
  return written;
}
