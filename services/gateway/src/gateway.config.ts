import { flag, portNumber, readConfig, wholeNumber, type Config } from '@weir/platform';
import { z } from 'zod';

const schema = z.object({
  GATEWAY_HOST: z.string().default('0.0.0.0'),
  GATEWAY_PORT: portNumber().default(8080),
  /** Port of gRPC, 0 for the next free one; where it is absent gRPC is not served. */
  GATEWAY_GRPC_PORT: portNumber().optional(),
  /** Folder of the built console; where it is empty or absent no console is served. */
  GATEWAY_CONSOLE_DIR: z.string().optional(),
  /** True behind a proxy: the caller's address is taken from X-Forwarded-For. */
  GATEWAY_TRUST_PROXY: flag().default(false),
  GATEWAY_BODY_BYTES_MAX: wholeNumber({ min: 1_024, max: 64 * mebi() }).default(mebi()),
  GATEWAY_BATCH_BYTES_MAX: wholeNumber({ min: 1_024, max: 512 * mebi() }).default(32 * mebi()),
  /** Requests being answered at once; above it 503. Each holds its body and its answer. */
  GATEWAY_IN_FLIGHT_MAX: wholeNumber({ min: 1, max: 100_000 }).default(2_048),
  /** Batches being answered at once; above it 503. Each may hold its whole body. */
  GATEWAY_BATCHES_IN_FLIGHT_MAX: wholeNumber({ min: 1, max: 1_000 }).default(16),
  /** Requests a second of one key, and how many may come at once. */
  GATEWAY_KEY_RATE_MAX: wholeNumber({ min: 1, max: 10_000_000 }).default(50_000),
  GATEWAY_KEY_BURST_MAX: wholeNumber({ min: 1, max: 10_000_000 }).default(50_000),
  /** Requests a second of one address without a valid key, and how many may come at once: slows guessing. */
  GATEWAY_STRANGER_RATE_MAX: wholeNumber({ min: 1, max: 10_000_000 }).default(50),
  GATEWAY_STRANGER_BURST_MAX: wholeNumber({ min: 1, max: 10_000_000 }).default(500),
  GATEWAY_STREAM_CLIENTS_MAX: wholeNumber({ min: 1, max: 10_000 }).default(64),
  /** How long a batch, a resend or a push waits for its decisions, ms. */
  GATEWAY_BATCH_DEADLINE_MS: wholeNumber({ min: 100, max: 600_000 }).default(30_000),
  /** When it ends: so long it goes on answering while callers are told to connect anew (elsewhere), ms. */
  GATEWAY_DRAIN_MS: wholeNumber({ min: 0, max: 60_000 }).default(0),
});

export interface GatewayOptions {
  readonly host: string; readonly port: number; /** undefined: no gRPC. */ readonly grpcPort: number | undefined; readonly consoleDir: string | undefined; readonly trustProxy: boolean;
  readonly bodyBytesMax: number; readonly batchBytesMax: number;
  readonly inFlightMax: number; readonly batchesInFlightMax: number;
  readonly keyRateMax: number; readonly keyBurstMax: number; readonly strangerRateMax: number; readonly strangerBurstMax: number;
  readonly streamClientsMax: number; readonly batchDeadlineMs: number; readonly drainMs: number;
}

/** The gateway's options from the environment; `readGatewayOptions({})` are the defaults. */
export function readGatewayOptions(env: Readonly<Record<string, string | undefined>>): GatewayOptions {
  const config: Config<typeof schema> = readConfig(schema, env);
  return Object.freeze({
    host: config.GATEWAY_HOST, port: config.GATEWAY_PORT, grpcPort: config.GATEWAY_GRPC_PORT, consoleDir: config.GATEWAY_CONSOLE_DIR, trustProxy: config.GATEWAY_TRUST_PROXY,
    bodyBytesMax: config.GATEWAY_BODY_BYTES_MAX, batchBytesMax: config.GATEWAY_BATCH_BYTES_MAX,
    inFlightMax: config.GATEWAY_IN_FLIGHT_MAX, batchesInFlightMax: config.GATEWAY_BATCHES_IN_FLIGHT_MAX,
    keyRateMax: config.GATEWAY_KEY_RATE_MAX, keyBurstMax: config.GATEWAY_KEY_BURST_MAX,
    strangerRateMax: config.GATEWAY_STRANGER_RATE_MAX, strangerBurstMax: config.GATEWAY_STRANGER_BURST_MAX,
    streamClientsMax: config.GATEWAY_STREAM_CLIENTS_MAX, batchDeadlineMs: config.GATEWAY_BATCH_DEADLINE_MS, drainMs: config.GATEWAY_DRAIN_MS,
  });
}

function mebi(): number { return 1_048_576; }
