import type { SeededRandom } from '@weir/testkit';
import { testCardNumber } from './card-number';
import { cities, cityAt, latitudeAt, longitudeAt, mapSide, type City } from './geography';
import { TerminalGrid } from './nearby-terminals';
import { dayMs } from './options';

/** What a customer's transactions carry. */
export interface CustomerProfile {
  readonly customerId: string;
  readonly cardId: string;
  readonly email: string;
  readonly deviceId: string;
  readonly ip: string;
}

export interface TerminalProfile {
  readonly terminalId: string;
  readonly merchantId: string;
  readonly country: string;
  readonly city: string;
  readonly lat: number;
  readonly lon: number;
}

/** Share of customers that use the device and address of the customer before them: a household, no fraud. */
const sharedHomeShare = 0.06;
const terminalsPerMerchant = 3;

/**
 * Customers and terminals, fixed for the whole simulation. As in the generator of the fraud detection handbook (Le Borgne,
 * Siblini, Lebichot, Bontempi), a customer has a place, a mean amount (5 to 100), a rate (0 to 4 a day) and the terminals
 * within reach; here the reach (3 to 8) is the customer's own as well.
 */
export class World {
  readonly customers: readonly CustomerProfile[];
  readonly terminals: readonly TerminalProfile[];
  readonly perDay: Float64Array;
  readonly meanMinor: Float64Array;
  private readonly reachable: Int32Array;
  private readonly reachableFrom: Int32Array;

  constructor(size: { customers: number; terminals: number }, random: SeededRandom) {
    const x = places(size.terminals, random);
    const y = places(size.terminals, random);
    this.terminals = Array.from({ length: size.terminals }, (_, terminal) => terminalProfile(terminal, x[terminal] as number, y[terminal] as number));
    this.perDay = new Float64Array(size.customers);
    this.meanMinor = new Float64Array(size.customers);
    this.reachableFrom = new Int32Array(size.customers + 1);
    this.customers = customerProfiles(size.customers, random);
    const grid = new TerminalGrid(x, y);
    const reachable: number[] = [];
    for (let customer = 0; customer < size.customers; customer++) {
      this.perDay[customer] = random.between(0, 4);
      this.meanMinor[customer] = random.between(500, 10_000);
      for (const terminal of grid.near(random.between(0, mapSide), random.between(0, mapSide), random.between(3, 8), random)) reachable.push(terminal);
      this.reachableFrom[customer + 1] = reachable.length;
    }
    this.reachable = Int32Array.from(reachable);
  }

  /** One of the terminals a customer goes to, each as likely. */
  terminalOf(customer: number, random: SeededRandom): number {
    const from = this.reachableFrom[customer] as number;
    const count = (this.reachableFrom[customer + 1] as number) - from;
    return this.reachable[from + Math.floor(random.float() * count)] as number;
  }
}

/** When on a day, ms from its midnight: normal around `middleMs`, cut to the day. */
export function timeOfDayMs(middleMs: number, random: SeededRandom): number {
  for (;;) {
    const atMs = Math.floor(random.normal(middleMs, 20_000_000));
    if (atMs >= 0 && atMs < dayMs) return atMs;
  }
}

function places(count: number, random: SeededRandom): Float64Array {
  return Float64Array.from({ length: count }, () => random.between(0, mapSide));
}

function terminalProfile(terminal: number, x: number, y: number): TerminalProfile {
  const cityIndex = cityAt(x, y);
  const city = cities[cityIndex] as City;
  return {
    terminalId: `terminal-${numbered(terminal)}`, merchantId: `merchant-${numbered(Math.floor(terminal / terminalsPerMerchant))}`,
    country: city.country, city: city.name, lat: latitudeAt(y, cityIndex), lon: longitudeAt(x, cityIndex),
  };
}

function customerProfiles(count: number, random: SeededRandom): CustomerProfile[] {
  const profiles: CustomerProfile[] = [];
  for (let customer = 0; customer < count; customer++) {
    const before = random.chance(sharedHomeShare) ? profiles[customer - 1] : undefined;
    profiles.push({
      customerId: `customer-${numbered(customer)}`, cardId: testCardNumber(customer), email: `customer-${numbered(customer)}@example.com`,
      deviceId: before?.deviceId ?? `device-${numbered(customer)}`, ip: before?.ip ?? homeAddress(customer),
    });
  }
  return profiles;
}

/** An address of 100.64.0.0/10, which no host on the internet has. */
const homeAddress = (customer: number): string => `100.${64 + ((customer >> 16) & 63)}.${(customer >> 8) & 255}.${customer & 255}`;

const numbered = (index: number): string => String(index).padStart(6, '0');
