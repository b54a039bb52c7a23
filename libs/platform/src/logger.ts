import { pino, type DestinationStream, type Logger } from 'pino';
import { redactLine, secretFields } from './redaction';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** Short name of the service: `ingest`, `gateway`. */
  readonly service: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Default: standard error, for standard output belongs to results. */
  readonly destination?: DestinationStream;
}

/**
 * JSON lines: `level`, `time` (ISO 8601), `service`, `msg` and the fields given. Write one line per batch, never one per event, and
 * no values of a transaction: names, counts, offsets, milliseconds.
 */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[redacted]' },
      hooks: { streamWrite: redactLine },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  );
}
