/** What a simulation is made of. Two runs with equal options give equal transactions. */
export interface SimulationOptions {
  readonly days: number;
  readonly customers: number;
  readonly terminals: number;
  readonly seed: number | string;
  /** Midnight (UTC) of the first day, ms; default 2026-01-01. */
  readonly startMs?: number;
  readonly fraud?: Partial<FraudOptions>;
  readonly drift?: DriftOptions;
}

/** How much fraud of which kind begins on a day. Rates are scaled to the size of the world; one of each begins on the first day. */
export interface FraudOptions {
  /** An amount above this is a fraud by itself; minor units. */
  readonly largeAmountMinor: number;
  /** New compromised terminals a day, for each terminal there is; they stay so for 28 days. */
  readonly terminalsPerDay: number;
  /** New compromised customers a day, for each customer there is; they stay so for 14 days. */
  readonly customersPerDay: number;
  /** Bursts of card testing a day, for each customer there is. */
  readonly burstsPerDay: number;
  /** New devices a day that several customers' cards are used from, for each customer there is; they are used for 3 days. */
  readonly ringsPerDay: number;
}

/** From `fromDay` on people spend otherwise, and so do thieves: what a model learned before it is out of date. */
export interface DriftOptions {
  /** First day of it, counted from 0. */
  readonly fromDay: number;
  /** What every ordinary amount is multiplied by; default 1.4. */
  readonly amountFactor?: number;
  /** Hours by which the day's middle moves; default 3. */
  readonly hourShift?: number;
  /** What a compromised customer's amounts are multiplied by, 5 before; default 2. */
  readonly compromisedFactor?: number;
}

/** Bounds of a simulation: what fits the arrays of one day and the memory of a small machine. */
const simulationLimits = Object.freeze({ daysMax: 3_650, customersMax: 2_000_000, terminalsMax: 2_000_000 });

export const defaultFraud: FraudOptions = Object.freeze({
  largeAmountMinor: 22_000, terminalsPerDay: 2 / 10_000, customersPerDay: 3 / 5_000, burstsPerDay: 2 / 5_000, ringsPerDay: 1 / 5_000,
});

export const dayMs = 86_400_000;

/** @throws RangeError naming the option that is out of bounds. */
export function checkOptions(options: SimulationOptions): void {
  checkCount('days', options.days, simulationLimits.daysMax);
  checkCount('customers', options.customers, simulationLimits.customersMax);
  checkCount('terminals', options.terminals, simulationLimits.terminalsMax);
}

function checkCount(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) throw new RangeError(`${name}: a whole number from 1 to ${max} expected, got ${value}`);
}
