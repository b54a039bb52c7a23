import { readConfig, wholeNumber } from '@weir/platform';
import { z } from 'zod';

const schema = z.object({
  /** How far behind the suite a back-test runs: 19, which leaves it a fiftieth of a processor that others want, to 0, beside it. */
  WEIR_BACKTEST_NICENESS: wholeNumber({ min: 0, max: 19 }).default(19),
});

/** @throws WeirError WEIR_USAGE. */
export const readNiceness = (env: Readonly<Record<string, string | undefined>>): number => readConfig(schema, env).WEIR_BACKTEST_NICENESS;
