import type { SeededRandom } from '@weir/testkit';
import type { Campaigns, DeviceRing } from './campaigns';
import type { DayColumns } from './day-columns';
import { dayMs, type FraudOptions } from './options';
import { fraudCode } from './transaction';
import { timeOfDayMs, type World } from './world';

/** How people and thieves behave on a day. */
export interface Habits {
  readonly amountFactor: number;
  readonly middleOfDayMs: number;
  readonly compromisedFactor: number;
}

const declinedShare = 0.015;
/** Share of a compromised customer's transactions that are the thief's. */
const thiefShare = 1 / 3;
/** Share of those made from the thief's device and at a terminal anywhere. */
const remoteShare = 0.4;

export interface DayInput {
  readonly day: number;
  readonly world: World;
  readonly campaigns: Campaigns;
  readonly habits: Habits;
  readonly fraud: FraudOptions;
  readonly random: SeededRandom;
}

/** Fills `columns` with the transactions of a day, in no order. */
export function simulateDay(input: DayInput, columns: DayColumns): void {
  const customers = input.world.customers.length;
  for (let customer = 0; customer < customers; customer++) addCustomer(input, customer, columns);
  for (let burst = 0; burst < input.campaigns.bursts; burst++) addBurst(input, columns);
  for (const ring of input.campaigns.rings) addRing(input, ring, columns);
}

function addCustomer(input: DayInput, customer: number, columns: DayColumns): void {
  const { world, random, habits } = input;
  for (let left = random.poisson(world.perDay[customer] as number); left > 0; left--) {
    const timeMs = timeOfDayMs(habits.middleOfDayMs, random);
    addOrdinary(input, { customer, timeMs, usualMinor: ordinaryAmount(world.meanMinor[customer] as number, random) }, columns);
  }
}

/** An ordinary transaction, unless its amount, its terminal or its customer make it a fraud; the last of these counts. */
function addOrdinary(input: DayInput, draft: { customer: number; timeMs: number; usualMinor: number }, columns: DayColumns): void {
  const { world, campaigns, random, habits, fraud, day } = input;
  const { customer, timeMs } = draft;
  let terminal = world.terminalOf(customer, random);
  let amountMinor = Math.max(1, Math.round(draft.usualMinor * habits.amountFactor));
  let kind: number = draft.usualMinor > fraud.largeAmountMinor ? fraudCode.large_amount : fraudCode.none;
  let thief = -1;
  if (campaigns.isTerminalCompromised(terminal, day)) kind = fraudCode.compromised_terminal;
  if (campaigns.isCustomerCompromised(customer, day) && random.chance(thiefShare)) {
    kind = fraudCode.compromised_customer;
    amountMinor = Math.round(amountMinor * habits.compromisedFactor);
    if (random.chance(remoteShare)) {
      thief = campaigns.thiefOf(customer);
      terminal = random.int(0, world.terminals.length - 1);
    }
  }
  columns.add({ timeMs, customer, terminal, amountMinor, kind, thief, declined: random.chance(declinedShare) });
}

/** Normal with half the mean as deviation; a negative one is drawn again, evenly up to twice the mean. */
function ordinaryAmount(meanMinor: number, random: SeededRandom): number {
  const amount = random.normal(meanMinor, meanMinor / 2);
  return Math.max(1, Math.round(amount > 0 ? amount : random.between(0, 2 * meanMinor)));
}

/**
 * Card testing: one device tries stolen cards with tiny amounts at one terminal within minutes, mostly declined. Half of
 * the bursts try one card again and again; a card that passed is then sometimes emptied at once.
 */
function addBurst({ world, campaigns, random }: DayInput, columns: DayColumns): void {
  const thief = campaigns.newThief();
  const terminal = random.int(0, world.terminals.length - 1);
  const tries = random.int(8, 30);
  const oneCard = random.chance(0.5);
  let customer = random.int(0, world.customers.length - 1);
  let timeMs = random.int(0, dayMs - 900_000);
  for (let attempt = 0; attempt < tries; attempt++) {
    if (!oneCard) customer = random.int(0, world.customers.length - 1);
    timeMs += random.int(2_000, 20_000);
    columns.add({ timeMs, customer, terminal, amountMinor: random.int(50, 500), kind: fraudCode.card_testing, thief, declined: random.chance(0.6) });
  }
  if (!random.chance(0.35)) return;
  timeMs += random.int(5_000, 60_000);
  columns.add({ timeMs, customer, terminal, amountMinor: random.int(1_000_100, 2_000_000), kind: fraudCode.card_testing, thief, declined: random.chance(0.2) });
}

/** The cards of several customers used from one device, one to three times a day each, for twice to four times the usual. */
function addRing({ world, random, habits }: DayInput, ring: DeviceRing, columns: DayColumns): void {
  for (const customer of ring.customers) {
    for (let left = random.int(1, 3); left > 0; left--) {
      const amountMinor = Math.round((world.meanMinor[customer] as number) * random.between(2, 4));
      columns.add({
        timeMs: timeOfDayMs(habits.middleOfDayMs, random), customer, terminal: random.int(0, world.terminals.length - 1),
        amountMinor, kind: fraudCode.shared_device, thief: ring.thief, declined: random.chance(0.1),
      });
    }
  }
}
