import type { SeededRandom } from '@weir/testkit';
import type { FraudOptions } from './options';

const terminalDays = 28;
const customerDays = 14;
const ringDays = 3;
/** Cards used from one thief's device. */
const ringSize = { min: 4, max: 8 };

export interface DeviceRing {
  readonly thief: number;
  readonly customers: readonly number[];
  readonly untilDay: number;
}

/** What is compromised, and until when. Moves from one day to the next; a function of seed and day. */
export class Campaigns {
  private readonly terminalUntilDay: Int32Array;
  private readonly customerUntilDay: Int32Array;
  private readonly thiefOfCustomer: Int32Array;
  private readonly begun = { terminals: 0, customers: 0, bursts: 0, rings: 0 };
  private thieves = 0;
  rings: DeviceRing[] = [];
  /** Bursts of card testing to make on the present day. */
  bursts = 0;

  constructor(private readonly size: { customers: number; terminals: number }, private readonly fraud: FraudOptions) {
    this.terminalUntilDay = new Int32Array(size.terminals);
    this.customerUntilDay = new Int32Array(size.customers);
    this.thiefOfCustomer = new Int32Array(size.customers);
  }

  startDay(day: number, random: SeededRandom): void {
    for (let due = this.due('terminals', day, this.fraud.terminalsPerDay * this.size.terminals); due > 0; due--) {
      this.terminalUntilDay[random.int(0, this.size.terminals - 1)] = day + terminalDays;
    }
    for (let due = this.due('customers', day, this.fraud.customersPerDay * this.size.customers); due > 0; due--) {
      const customer = random.int(0, this.size.customers - 1);
      this.customerUntilDay[customer] = day + customerDays;
      this.thiefOfCustomer[customer] = this.newThief();
    }
    this.rings = this.rings.filter((ring) => ring.untilDay > day);
    for (let due = this.due('rings', day, this.fraud.ringsPerDay * this.size.customers); due > 0; due--) this.rings.push(this.newRing(day, random));
    this.bursts = this.due('bursts', day, this.fraud.burstsPerDay * this.size.customers);
  }

  isTerminalCompromised(terminal: number, day: number): boolean {
    return (this.terminalUntilDay[terminal] as number) > day;
  }

  isCustomerCompromised(customer: number, day: number): boolean {
    return (this.customerUntilDay[customer] as number) > day;
  }

  thiefOf(customer: number): number {
    return this.thiefOfCustomer[customer] as number;
  }

  newThief(): number {
    return this.thieves++;
  }

  private newRing(day: number, random: SeededRandom): DeviceRing {
    const count = Math.min(this.size.customers, random.int(ringSize.min, ringSize.max));
    const customers = new Set<number>();
    while (customers.size < count) customers.add(random.int(0, this.size.customers - 1));
    return { thief: this.newThief(), customers: [...customers], untilDay: day + ringDays };
  }

  /** How many begin on this day, so that their number follows `1 + rate · days`; none at all when the rate is 0. */
  private due(kind: 'terminals' | 'customers' | 'bursts' | 'rings', day: number, perDay: number): number {
    if (perDay <= 0) return 0;
    const count = Math.floor(1 + perDay * day) - this.begun[kind];
    this.begun[kind] += count;
    return count;
  }
}
