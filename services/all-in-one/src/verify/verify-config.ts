import { readConfig } from '@weir/platform';
import { z } from 'zod';

const schema = z.object({
  /** Share of one core that the check of served values may take, in a thread of low priority; 0: none. */
  WEIR_VERIFY_SHARE: z.coerce.number().min(0).max(1).default(0.02),
  /** Rest between two passes, ms. */
  WEIR_VERIFY_REST_MS: z.coerce.number().int().min(100).max(86_400_000).default(60_000),
});

/** How much of the process the check of served values may take, from the environment. @throws WeirError WEIR_USAGE. */
export function readVerifyOptions(env: Readonly<Record<string, string | undefined>>): { readonly share: number; readonly restMs: number } {
  const config = readConfig(schema, env);
  return Object.freeze({ share: config.WEIR_VERIFY_SHARE, restMs: config.WEIR_VERIFY_REST_MS });
}
