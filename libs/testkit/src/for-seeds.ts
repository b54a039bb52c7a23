import { SeededRandom } from './seeded-random';

/** The only seed to run, from `WEIR_SEED`; undefined runs the usual ones. */
export function seedFromEnvironment(environment: NodeJS.ProcessEnv = process.env): number | string | undefined {
  const text = environment['WEIR_SEED'];
  if (text === undefined || text === '') return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}

/**
 * Runs `body` with `count` seeds (1, 2, …), or with `WEIR_SEED` alone. What `body` throws is thrown on with the seed in
 * front, so that a failure can be run again.
 */
export function forSeeds(count: number, body: (random: SeededRandom, seed: number | string) => void): void {
  for (const seed of seedsToRun(count)) {
    try {
      body(new SeededRandom(seed), seed);
    } catch (error) {
      throw withSeed(error, seed);
    }
  }
}

/** `forSeeds` for a body that waits; one seed after the other. */
export async function forSeedsAsync(count: number, body: (random: SeededRandom, seed: number | string) => Promise<void>): Promise<void> {
  for (const seed of seedsToRun(count)) {
    try {
      await body(new SeededRandom(seed), seed);
    } catch (error) {
      throw withSeed(error, seed);
    }
  }
}

function seedsToRun(count: number): readonly (number | string)[] {
  const only = seedFromEnvironment();
  return only === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [only];
}

function withSeed(error: unknown, seed: number | string): unknown {
  const hint = `WEIR_SEED=${seed}`;
  if (!(error instanceof Error)) return new Error(`${hint}: ${String(error)}`, { cause: error });
  error.message = `${hint}: ${error.message}`;
  if (error.stack !== undefined) error.stack = `${hint}\n${error.stack}`;
  return error;
}
