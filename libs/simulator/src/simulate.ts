import { SeededRandom } from '@weir/testkit';
import { Campaigns } from './campaigns';
import { simulateDay, type Habits } from './day';
import { DayColumns } from './day-columns';
import { currency } from './geography';
import { checkOptions, dayMs, defaultFraud, type SimulationOptions } from './options';
import { fraudKinds, type SimulatedTransaction } from './transaction';
import { World, type CustomerProfile, type TerminalProfile } from './world';

const defaultStartMs = Date.UTC(2026, 0, 1);

/**
 * Labelled card transactions in the order of their time; a function of the options alone. Memory is that of the customers,
 * the terminals and one day. The days of a shorter simulation are the first days of a longer one.
 * @throws RangeError for a size out of bounds.
 * @source Le Borgne, Siblini, Lebichot, Bontempi: Reproducible Machine Learning for Credit Card Fraud Detection, chapter 3.
 */
export function* simulate(options: SimulationOptions): Generator<SimulatedTransaction, void, undefined> {
  checkOptions(options);
  const random = new SeededRandom(options.seed);
  const world = new World(options, random.fork('world'));
  const fraud = { ...defaultFraud, ...options.fraud };
  const campaigns = new Campaigns(options, fraud);
  const columns = new DayColumns();
  const startMs = options.startMs ?? defaultStartMs;
  let number = 0;
  for (let day = 0; day < options.days; day++) {
    const ofDay = random.fork(`day ${day}`);
    columns.clear();
    campaigns.startDay(day, ofDay);
    simulateDay({ day, world, campaigns, fraud, habits: habitsOn(day, options), random: ofDay }, columns);
    for (const row of columns.order()) {
      yield transactionOf(columns, row, { id: `${options.seed}-${String(number++).padStart(9, '0')}`, midnightMs: startMs + day * dayMs, world });
    }
  }
}

function habitsOn(day: number, { drift }: SimulationOptions): Habits {
  const noon = dayMs / 2;
  if (drift === undefined || day < drift.fromDay) return { amountFactor: 1, middleOfDayMs: noon, compromisedFactor: 5 };
  return { amountFactor: drift.amountFactor ?? 1.4, middleOfDayMs: noon + (drift.hourShift ?? 3) * 3_600_000, compromisedFactor: drift.compromisedFactor ?? 2 };
}

function transactionOf(columns: DayColumns, row: number, place: { id: string; midnightMs: number; world: World }): SimulatedTransaction {
  const customer = place.world.customers[columns.customer[row] as number] as CustomerProfile;
  const terminal = place.world.terminals[columns.terminal[row] as number] as TerminalProfile;
  const thief = columns.thief[row] as number;
  const kind = columns.kind[row] as number;
  return {
    event: {
      transaction_id: place.id,
      event_time: place.midnightMs + (columns.timeMs[row] as number),
      card_id: customer.cardId,
      customer_id: customer.customerId,
      terminal_id: terminal.terminalId,
      merchant_id: terminal.merchantId,
      amount: columns.amountMinor[row] as number,
      currency,
      device_id: thief < 0 ? customer.deviceId : `device-x${thief}`,
      ip: thief < 0 ? customer.ip : thiefAddress(thief),
      email: customer.email,
      country: terminal.country,
      city: terminal.city,
      lat: terminal.lat,
      lon: terminal.lon,
      status: columns.declined[row] === 1 ? 'declined' : 'authorised',
    },
    fraud: kind === 0 ? 0 : 1,
    fraud_kind: fraudKinds[kind] ?? 'none',
  };
}

/** An address of 198.18.0.0/15, set apart for benchmarks. */
const thiefAddress = (thief: number): string => `198.${18 + ((thief >> 16) & 1)}.${(thief >> 8) & 255}.${thief & 255}`;
