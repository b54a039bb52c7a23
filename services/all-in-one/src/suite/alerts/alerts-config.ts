import { flag, readConfig, wholeNumber } from '@weir/platform';
import { z } from 'zod';

const schema = z.object({
  /** Every alert goes to these addresses besides those that rules name; separated by spaces or commas. */
  WEIR_WEBHOOK_URLS: z.string().default('').transform((text) => text.split(/[\s,]+/).filter((url) => url !== '')),
  /** True: addresses of private networks, this machine among them, may be called. */
  WEIR_WEBHOOK_PRIVATE: flag().default(false),
  /** Further alerts of the same rule and entity within this time after one that was delivered are told together at its end; 0: each alone. */
  WEIR_WEBHOOK_FOLD_MS: wholeNumber({ min: 0, max: 86_400_000 }).default(60_000),
  /** Attempts before a delivery is given up; between two of them 1 s, then twice as long each time. */
  WEIR_WEBHOOK_ATTEMPTS_MAX: wholeNumber({ min: 1, max: 20 }).default(10),
  WEIR_WEBHOOK_TIMEOUT_MS: wholeNumber({ min: 100, max: 60_000 }).default(10_000),
});

export interface WebhookOptions {
  readonly urls: readonly string[];
  readonly allowPrivate: boolean;
  readonly foldMs: number;
  readonly attemptsMax: number;
  readonly timeoutMs: number;
}

/** How alerts leave the process, from the environment. @throws WeirError WEIR_USAGE. */
export function readWebhookOptions(env: Readonly<Record<string, string | undefined>>): WebhookOptions {
  const config = readConfig(schema, env);
  return Object.freeze({
    urls: config.WEIR_WEBHOOK_URLS, allowPrivate: config.WEIR_WEBHOOK_PRIVATE, foldMs: config.WEIR_WEBHOOK_FOLD_MS, attemptsMax: config.WEIR_WEBHOOK_ATTEMPTS_MAX, timeoutMs: config.WEIR_WEBHOOK_TIMEOUT_MS,
  });
}
