import { WeirError } from '@weir/contracts';
import { z } from 'zod';

/** A configuration, parsed once and frozen all the way down. */
export type Config<Schema extends z.ZodType> = Readonly<z.output<Schema>>;

/**
 * Parses the environment (or flags put in its form) once. Empty text counts as not set, as shells and compose files leave it.
 * @throws WeirError WEIR_USAGE naming every variable at fault; values are not repeated, for they may be secrets.
 */
export function readConfig<Schema extends z.ZodType>(schema: Schema, env: Readonly<Record<string, string | undefined>>): Config<Schema> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return deepFreeze(parsed.data);
  const findings = parsed.error.issues.map((issue) => {
    const field = issue.path.join('.');
    return { where: 'environment', field, expected: issue.message, got: given[field] === undefined ? 'nothing' : 'another value' };
  });
  throw new WeirError('WEIR_USAGE', `configuration: ${findings.map(({ field, expected }) => `${field}: ${expected}`).join('; ')}`, { findings });
}

/** A port to listen on; 0 takes a free one. */
export const portNumber = () => z.coerce.number().int().min(0).max(65_535);

/** A whole number with both bounds named, for sizes, counts and `...Ms`. */
export const wholeNumber = (bounds: { min: number; max: number }) => z.coerce.number().int().min(bounds.min).max(bounds.max);

/** `true`, `1`, `yes`, `on` and their opposites; anything else is refused rather than taken for false. */
export const flag = () => z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] });

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
