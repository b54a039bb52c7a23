import type { BaseOptions } from '@platformatic/kafka';
import { kafkaDefaults, type KafkaOptions } from '../kafka-common';

/** A request that may be tried again waits this long, ms; small transactions wait for the markers of the one before. */
const retryDelayMs = 5;
const slowRetryDelayMs = 250;
const quickRetries = 8;

/** What every client of the library is told. */
export function clientOptions(options: KafkaOptions): BaseOptions {
  const { sasl, tls } = options;
  return {
    clientId: options.clientId ?? kafkaDefaults.clientId,
    bootstrapBrokers: [...options.brokers],
    timeout: options.requestTimeoutMs ?? kafkaDefaults.requestTimeoutMs,
    connectTimeout: options.requestTimeoutMs ?? kafkaDefaults.requestTimeoutMs,
    retries: quickRetries + (options.retriesMax ?? kafkaDefaults.retriesMax),
    retryDelay: (_client, _operation, attempt) => (attempt < quickRetries ? retryDelayMs * 2 ** Math.min(attempt, 4) : slowRetryDelayMs),
    autocreateTopics: false,
    ...(tls === undefined ? {} : { tls: { ...tls } }),
    ...(sasl === undefined ? {} : { sasl: { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password } }),
  };
}

/** Names of the broker's errors anywhere in an error of the library. */
export function brokerErrors(error: unknown): readonly string[] {
  if (typeof error !== 'object' || error === null) return [];
  const own = 'apiId' in error && typeof error.apiId === 'string' ? [error.apiId] : [];
  const inner = 'errors' in error && Array.isArray(error.errors) ? error.errors.flatMap((each: unknown) => brokerErrors(each)) : [];
  return [...own, ...inner, ...('cause' in error ? brokerErrors(error.cause) : [])];
}
